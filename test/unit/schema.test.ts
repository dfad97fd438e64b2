import { describe, expect, it } from 'vitest';
import { learningReasons } from '../../src/decision/neighbour/reasons.js';
import { reasons } from '../../src/decision/reasons.js';
import type { Decision } from '../../src/decision/types.js';
import type { EndEvent, LostEvent, StartEvent } from '../../src/stream/events.js';
import { readSchema, validateEvent, validateLine } from '../schema.js';
import { matched, replied } from './example.js';

/** What is left where no snapshot was proven and the matched nexthop is one of several. */
const unproven: Decision = {
  ...replied,
  steps: [
    {
      ...matched,
      rule: null,
      table: { id: 90, name: null },
      route: { type: 'unicast', prefix: null, device: null, gateway: null, protocol: 'boot', metric: 0 },
      evidence: { outcome: 'observed' },
    },
  ],
  because: null,
  verdict: {
    action: 'silent',
    reason: 'unknown',
    detail: null,
    candidates: ['same-device', 'source-invalid'],
    evidence: 'observed',
    deferredNs: null,
  },
  reply: null,
  unknown: [
    '/verdict/reason',
    '/steps',
    '/steps/0/rule',
    '/steps/0/route/prefix',
    '/steps/0/route/device',
    '/steps/0/route/gateway',
  ],
};

/** The header was cut short: nothing was looked up, and nobody can be named. */
const malformed: Decision = {
  ...replied,
  netns: { inode: 4026531840, name: null },
  request: {
    sender: { ip: null, mac: null },
    target: { ip: null },
    destination: null,
    cast: 'otherhost',
  },
  steps: [],
  because: null,
  verdict: { ...unproven.verdict, reason: 'malformed', candidates: null },
  reply: null,
  settings: {},
  neighbours: [],
  unknown: ['/request/sender/ip', '/request/sender/mac', '/request/target/ip', '/request/destination'],
};

/** A rule that rejects by itself asks no table. */
const prohibited: Decision = {
  ...replied,
  steps: [
    {
      purpose: 'target',
      rule: { priority: 100, selector: 'to 192.0.2.0/24' },
      table: null,
      outcome: 'prohibit',
      errno: 13,
      route: null,
      evidence: { rule: 'inferred', outcome: 'inferred' },
    },
  ],
  because: 0,
  verdict: {
    ...replied.verdict,
    action: 'silent',
    reason: 'prohibited',
    evidence: 'inferred',
    deferredNs: null,
  },
  reply: null,
};

const start: StartEvent = {
  schema: 'arpwhy.start/1',
  version: '0.1.0',
  host: 'node0-4f1c',
  hostname: 'node0.example.net',
  bootId: '4f1c6719-d001-4771-8eba-ac50352c6e50',
  kernel: '6.18.44',
  time: '2026-11-22T03:33:00.000000001Z',
  monotonicNs: '2768000000000',
  clockOffsetNs: '1795336612105941614',
  tier: 'trampoline',
  hooks: {
    attached: ['fib_table_lookup', 'neigh_update'],
    missing: [{ name: 'generation', why: 'no such symbol', cost: 'rules and prefixes are unknown' }],
  },
};

const lost: LostEvent = {
  schema: 'arpwhy.lost/1',
  host: 'node0-4f1c',
  where: 'ring',
  count: 3,
  fromNs: '2769098612439',
  toNs: '2769098612999',
};

const end: EndEvent = {
  schema: 'arpwhy.end/1',
  host: 'node0-4f1c',
  time: '2026-11-22T03:33:09.000000000Z',
  monotonicNs: '2777000000000',
  durationNs: 9000000000,
  why: 'signal',
  accounts: { seen: 21, delivered: 10, folded: 1, filtered: 2, pending: 1, abandoned: 4, lost: 3 },
  cut: 0,
  untracked: 0,
  frames: 40,
  changesLost: 0,
  missed: [{ name: 'consume_skb', count: 2 }],
};

const samples = { replied, unproven, malformed, prohibited, start, lost, end };

