import type { NeighbourEventTold } from '../decision/neighbour/types.js';
import type { DecisionStep } from '../decision/types.js';
import { type Shape, ShapeError } from './shape.js';

/**
 * A learning, a solicitation or a neighbour event as it was recorded: the fields that are shown are checked.
 * @param isStep whether a step of `steps` is one
 * @throws {ShapeError} when it is not what its kind should be
 */
export function neighbourFrom(
  value: unknown,
  json: Shape,
  isStep: (step: DecisionStep) => boolean,
): NeighbourEventTold {
  for (const name of ['id', 'host', 'tier']) json.text(name);
  json.big('monotonicNs');
  json.texts('unknown');
  json.object('netns').number('inode');
  json.object('netns').textOrNull('name');
  json.object('device').number('index');
  json.object('device').textOrNull('name');
  const event = value as NeighbourEventTold;
  if (event.schema === 'arpwhy.learning/1') learning(json);
  else if (event.schema === 'arpwhy.neighbour/1') neighbour(json);
  else {
    solicitation(json);
    const { steps, because } = event;
    const isIndex = because === null || (Number.isInteger(because) && because >= 0 && because < steps.length);
    if (!Array.isArray(steps) || !steps.every(isStep) || !isIndex) throw new ShapeError('a step is none');
  }
  return event;
}

function learning(json: Shape): void {
  const claim = json.object('claim');
  for (const name of ['operation', 'ip', 'mac', 'cast']) claim.text(name);
  for (const name of ['source', 'destination']) claim.textOrNull(name);
  for (const name of ['ip', 'mac']) claim.object('target').text(name);
  const entry = json.object('entry');
  entryFrom(entry.objectOrNull('met'))?.number('ageNs');
  entryFrom(entry.objectOrNull('left'));
  const moved = json.objectOrNull('moved');
  for (const name of ['from', 'to']) moved?.text(name);
  const verdict = json.object('verdict');
  for (const name of ['action', 'reason', 'evidence']) verdict.text(name);
  verdict.textOrNull('detail');
  if (!verdict.isNull('candidates')) verdict.texts('candidates');
  const asked = json.objectOrNull('asked');
  for (const name of ['id', 'by']) asked?.text(name);
  asked?.number('roundTripNs');
  scopes(json);
}

function solicitation(json: Shape): void {
  const request = json.object('request');
  request.object('target').text('ip');
  for (const name of ['ip', 'mac']) request.object('sender').text(name);
  request.textOrNull('destination');
  request.text('cast');
  cause(json);
  json.object('cause').textOrNull('function');
  const packet = json.objectOrNull('packet');
  for (const name of ['source', 'target']) packet?.text(name);
  packet?.number('protocol');
  const from = packet?.objectOrNull('from');
  from?.number('index');
  from?.textOrNull('name');
  const now = json.objectOrNull('now');
  for (const name of ['text', 'time']) now?.text(name);
  for (const one of json.list('sent')) {
    one.big('monotonicNs');
    one.text('cast');
  }
  const end = json.object('end');
  end.text('outcome');
  for (const name of ['mac', 'learning']) end.textOrNull(name);
  for (const name of ['roundTripNs', 'waited', 'lost']) end.numberOrNull(name);
  scopes(json);
}

function neighbour(json: Shape): void {
  const entry = json.object('entry');
  entry.text('ip');
  entryFrom(entry.objectOrNull('was'));
  entryFrom(entry.objectOrNull('is'));
  cause(json);
  json.object('cause').textOrNull('detail');
}

function cause(json: Shape): void {
  const cause = json.object('cause');
  cause.text('code');
  const process = cause.objectOrNull('process');
  process?.number('pid');
  process?.text('command');
}

function entryFrom(json: Shape | null): Shape | null {
  json?.text('state');
  json?.textOrNull('mac');
  return json;
}

function scopes(json: Shape): void {
  const settings = json.object('settings');
  for (const name of settings.names()) {
    const values = settings.object(name);
    for (const scope of values.names()) values.number(scope);
  }
}
