import { causeText, whoText } from '../decision/change-seen.js';
import type { Change } from '../decision/changes.js';
import type { ChangeEvent } from '../stream/events.js';
import type { TimedChange } from './episode.js';

/** A stretch of time that is shorter is told as a moment. */
const momentNs = 300_000_000n;
/** Of one change. */
const mostParts = 4;
/** Changes of one stretch of time that are told. */
const mostShown = 3;

/** "03:31:07.2" */
export type Clock = (ns: bigint) => string;

/** "03:31:07.2 bond0.90 went down: table public_90 lost 2 routes (...)." */
export function changesText(changes: TimedChange[], clock: Clock): string {
  const flaps = flapsIn(changes);
  const told = changes.filter((change) => !flaps.has(change) || flaps.get(change) !== null);
  const shown = fittest(told, mostShown);
  const sentences = shown.map((change) => {
    const { event, fromNs, toNs } = change;
    const when = changeTimes(fromNs, toNs, clock);
    return `${when} ${flaps.get(change) ?? changeWords(event.changes, event.more, change.weights)}${byWords(event)}.`;
  });
  const left = told.length - shown.length;
  if (left > 0) sentences.push(`${left} more ${left === 1 ? 'change' : 'changes'} came in that time.`);
  return sentences.join(' ');
}

/** "03:31:07.2"; of what came about in a longer stretch of time the stretch. */
function changeTimes(fromNs: bigint, toNs: bigint, clock: Clock): string {
  return toNs - fromNs <= momentNs ? clock(toNs) : `Between ${clock(fromNs)} and ${clock(toNs)}`;
}

/** The same of an event: it was seen at a moment of the wall clock. */
export function eventTimes({ monotonicNs, fromNs }: ChangeEvent, seenNs: bigint, clock: Clock): string {
  return changeTimes(seenNs - (BigInt(monotonicNs) - BigInt(fromNs)), seenNs, clock);
}

/** Those that fit best, in their order. */
function fittest(changes: TimedChange[], count: number): TimedChange[] {
  const weightOf = ({ weight = 0 }: TimedChange) => weight;
  const best = [...changes].sort((a, b) => weightOf(b) - weightOf(a)).slice(0, count);
  return changes.filter((change) => best.includes(change));
}

/** ", flushed by the kernel because bond0.90 went down, by ip (pid 814), started by ifdown (pid 810)" */
export function byWords(event: ChangeEvent): string {
  const routes = event.flushed.reduce((sum, one) => sum + one.routes, 0);
  const cause = causeText(event.cause);
  const flush = routes > 0 ? `, flushed by the kernel${cause === null ? '' : ` because ${cause}`}` : '';
  const who = whoText(event);
  return flush + (who === null ? '' : `, ${who}`);
}

/** A link that went down and came up at once is one thing to tell: the words stand for the first, null for the second. */
function flapsIn(changes: TimedChange[]): Map<TimedChange, string | null> {
  const flaps = new Map<TimedChange, string | null>();
  for (const [i, down] of changes.entries()) {
    const [fell] = linksOf(down);
    const up = changes[i + 1];
    const [rose] = up ? linksOf(up) : [];
    if (!fell || !rose || !up || fell.device?.index !== rose.device?.index) continue;
    if (!isDown(fell.text) || isDown(rose.text) || up.toNs - down.toNs > momentNs) continue;
    flaps.set(down, `${fell.text.split(', ')[0]} went down, and up again`);
    flaps.set(up, null);
  }
  return flaps;
}

/** The changes of a notice of the kernel: links, and nothing else. */
function linksOf({ event }: TimedChange): Change[] {
  return event.evidence === 'inferred' && event.changes.length === 1 && event.changes[0]?.object === 'link'
    ? event.changes
    : [];
}

const isDown = (text: string) => / down|no carrier/.test(text);

