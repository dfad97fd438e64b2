import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Decision } from '../src/decision/types.js';
import type { EndEvent, StreamEvent } from '../src/stream/events.js';
import type { NeighbourReport } from '../src/view/top/neighbours.js';
import type { TopReport } from '../src/view/top/report.js';

/** Reads docs/schema/NAME.schema.json. */
export function readSchema(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`../docs/schema/${name}.schema.json`, import.meta.url), 'utf8'));
}

// Conditions require fields whose schema stands elsewhere, which strictRequired would refuse.
const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });

// The kinds before the stream, which refers to them.
const kinds = new Map<unknown, ValidateFunction>(
  ['start', 'decision', 'learning', 'solicitation', 'neighbour', 'fold', 'change', 'lost', 'end'].map(
    (kind) => [`arpwhy.${kind}/1`, ajv.compile(readSchema(`${kind}-1`))],
  ),
);
const stream = ajv.compile(readSchema('stream'));
const top = ajv.compile(readSchema('top-1'));
const neighbours = ajv.compile(readSchema('neighbours-1'));

/**
 * Hold one line of `--json` against the contract.
 * @throws {Error} as {@link validateEvent} does, and for text that is not one line of JSON
 */
export function validateLine(text: string): StreamEvent {
  if (/[\r\n]/.test(text)) refuse(text, ['it is more than one line']);
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (error) {
    refuse(text, [(error as Error).message]);
  }
  validateEvent(event);
  return event as StreamEvent;
}

/**
 * Hold one event against its schema, and against what no schema can say.
 * @throws {Error} with everything that is wrong with it, and the event itself
 */
export function validateEvent(event: unknown): void {
  if (!stream(event)) refuse(JSON.stringify(event), messages(event));
  const known = event as StreamEvent;
  const faults =
    known.schema === 'arpwhy.decision/1'
      ? faultsOfDecision(known)
      : known.schema === 'arpwhy.end/1'
        ? faultsOfAccounts(known)
        : [];
  if (faults.length > 0) refuse(JSON.stringify(event), faults);
}

/**
 * Hold what `top --once --json` printed against its schema, and against what no schema can say.
 * @throws {Error} with everything that is wrong with it
 */
export function validateTop(report: TopReport): void {
  if (!top(report)) refuse(JSON.stringify(report), (top.errors ?? []).map(message));
  const counted = report.rows.reduce((sum, { count }) => sum + count, 0);
  const { delivered } = report.accounts;
  if (counted !== delivered)
    refuse(JSON.stringify(report), [`rows count ${counted} of ${delivered} delivered`]);
}

/**
 * Hold what `top --neighbours --once --json` printed against its schema.
 * @throws {Error} with everything that is wrong with it
 */
export function validateNeighbours(report: NeighbourReport): void {
  if (!neighbours(report)) refuse(JSON.stringify(report), (neighbours.errors ?? []).map(message));
}

function refuse(offending: string, faults: string[]): never {
  throw new Error(`not a valid event:\n${faults.map((fault) => `- ${fault}\n`).join('')}${offending}`);
}

/** The schema of the event's own kind says what is wrong; the stream's would repeat the faults of every kind. */
function messages(event: unknown): string[] {
  const own = kinds.get((event as { schema?: unknown } | null)?.schema);
  const errors = own && !own(event) ? own.errors : stream.errors;
  return (errors ?? []).map(message);
}

function message({ instancePath, message: text, params }: ErrorObject): string {
  return `${instancePath || '/'} ${text} ${JSON.stringify(params)}`;
}

function faultsOfDecision(decision: Decision): string[] {
  const { steps, because, unknown } = decision;
  const faults: string[] = [];
  if (because !== null && because >= steps.length) {
    faults.push(`/because is ${because}, and there are ${steps.length} steps`);
  }
  for (const pointer of unknown) {
    if (!pointer.startsWith('/steps/')) continue;
    const [, , step = '', ...fields] = pointer.split('/').map(unescapeToken);
    if (!/^(0|[1-9][0-9]*)$/.test(step) || Number(step) >= steps.length) {
      faults.push(`/unknown names ${pointer}, and there is no such step`);
    } else if (fields.length > 0 && follow(steps[Number(step)], fields) !== null) {
      faults.push(`/unknown names ${pointer}, which is not null`);
    }
  }
  return [...faults, ...unnamedNulls(decision)];
}

/**
 * A route that was matched has all of these, so a null among them can only mean that it was not seen. A rule is
 * another matter: its null also stands for a namespace without rules, which a decision does not tell apart.
 */
function unnamedNulls({ steps, unknown }: Decision): string[] {
  return steps
    .flatMap(({ outcome, route }, i) => {
      if (outcome !== 'match') return [];
      if (route === null) return [`/steps/${i}/route`];
      const fields = ['type', 'prefix', 'device', 'protocol', 'metric'] as const;
      return fields.filter((field) => route[field] === null).map((field) => `/steps/${i}/route/${field}`);
    })
    .filter((pointer) => !unknown.includes(pointer))
    .map((pointer) => `${pointer} is null, and /unknown does not name it`);
}

function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** What a path leads to; null where it leads nowhere. */
function follow(value: unknown, path: string[]): unknown {
  let at = value;
  for (const name of path) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, name)) return null;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

function faultsOfAccounts({ accounts }: EndEvent): string[] {
  const { seen, delivered, folded, filtered, pending, abandoned, lost } = accounts;
  const sum = delivered + folded + filtered + pending + abandoned + lost;
  return sum === seen ? [] : [`/accounts do not close: seen is ${seen}, the others make ${sum}`];
}
