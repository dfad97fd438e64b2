import { causeKinds } from '../decision/change-seen.js';
import type { Change } from '../decision/changes.js';
import type { NeighbourEventTold } from '../decision/neighbour/types.js';
import type { Decision, Snapshot } from '../decision/types.js';
import type { ChangeEvent, EndEvent, LostEvent, StartEvent } from '../stream/events.js';
import { neighbourFrom } from './neighbour-from-json.js';
import { Shape, ShapeError } from './shape.js';
import { snapshotFromJson } from './snapshot-json.js';

/** What a recording bears beside the events of the stream. */
export interface RecordingHead {
  schema: 'arpwhy.recording/1';
  format: string;
  version: string;
  host: string;
  trace: string;
  segment: number;
  time: string;
  recordVersion: number;
  command: string;
}

export interface SnapshotEvent {
  schema: 'arpwhy.snapshot/1';
  id: string;
  host: string;
  time: string;
  monotonicNs: string;
  netns: { inode: number; name: string | null };
  snapshot: Snapshot;
}

export interface NamesEvent {
  schema: 'arpwhy.names/1';
  id: string;
  host: string;
  netns: { inode: number; name: string | null };
  tables: Map<number, string>;
  protocols: Map<number, string>;
}

export interface CloseEvent {
  schema: 'arpwhy.close/1';
  host: string;
  trace: string;
  segment: number;
  time: string;
  why: string;
  decisions: number;
}

export type RecordedEvent =
  | RecordingHead
  | StartEvent
  | Decision
  | NeighbourEventTold
  | ChangeEvent
  | SnapshotEvent
  | NamesEvent
  | LostEvent
  | EndEvent
  | CloseEvent;

/**
 * The event that a recorded text is; null for a kind that this version does not know, which readers pass over.
 * The fields that this program uses are checked, the others are left as they are.
 * @throws {ShapeError} when it is not what its kind should be
 */
export function eventFrom(value: unknown): RecordedEvent | null {
  const json = Shape.object(value);
  switch (json.get('schema')) {
    case 'arpwhy.decision/1':
      return decisionFrom(value, json);
    case 'arpwhy.recording/1':
      for (const name of ['format', 'version', 'host', 'trace', 'time', 'command']) json.text(name);
      json.number('segment');
      json.number('recordVersion');
      return value as RecordingHead;
    case 'arpwhy.start/1':
      return startFrom(value, json);
    case 'arpwhy.snapshot/1':
      return {
        schema: 'arpwhy.snapshot/1',
        id: json.text('id'),
        host: json.text('host'),
        time: timeOf(json),
        monotonicNs: String(json.big('monotonicNs')),
        netns: netnsFrom(json),
        snapshot: snapshotFromJson(value),
      };
    case 'arpwhy.names/1':
      return {
        schema: 'arpwhy.names/1',
        id: json.text('id'),
        host: json.text('host'),
        netns: netnsFrom(json),
        tables: namesFrom(json.object('tables')),
        protocols: namesFrom(json.object('protocols')),
      };
    case 'arpwhy.learning/1':
    case 'arpwhy.solicitation/1':
    case 'arpwhy.neighbour/1':
      timeOf(json);
      return neighbourFrom(value, json, isStep);
    case 'arpwhy.change/1':
      return changeFrom(value, json);
    case 'arpwhy.lost/1':
      json.text('host');
      json.number('count');
      json.big('fromNs');
      json.big('toNs');
      return value as LostEvent;
    case 'arpwhy.end/1':
      return endFrom(value, json);
    case 'arpwhy.close/1':
      for (const name of ['host', 'trace', 'time', 'why']) json.text(name);
      json.number('segment');
      json.number('decisions');
      return value as CloseEvent;
    default:
      return null;
  }
}

function startFrom(value: unknown, json: Shape): StartEvent {
  for (const name of ['version', 'host', 'hostname', 'bootId', 'kernel', 'tier']) json.text(name);
  timeOf(json);
  json.big('monotonicNs');
  json.big('clockOffsetNs');
  const hooks = json.object('hooks');
  hooks.texts('attached');
  for (const hook of hooks.list('missing')) for (const name of ['name', 'why', 'cost']) hook.text(name);
  return value as StartEvent;
}

function endFrom(value: unknown, json: Shape): EndEvent {
  json.text('host');
  json.text('why');
  timeOf(json);
  json.big('monotonicNs');
  json.number('durationNs');
  const accounts = json.object('accounts');
  for (const name of ['seen', 'delivered', 'folded', 'filtered', 'pending', 'abandoned', 'lost']) {
    accounts.number(name);
  }
  return { ...(value as EndEvent), changesLost: json.has('changesLost') ? json.number('changesLost') : 0 };
}

const objects = ['link', 'address', 'rule', 'route', 'proxy-neighbour', 'setting'] as const;