/**
 * The parts of one change in a row: links first, then what was lost, and what came.
 * @param weights how well each fits what it is told for: of too many parts those are shown that fit best
 */
export function changeWords(
  changes: readonly Change[],
  more: number,
  weights: ReadonlyMap<Change, number> = new Map(),
): string {
  const parts: { text: string; weight: number }[] = [];
  const weightOf = (one: Change) => weights.get(one) ?? 0;
  const push = (text: string, ...of: Change[]) =>
    parts.push({ text, weight: Math.max(0, ...of.map(weightOf)) });
  for (const one of changes.filter(({ object }) => object === 'link')) {
    const { change, text, was } = one;
    push(change === 'changed' ? linkWords(text, was ?? '') : `link ${text.split(',')[0]} was ${change}`, one);
  }
  const tables = new Map<string, Change[]>();
  for (const one of changes.filter(({ object }) => object === 'route')) {
    const name = one.table ? `table ${one.table.name ?? one.table.id}` : 'a table';
    const list = tables.get(name);
    if (list) list.push(one);
    else tables.set(name, [one]);
  }
  for (const [table, list] of tables) {
    const best = [...list].sort((a, b) => weightOf(b) - weightOf(a));
    push(`${table} ${routesWords(best)}`, ...list);
  }
  for (const one of changes.filter(({ object }) => object === 'rule')) {
    push(`rule ${one.text} was ${one.change}${one.was === null ? '' : ` (it was ${one.was})`}`, one);
  }
  for (const one of changes.filter(({ object, change }) => object === 'setting' && change === 'changed')) {
    push(`${one.text} (it was ${one.was?.split(' = ')[1] ?? '?'})`, one);
  }
  for (const one of changes) {
    if (one.object === 'address') push(addressWords(one), one);
    if (one.object === 'proxy-neighbour') push(proxyWords(one), one);
  }
  if (parts.length === 0) push(`${changes.length} settings of devices came or went`);
  const best = [...parts].sort((a, b) => b.weight - a.weight).slice(0, mostParts);
  const shown = parts.filter((part) => best.includes(part)).map(({ text }) => text);
  const left = parts.length - shown.length + more;
  return shown.join('; ') + (left > 0 ? `; and ${left} more` : '');
}

function linkWords(text: string, was: string): string {
  const [name = '', ...state] = text.split(', ');
  const [former = '', ...before] = was.split(', ');
  const renamed = name === former ? '' : `${former} was renamed ${name}`;
  if (renamed && state.join() === before.join()) return renamed;
  const also = renamed && `${renamed}, and `;
  if (isDown(text) && !isDown(was))
    return `${also || `${name} `}${text.includes('no carrier') ? 'lost its carrier' : 'went down'}`;
  if (!isDown(text) && isDown(was)) return `${also || `${name} `}came up`;
  return `link ${text} (it was ${was})`;
}

/** An address that stayed where it was changes with the name of its device. */
function addressWords({ text, change, was }: Change): string {
  return change === 'changed' ? `address ${was} is ${text} now` : `address ${text} was ${change}`;
}

function proxyWords({ text, change, was }: Change): string {
  return change === 'changed'
    ? `proxy neighbour ${was} is ${text} now`
    : `proxy neighbour ${text} was ${change}`;
}

function routesWords(changes: Change[]): string {
  const parts: string[] = [];
  const verbs = { removed: 'lost', added: 'got', changed: 'changed' } as const;
  for (const change of ['removed', 'added', 'changed'] as const) {
    const list = changes.filter((one) => one.change === change);
    if (list.length === 0) continue;
    const names = list.slice(0, 3).map(({ text }) => text.replace(/ proto \S+/, ''));
    const rest = list.length > names.length ? ` and ${list.length - names.length} more` : '';
    parts.push(
      `${verbs[change]} ${list.length} ${list.length === 1 ? 'route' : 'routes'} (${names.join(', ')}${rest})`,
    );
  }
  return parts.join(', ');
}