/** A copy with one field, named by its JSON Pointer, set to another value; undefined takes it away. */
function mutated(event: object, pointer: string, value: unknown): unknown {
  const copy = structuredClone(event);
  const names = pointer.split('/').slice(1);
  const last = names.pop() as string;
  let at = copy as Record<string, unknown>;
  for (const name of names) at = at[name] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

describe('the schemas', () => {
  it.each(Object.entries(samples))('take a valid event: %s', (_, event) => {
    expect(validateLine(JSON.stringify(event))).toEqual(event);
  });

  it.each([
    [replied, '/later', { more: 1 }],
    [replied, '/steps/0/later', 1],
    [replied, '/steps/2/evidence/metric', 'observed'],
    [replied, '/settings/arp_announce', { all: 2 }],
    [end, '/accounts/later', 0],
    [start, '/hooks/later', []],
    [prohibited, '/steps/0/evidence/later', 'observed'],
    [unproven, '/verdict/candidates', []],
    [start, '/clockOffsetNs', '-5'],
  ])('leave room for what a later version adds, and for rare values: %#', (event, pointer, value) => {
    expect(() => validateEvent(mutated(event, pointer, value))).not.toThrow();
  });

  it('have a code for each reason of the table, in its order, and unknown', () => {
    const { reason } = readSchema('decision-1').$defs as { reason: { enum: string[] } };
    expect(reason.enum).toEqual([...reasons.map(({ code }) => code), 'unknown']);
  });

  it('have a code for each reason of a learning, in the order of its table', () => {
    const { verdict } = readSchema('learning-1').properties as {
      verdict: { properties: { reason: { enum: string[] } } };
    };
    expect(verdict.properties.reason.enum).toEqual([...learningReasons.map(({ code }) => code), 'unknown']);
  });

  it.each([
    'learning-1',
    'solicitation-1',
    'neighbour-1',
    'stream',
    'decision-1',
    'fold-1',
    'start-1',
    'lost-1',
    'end-1',
    'top-1',
  ])('describe each property: %s', (name) => {
    expect(undescribed(readSchema(name), name)).toEqual([]);
  });
});

/** Where a property is without a description; conditions repeat properties that have theirs elsewhere. */
function undescribed(schema: unknown, at: string): string[] {
  if (schema === null || typeof schema !== 'object') return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    if (['if', 'then', 'else', 'allOf'].includes(key)) return [];
    if (key !== 'properties') return undescribed(value, `${at}/${key}`);
    return Object.entries(value as Record<string, { description?: string }>).flatMap(([name, property]) => [
      ...(property.description ? [] : [`${at}/${name}`]),
      ...undescribed(property, `${at}/${name}`),
    ]);
  });
}