function changeFrom(value: unknown, json: Shape): ChangeEvent {
  for (const name of ['id', 'host']) json.text(name);
  timeOf(json);
  json.big('monotonicNs');
  json.big('fromNs');
  json.number('more');
  netnsFrom(json);
  const changes: Change[] = json.list('changes').map((one) => ({
    object: one.oneOf('object', objects),
    change: one.oneOf('change', ['added', 'removed', 'changed'] as const),
    text: one.text('text'),
    was: one.textOrNull('was'),
    device: deviceFrom(one.objectOrNull('device')),
    table: tableFrom(one.objectOrNull('table')),
  }));
  // of recordings before hooks saw changes
  const { evidence = 'inferred', cause = null, process = null, kernelThread = null } = value as ChangeEvent;
  const { flushed = [], lost = 0 } = value as ChangeEvent;
  const seen = { evidence, cause, process, kernelThread, changes, flushed, lost };
  if (json.has('flushed')) checkSeen(json);
  return { ...(value as ChangeEvent), ...seen };
}

/** What hooks saw of a change. */
function checkSeen(json: Shape): void {
  json.oneOf('evidence', ['observed', 'inferred'] as const);
  const cause = json.objectOrNull('cause');
  cause?.oneOf('kind', causeKinds);
  deviceFrom(cause?.objectOrNull('device') ?? null);
  const process = json.objectOrNull('process');
  for (const one of [process, process?.objectOrNull('parent')]) {
    one?.number('pid');
    one?.text('name');
  }
  json.textOrNull('kernelThread');
  for (const flush of json.list('flushed')) {
    flush.number('routes');
    tableFrom(flush.object('table'));
  }
  json.number('lost');
}

function deviceFrom(json: Shape | null): { index: number; name: string | null } | null {
  return json && { index: json.number('index'), name: json.textOrNull('name') };
}

function tableFrom(json: Shape | null): { id: number; name: string | null } | null {
  return json && { id: json.number('id'), name: json.textOrNull('name') };
}

function netnsFrom(json: Shape): { inode: number; name: string | null } {
  const netns = json.object('netns');
  return { inode: netns.number('inode'), name: netns.textOrNull('name') };
}

function namesFrom(json: Shape): Map<number, string> {
  return new Map(json.entries().map(([number, name]) => [Number(number), name]));
}

/** RFC 3339 in UTC; anything else could not be shown. */
function timeOf(json: Shape): string {
  const time = json.text('time');
  if (!isTime(time)) throw new ShapeError('time is no time');
  return time;
}

export function isTime(text: string): boolean {
  return timePattern.test(text);
}

export const timePattern =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{9}Z$/;

/** Called for every decision that is read: plain tests, no objects made. */
function decisionFrom(value: unknown, json: Shape): Decision {
  const decision = value as Decision;
  timeOf(json);
  const { netns, device, request, verdict, reply } = decision;
  const sound =
    isText(decision.id) &&
    isText(decision.host) &&
    /^\d{1,20}$/.test(decision.monotonicNs) &&
    isText(decision.tier) &&
    typeof netns.inode === 'number' &&
    isTextOrNull(netns.name) &&
    isNamed(device) &&
    isRequest(request) &&
    isText(verdict.action) &&
    isText(verdict.reason) &&
    isTextOrNull(verdict.detail) &&
    (verdict.candidates === null || isTexts(verdict.candidates)) &&
    (verdict.deferredNs === null || typeof verdict.deferredNs === 'number') &&
    (reply === null ||
      (isText(reply.mac) && (reply.latencyNs === null || typeof reply.latencyNs === 'number'))) &&
    Array.isArray(decision.steps) &&
    decision.steps.every(isStep) &&
    isBecause(decision.because, decision.steps) &&
    isSettings(decision.settings) &&
    Array.isArray(decision.neighbours) &&
    typeof decision.cut === 'number' &&
    isTexts(decision.unknown);
  if (!sound) throw new ShapeError('a field is missing, or of another kind');
  return decision;
}

export function isRequest({ sender, target, destination, cast }: Decision['request']): boolean {
  return (
    isTextOrNull(sender.ip) &&
    isTextOrNull(sender.mac) &&
    isTextOrNull(target.ip) &&
    isTextOrNull(destination) &&
    isText(cast)
  );
}

function isStep(step: Decision['steps'][number]): boolean {
  const { rule, table, route } = step;
  return (
    isText(step.purpose) &&
    isText(step.outcome) &&
    typeof step.evidence === 'object' &&
    step.evidence !== null &&
    (rule === null || (typeof rule.priority === 'number' && isTextOrNull(rule.selector))) &&
    (table === null || isTable(table)) &&
    (route === null ||
      (isTextOrNull(route.type) &&
        isTextOrNull(route.prefix) &&
        isTextOrNull(route.gateway) &&
        isTextOrNull(route.protocol) &&
        (route.metric === null || typeof route.metric === 'number') &&
        (route.device === null || isNamed(route.device)) &&
        (route.table === undefined || isTable(route.table))))
  );
}

/** Whether the step that it names is there. */
export function isBecause(because: Decision['because'], steps: Decision['steps']): boolean {
  return because === null || (Number.isInteger(because) && because >= 0 && because < steps.length);
}

function isSettings(settings: Decision['settings']): boolean {
  for (const scopes of Object.values(settings)) {
    for (const value of Object.values(scopes)) if (typeof value !== 'number') return false;
  }
  return true;
}

const isText = (value: unknown) => typeof value === 'string';
const isTextOrNull = (value: unknown) => value === null || typeof value === 'string';
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);
const isNamed = (value: { index: number; name: string | null }) =>
  typeof value.index === 'number' && isTextOrNull(value.name);
const isTable = (value: { id: number; name: string | null }) =>
  typeof value.id === 'number' && isTextOrNull(value.name);
