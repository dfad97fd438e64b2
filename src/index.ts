/** The public API: a live trace or a recording as an async iterable, the decision types, and the reasons as data. */

export type { Change } from './decision/changes.js';
export { type DecisionFilter, noFilter } from './decision/filter.js';
export { type Fold, Folder } from './decision/fold.js';
export { type Reason, reason, reasons } from './decision/reasons.js';
export type {
  Action,
  Decision,
  DecisionStep,
  Evidence,
  Outcome,
  Purpose,
  Verdict,
} from './decision/types.js';
export { ArpwhyError, type ErrorCode } from './errors.js';
export type {
  CloseEvent,
  NamesEvent,
  RecordedEvent,
  RecordingHead,
  SnapshotEvent,
} from './recording/events-from-json.js';
export { type OpenOptions, OpenRecording, openRecording } from './recording/open.js';
export type {
  Accounts,
  ChangeEvent,
  EndEvent,
  LostEvent,
  Missed,
  StartEvent,
  StreamEvent,
} from './stream/events.js';
export { type LiveOptions, LiveStream } from './stream/live.js';
export { LineView } from './view/line.js';
