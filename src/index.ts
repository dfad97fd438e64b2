/** The public API: a live trace as an async iterable, the decision types, and the reasons as data. */
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
export type { Accounts, EndEvent, LostEvent, StartEvent, StreamEvent } from './stream/events.js';
export { type LiveOptions, LiveStream } from './stream/live.js';
export { LineView } from './view/line.js';
