import { expect, it } from 'vitest';
import * as layout from '../../src/kernel/layout.js';
import { Decoder } from '../../src/kernel/wire.js';
import { ip, sender, target } from './builders.js';

const { record, neighbour, lookup, flow, wide, detail, flag } = layout;
const decodeBatch = (buffer: Buffer, bytes: number) => new Decoder(names).decode(buffer, bytes);
const names = { where: (location: bigint, reason: number) => `${location}/${reason}` };

/** A record with all its parts: a deferred request's second pass, one neighbour change, two lookups, wide settings. */
function build(): { buffer: Buffer; view: DataView } {
  const bytes = record.bytes + neighbour.bytes + 2 * lookup.bytes + flow.bytes + wide.bytes + detail.bytes;
  const buffer = Buffer.alloc((bytes + 7) & ~7);
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  const u16 = (at: number, value: number) => view.setUint16(at, value, true);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const u64 = (at: number, value: bigint) => view.setBigUint64(at, value, true);
  u32(record.size, bytes);
  u16(record.version, layout.recordVersion);
  buffer[record.neighbours] = 1;
  buffer[record.lookups] = 2;
  buffer[record.flows] = 1;
  u64(record.id, 18n);
  u64(record.startNs, 1000n);
  u64(record.endNs, 5000n);
  u64(record.replyNs, 3000n);
  u32(record.netns, 4026532177);
  u32(record.ifindex, 2);
  buffer.write('bond0.90\0', record.device);
  u32(record.deviceFlags, 0x80);
  u16(record.deviceType, 1);
  buffer[record.addressLength] = 6;
  buffer[record.packetType] = 1;
  buffer[record.closed] = layout.closed.dropped;
  buffer[record.place] = layout.place.netfilter;
  buffer[record.arpBytes] = 28;
  u32(record.frameLength, 46);
  buffer.set([0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 0x99], record.arp);
  view.setUint32(record.arp + 14, ip(sender));
  view.setUint32(record.arp + 24, ip(target));
  buffer.fill(0xff, record.destination, record.destination + 6);
  u16(
    record.flags,
    flag.hasInDevice |
      flag.hasDst |
      flag.hasStart |
      flag.secondPass |
      flag.replyQueued |
      flag.customRules |
      flag.stampsMoved |
      flag.wideSettings |
      flag.hasDetail,
  );
  buffer.set([2, 0, 0, 0, 0, 0x98], record.source);
  buffer.set([0xa0, 0x36, 0x9f, 0x59, 0xbe, 0xef], record.replyMac);
  u16(record.routeType, 1);
  view.setInt16(record.routeError, 113, true);
  u32(record.routeIfindex, 4);
  u16(record.hz, 250);
  view.setInt32(record.proxyDelay, 200, true);
  for (let word = 0; word < 4; word++) u32(record.stamps + 4 * word, 10 + word);
  const changed = record.bytes;
  buffer[changed + neighbour.change] = 2;
  buffer[changed + neighbour.oldState] = 2;
  buffer[changed + neighbour.state] = 4;
  buffer[changed + neighbour.done] = 1;
  view.setInt32(changed + neighbour.err, -1, true);
  const [missed, met] = [changed + neighbour.bytes, changed + neighbour.bytes + lookup.bytes];
  u32(missed + lookup.table, 255);
  buffer[missed + lookup.error] = 11;
  buffer[missed + lookup.role] = layout.role.source;
  buffer[missed + lookup.flags] = layout.lookupFlag.hasFlow;
  u32(met + lookup.table, 254);
  buffer[met + lookup.role] = layout.role.target;
  u32(met + lookup.iif, 2);
  u32(met + lookup.device, 4);
  view.setUint32(met + lookup.gateway, ip('10.0.0.1'));
  buffer[met + lookup.gatewayFamily] = 2;
  buffer[met + lookup.flags] = layout.lookupFlag.hasInfo;
  buffer.set([1, 3, 2], met + lookup.type);
  u32(met + lookup.metric, 100);
  const mark = met + lookup.bytes;
  u32(mark + flow.mark, 7);
  view.setUint16(mark + flow.dport, 9);
  const wider = mark + flow.bytes;
  view.setInt32(wider + wide.dev + 4 * layout.settingNames.indexOf('proxy_arp'), 1, true);
  view.setInt32(wider + wide.all + 4 * layout.settingNames.indexOf('medium_id'), -1, true);
  const rare = wider + wide.bytes;
  u64(rare + detail.first, 17n);
  u64(rare + detail.firstNs, 400n);
  u64(rare + detail.location, 77n);
  u32(rare + detail.dropReason, 8);
  return { buffer, view };
}

