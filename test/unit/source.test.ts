import { expect, it } from 'vitest';
import { Gates } from '../../src/decision/effective.js';
import type { Lookup, Pass } from '../../src/decision/types.js';
import { checkSource } from '../../src/decision/verdict/source.js';
import {
  address,
  asking,
  back,
  info,
  localInfo,
  nexthop,
  other,
  pass,
  route,
  sender,
  snapshot,
} from './builders.js';

const strict = { settings: { rp_filter: 1 } };
const loose = { settings: { rp_filter: 2 } };
const several = back(other, { device: other, info: info({ nexthops: 2 }) });
const away = back(other, { device: other });
const multipath = (second: number) =>
  snapshot({ routes: [route(254, '192.0.2.0/24', null, { nexthops: [nexthop(other), nexthop(second)] })] });
const owner = snapshot({ addresses: [address(sender, other)] });

type Row = [string, Pass, Lookup[] | null, string, ReturnType<typeof snapshot>?];
it.each<Row>([
  ['accept_local, nothing else', pass({ settings: { accept_local: 1 } }), null, 'valid'],
  ['addresses not known', pass(), null, 'unknown'],
  ['no address of this host', pass(), null, 'valid', snapshot()],
  ['an address of this host', pass(), null, 'own-address', owner],
  ['a lookup that was not seen', pass(strict), null, 'unknown'],
  ['strict, same device', pass(strict), [back(other)], 'valid'],
  ['strict, another device', pass(strict), [away], 'rp-filter'],
  ['strict, no route', pass(strict), [back(other, { errno: 11 })], 'rp-filter'],
  ['loose, another device', pass(loose), [away], 'valid'],
  ['loose, another device, no address', pass({ ...loose, noAddress: true }), [away], 'rp-filter'],
  ['loose, no route', pass(loose), [back(other, { errno: 11 })], 'rp-filter'],
  ['off, no route', pass({ customLocalRoutes: true }), [back(other, { errno: 11 })], 'valid'],
  ['own address', pass(strict), [back(other, { info: localInfo })], 'own-address'],
  [
    'own address, accepted',
    pass({ settings: { rp_filter: 1, accept_local: 1 } }),
    [back(other, { info: localInfo })],
    'valid',
  ],
  ['broadcast address', pass(strict), [back(other, { info: info({ type: 3 }) })], 'martian'],
  ['multipath, not known', pass(strict), [several], 'unknown'],
  ['multipath, one is the device', pass(strict), [several], 'valid', multipath(asking)],
  ['multipath, none is', pass(strict), [several], 'rp-filter', multipath(9)],
  [
    'a nexthop object whose nexthops are not shown',
    pass(strict),
    [{ ...several, info: null }],
    'unknown',
    snapshot({
      routes: [route(254, '192.0.2.0/24', null, { viaObject: true }), route(254, '192.0.0.0/16', other)],
    }),
  ],
  ['rules may have suppressed it', pass({ ...strict, customRules: true }), [back(other)], 'unknown'],
  ['refused either way', pass({ ...strict, customRules: true }), [away], 'rp-filter'],
  ['another in device', pass(strict), [back(9, { device: 9 })], 'unknown'],
])('%s', (_, of, lookups, expected, known) => {
  const series = lookups && { purpose: 'source' as const, lookups, loose: false, direct: false };
  const evidence = { series, replay: null, snapshot: known ?? null };
  expect(checkSource(of, new Gates(of), other, evidence)).toBe(expected);
});
