import { describe, expect, it } from 'vitest';
import { Gates } from '../../src/decision/effective.js';
import { validatesByLookup } from '../../src/decision/series.js';
import type { Lookup, Pass } from '../../src/decision/types.js';
import {
  asking,
  back,
  bare,
  final,
  info,
  localInfo,
  lookup,
  other,
  parse,
  pass,
  sender,
  target,
} from './builders.js';

/** "target 254 | source 254 | source~ 254": `~` marks the loose check, `!` one table asked directly. */
function shape(of: Pass): string {
  const { series, ambiguous, doubtful } = parse(of);
  const words = series.map(({ purpose, loose, direct, lookups }) =>
    `${purpose}${loose ? '~' : ''}${direct ? '!' : ''} ${lookups.map(({ table }) => table).join(' ')}`.trim(),
  );
  return [...words, ...(ambiguous ? ['ambiguous'] : []), ...(doubtful ? ['doubtful'] : [])].join(' | ');
}

const to = (table: number, fields: Partial<Lookup> = {}) => lookup({ table, ...fields });
const local = to(255, { info: localInfo, device: asking });
const filtering = { arp_filter: 1 };
const loose = back(other, { oif: asking });

type Row = [what: string, of: Pass, expected: string];
const rows: Row[] = [
  ['nothing', pass(), ''],
  ['rules that reject by themselves', pass({ route: final('unreachable') }), 'target'],
  ['one walk', pass({ lookups: [to(255, { errno: 11 }), to(254)] }), 'target 255 254'],
  ['source validation', pass({ lookups: [to(254), back(other)] }), 'target 254 | source 254'],
  [
    'the loose check',
    pass({ lookups: [to(254), back(other), loose] }),
    'target 254 | source 254 | source~ 254',
  ],
  ['the neighbour', pass({ lookups: [to(254), bare(sender)] }), 'target 254 | neighbour! 255'],
  ['a probe', pass({ from: '0.0.0.0', lookups: [bare(target)] }), 'probe! 255'],
  [
    'two probes that differ',
    pass({ from: '0.0.0.0', lookups: [bare(target), bare(target, { errno: 11 })] }),
    'probe! 255 | ambiguous',
  ],
  [
    'arp_filter alone: validation asked addresses, not routes',
    pass({ route: final('local'), settings: filtering, lookups: [local, back(1)] }),
    'target 255 | filter 254',
  ],
  [
    'arp_filter after validation by rules',
    pass({
      route: final('local'),
      customRules: true,
      settings: filtering,
      lookups: [local, back(1), back(1)],
    }),
    'target 255 | source 254 | filter 254',
  ],
  [
    'arp_filter did not run',
    pass({ route: final('local'), customRules: true, settings: filtering, lookups: [local, back(1)] }),
    'target 255 | source 254',
  ],
  [
    'arp_filter of an AnyIP target',
    pass({ route: final('local'), settings: filtering, lookups: [local, bare(target), back(1)] }),
    'target 255 | filter! 255 | filter 254',
  ],
  [
    'four walks of a local target may be two that each met a table twice',
    pass({
      route: final('local'),
      customRules: true,
      settings: filtering,
      lookups: [local, ...Array(4).fill(back(1))],
    }),
    'target 255 | source 254 254 | filter 254 254 | doubtful',
  ],
  [
    'validation that met its first table twice is no arp_filter',
    pass({ customRules: true, lookups: [to(254), back(other), back(other)] }),
    'target 254 | source 254 254',
  ],
  [
    'forwarded IP of the same addresses before it',
    pass({ lookups: [to(254), back(other), to(254), back(other)] }),
    'target 254 | source 254',
  ],
  [
    'the same, and it went elsewhere',
    pass({ lookups: [to(254), back(other), to(254, { device: 9 }), back(9)] }),
    'target 254 | source 254 | ambiguous',
  ],
  [
    'another mark is another walk',
    pass({ lookups: [to(90, { mark: 1 }), to(255, { errno: 11 }), to(254)] }),
    'target 255 254 | ambiguous',
  ],
  ['another dscp is another packet', pass({ lookups: [to(90, { dscp: 8 }), to(254)] }), 'target 254'],
  ['a protocol is another packet', pass({ lookups: [to(90, { proto: 6 }), to(254)] }), 'target 254'],
  [
    'a rejection ends a walk',
    pass({ lookups: [to(255, { errno: 113 }), to(254)] }),
    'target 254 | ambiguous',
  ],
  [
    'one walk that met its first table twice, or two',
    pass({ customRules: true, lookups: [to(90), to(90)] }),
    'target 90 | doubtful',
  ],
  [
    'what no target lookup came before is of another packet',
    pass({ from: '127.0.0.1', lookups: [back(1, { to: '127.0.0.1' })] }),
    '',
  ],
  [
    'a sender that asks for itself over the same device',
    pass({
      from: target,
      settings: { rp_filter: 1 },
      lookups: Array(2).fill(to(254, { saddr: pass().frame.targetIp, device: asking })),
    }),
    'target 254 | source 254',
  ],
  [
    'the same without validation by lookup',
    pass({
      from: target,
      settings: { accept_local: 1 },
      lookups: Array(2).fill(to(254, { saddr: pass().frame.targetIp, device: asking })),
    }),
    'target 254',
  ],
];

describe('parseSeries', () => {
  it.each(rows)('%s', (_, of, expected) => expect(shape(of)).toBe(expected));
});

describe('validatesByLookup', () => {
  it.each([
    ['rp_filter', pass({ all: { rp_filter: 2 } }), 0, 'lookup'],
    ['tclassid users', pass({ classidUsers: true }), 0, 'lookup'],
    ['redirects over the same device', pass({ settings: { send_redirects: 1 } }), asking, 'lookup'],
    ['redirects over another', pass({ settings: { send_redirects: 1 } }), other, 'addresses'],
    ['accept_local', pass({ settings: { accept_local: 1 }, customRules: true }), 0, 'no'],
    ['rules', pass({ customRules: true }), 0, 'lookup'],
    ['local routes of one’s own', pass({ customLocalRoutes: true }), 0, 'lookup'],
    ['nothing', pass({ lookups: [lookup({ info: info() })] }), 0, 'addresses'],
  ] as const)('%s', (_, of, oif, expected) => {
    expect(validatesByLookup(of, new Gates(of), oif)).toBe(expected);
  });
});