it('decodes every part of a record', () => {
  const { buffer } = build();
  const [pass, ...more] = decodeBatch(Buffer.concat([buffer, buffer]), 2 * buffer.length);
  expect(more).toEqual([pass]);
  expect(pass).toMatchObject({
    id: 18,
    first: 17,
    firstNs: 400n,
    startNs: 1000n,
    endNs: 5000n,
    netns: { inode: 4026532177 },
    device: { index: 2, name: 'bond0.90', noarp: true, type: 1, addressLength: 6 },
    frame: {
      length: 46,
      hardwareType: 1,
      protocolType: 0x800,
      operation: 1,
      senderMac: '02:00:00:00:00:99',
      senderIp: ip(sender),
      targetIp: ip(target),
      destination: 'ff:ff:ff:ff:ff:ff',
      source: '02:00:00:00:00:98',
      cast: 'broadcast',
    },
    ending: { closed: 'dropped', place: 'netfilter', where: '77/8' },
    secondPass: true,
    route: { type: 1, error: 113, device: 4 },
    reply: { mac: 'a0:36:9f:59:be:ef', ns: 3000n, queued: true, dropped: false, where: null },
    settings: { dev: { proxy_arp: 1 }, all: { medium_id: -1 } },
    proxyDelay: 80,
    customRules: true,
    stamps: { fib: 10, rules: 11, genid: 12, nexthop: 13 },
    stampsMoved: true,
    neighbours: [{ created: false, before: { state: 2 }, after: { state: 4 }, errno: 1 }],
  });
  expect(pass?.lookups).toMatchObject([
    { table: 255, errno: 11, saddr: ip(target), daddr: ip(sender), mark: 7, dport: 9, info: null },
    {
      table: 254,
      errno: 0,
      saddr: ip(sender),
      daddr: ip(target),
      mark: 0,
      iif: 2,
      device: 4,
      gateway: 0x0a000001,
      info: { type: 1, protocol: 3, nexthops: 2, metric: 100 },
    },
  ]);
});

it('decodes a content once, and ids and times anew', () => {
  const first = build();
  const later = build();
  later.view.setBigUint64(record.id, 19n, true);
  later.view.setBigUint64(record.startNs, 2n ** 60n + 1n, true);
  later.view.setBigUint64(record.endNs, 2n ** 60n + 9n, true);
  later.view.setBigUint64(record.replyNs, 2n ** 60n + 5n, true);
  const rare = later.view.getUint32(record.size, true) - detail.bytes;
  later.view.setBigUint64(rare + detail.first, 7n, true);
  later.view.setBigUint64(rare + detail.firstNs, 3n, true);
  const other = build();
  other.view.setUint32(rare + detail.dropReason, 9, true);
  const decoder = new Decoder(names);
  const [one, two, three] = decoder.decode(
    Buffer.concat([first.buffer, later.buffer, other.buffer]),
    3 * first.buffer.length,
  );
  expect(two?.alike).toBe(one?.alike);
  expect(three?.alike).not.toBe(one?.alike);
  expect(three?.ending.where).toBe('77/9');
  // what was not decoded again is what decoding would have found
  const [afresh] = new Decoder(names).decode(later.buffer, later.buffer.length);
  expect(two).toEqual(afresh);
  expect(two).toMatchObject({
    id: 19,
    first: 7,
    firstNs: 3n,
    startNs: 2n ** 60n + 1n,
    endNs: 2n ** 60n + 9n,
  });
  expect(two?.reply?.ns).toBe(2n ** 60n + 5n);
});

it('has null for what the flags do not vouch for', () => {
  const { buffer, view } = build();
  view.setUint16(record.flags, 0, true);
  view.setUint32(record.size, view.getUint32(record.size, true) - wide.bytes - detail.bytes, true);
  view.setBigUint64(record.startNs, 0n, true);
  buffer.fill(0, record.destination, record.destination + 12);
  const [pass] = decodeBatch(buffer, (view.getUint32(record.size, true) + 7) & ~7);
  expect(pass).toMatchObject({
    first: null,
    firstNs: null,
    startNs: null,
    route: null,
    reply: null,
    settings: null,
    stampsMoved: false,
    frame: { destination: null, source: null },
  });
});

it('refuses another version', () => {
  const { buffer, view } = build();
  view.setUint16(record.version, layout.recordVersion + 1, true);
  expect(() => decodeBatch(buffer, buffer.length)).toThrow(`record version ${layout.recordVersion + 1}`);
});

it('refuses what is cut', () => {
  const { buffer, view } = build();
  expect(() => decodeBatch(buffer, buffer.length - 16)).toThrow(/a record of/);
  expect(() => decodeBatch(buffer, 2)).toThrow();
  view.setUint32(record.size, record.bytes - 1, true);
  expect(() => decodeBatch(buffer, buffer.length)).toThrow(`a record of ${record.bytes - 1} bytes`);
  view.setUint32(record.size, buffer.length, true);
  buffer[record.lookups] = 60;
  expect(() => decodeBatch(buffer, buffer.length)).toThrow();
});