describe('validateEvent refuses', () => {
  it.each<[string, object, string, unknown]>([
    ['another kind', replied, '/schema', 'arpwhy.decision/2'],
    ['an id of another form', replied, '/id', '7F3A-18'],
    ['an empty host', replied, '/host', ''],
    ['a time with milliseconds', replied, '/time', '2026-11-22T03:33:01.123Z'],
    ['a time with an offset', replied, '/time', '2026-11-22T03:33:01.123456789+01:00'],
    ['a month that does not exist', replied, '/time', '2026-13-22T03:33:01.123456789Z'],
    ['nanoseconds as a number', replied, '/monotonicNs', 2769098612439],
    ['nanoseconds with a leading zero', replied, '/monotonicNs', '02769098612439'],
    ['a tier that does not exist', replied, '/tier', 'uprobe'],
    ['a namespace without its name', replied, '/netns/name', undefined],
    ['a device without an index', replied, '/device/index', 0],
    ['an upper-case MAC address', replied, '/request/sender/mac', '02:00:00:00:00:AA'],
    ['a MAC address of five bytes', replied, '/reply/mac', 'a0:36:9f:59:be'],
    ['an octet above 255', replied, '/request/target/ip', '192.0.2.256'],
    ['an octet with a leading zero', replied, '/request/target/ip', '192.0.02.7'],
    ['a cast that does not exist', replied, '/request/cast', 'anycast'],
    ['a purpose that does not exist', replied, '/steps/0/purpose', 'destination'],
    ['an outcome that does not exist', replied, '/steps/0/outcome', 'throw'],
    ['evidence that is neither', replied, '/steps/0/evidence/outcome', 'guessed'],
    ['an outcome without evidence', replied, '/steps/0/evidence/outcome', undefined],
    ['a rule without evidence', replied, '/steps/0/evidence/rule', undefined],
    ['a prefix without evidence', replied, '/steps/2/evidence/prefix', undefined],
    ['a device without evidence', replied, '/steps/2/evidence/device', undefined],
    ['a gateway without evidence', replied, '/steps/2/evidence/gateway', undefined],
    ['a match with an errno', replied, '/steps/2/errno', 11],
    ['a negative errno', replied, '/steps/0/errno', -11],
    ['a step without a route', replied, '/steps/0/route', undefined],
    ['a prefix that is too long', replied, '/steps/2/route/prefix', '0.0.0.0/33'],
    ['a prefix without its length', replied, '/steps/2/route/prefix', '0.0.0.0'],
    ['a metric of 33 bits', replied, '/steps/2/route/metric', 2 ** 32],
    ['an action that does not exist', replied, '/verdict/action', 'answered'],
    ['a reason that does not exist', replied, '/verdict/reason', 'because'],
    ['candidates of a known reason', replied, '/verdict/candidates', ['proxy-arp']],
    ['an unknown reason without candidates', unproven, '/verdict/candidates', null],
    ['unknown as a candidate', unproven, '/verdict/candidates', ['unknown']],
    ['a reply of one that was silent', replied, '/verdict/action', 'silent'],
    ['a negative latency', replied, '/reply/latencyNs', -1],
    ['a setting without a scope', replied, '/settings/forwarding', {}],
    ['a setting that is text', replied, '/settings/forwarding', { dev: '1' }],
    ['a third pass', replied, '/neighbours/0/pass', 3],
    ['a change that does not exist', replied, '/neighbours/0/change', 'deleted'],
    ['a stamp that is missing', replied, '/stamps/nexthop', undefined],
    ['a pointer without its slash', replied, '/unknown', ['verdict/reason']],
    ['a pointer with a bad escape', replied, '/unknown', ['/verdict/~2']],
    ['the same pointer twice', malformed, '/unknown', ['/request/destination', '/request/destination']],
    ['a boot id that is none', start, '/bootId', '4f1c'],
    ['a hook that is missing for no cost', start, '/hooks/missing/0/cost', undefined],
    ['a loss of nothing', lost, '/count', 0],
    ['a loss elsewhere', lost, '/where', 'disk'],
    ['a loss without its end', lost, '/toNs', undefined],
    ['an end for another why', end, '/why', 'boredom'],
    ['accounts that are incomplete', end, '/accounts/folded', undefined],
    ['half a frame', end, '/frames', 0.5],
  ])('%s', (_, event, pointer, value) => {
    const bad = mutated(event, pointer, value);
    const offending = JSON.stringify(bad);
    expect(() => validateEvent(bad)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(offending) }),
    );
  });

  it.each<[string, object, string, unknown, RegExp]>([
    ['a because beyond the steps', replied, '/because', 3, /because is 3, and there are 3 steps/],
    [
      'an unknown step',
      replied,
      '/unknown',
      ['/steps/3/rule'],
      /\/steps\/3\/rule, and there is no such step/,
    ],
    ['a step that is no number', replied, '/unknown', ['/steps/01/rule'], /no such step/],
    [
      'an unknown field with a value',
      replied,
      '/unknown',
      ['/steps/1/rule'],
      /\/steps\/1\/rule, which is not null/,
    ],
    ['an unnamed type', replied, '/steps/2/route/type', null, /\/steps\/2\/route\/type is null/],
    [
      'an unnamed prefix',
      unproven,
      '/unknown',
      ['/steps/0/route/device'],
      /\/steps\/0\/route\/prefix is null/,
    ],
    [
      'an unnamed device',
      unproven,
      '/unknown',
      ['/steps/0/route/prefix'],
      /\/steps\/0\/route\/device is null/,
    ],
    ['an unnamed protocol', replied, '/steps/2/route/protocol', null, /\/steps\/2\/route\/protocol is null/],
    ['an unnamed metric', replied, '/steps/2/route/metric', null, /\/steps\/2\/route\/metric is null/],
    ['a match without its route', replied, '/steps/2/route', null, /\/steps\/2\/route is null/],
    ['accounts that do not close', end, '/accounts/lost', 2, /seen is 21, the others make 20/],
  ])('what no schema can say: %s', (_, event, pointer, value, said) => {
    expect(() => validateEvent(mutated(event, pointer, value))).toThrow(said);
  });

  it.each([null, 7, 'arpwhy.end/1', [], {}])('what is no event: %j', (event) => {
    expect(() => validateEvent(event)).toThrow(/not a valid event/);
  });

  it('with the messages of the kind that the event is, and of no other', () => {
    const said = () => validateEvent(mutated(end, '/why', 'boredom'));
    expect(said).toThrow(/\/why must be equal to one of the allowed values/);
    expect(said).not.toThrow(/clockOffsetNs|verdict/);
  });
});

describe('validateLine refuses', () => {
  it.each(['', '{', `${JSON.stringify(end)}\n`, `${JSON.stringify(end)}${JSON.stringify(end)}`])(
    'what is not one line of JSON: %j',
    (text) => {
      expect(() => validateLine(text)).toThrow(/not a valid event/);
    },
  );
});
