import { expect, it } from 'vitest';
import * as layout from '../../src/kernel/layout.js';
import { Decoder, decodeRecord } from '../../src/kernel/wire.js';
import { ip, sender, target } from './builders.js';

const { record, wait, body, neighbour, lookup, flow, wide, detail, flag, part, lookupFlag } = layout;
const decodeBatch = (buffer: Buffer, bytes: number) => new Decoder(names).decode(buffer, bytes);
const names = { where: (location: bigint, reason: number) => `${location}/${reason}` };

const bodyBytes =
  (body.bytes + neighbour.bytes + 2 * lookup.bytes + flow.bytes + wide.bytes + detail.bytes + 7) & ~7;
/** Where the body of {@link build} has what, from the record's begin. */
const inBody = (field: keyof typeof body) => record.bytes + body[field];
const detailAt = record.bytes + body.bytes + neighbour.bytes + 2 * lookup.bytes + flow.bytes + wide.bytes;
const waitAt = record.bytes + bodyBytes;

/** A record with all its parts: a deferred request's second pass, one neighbour change, two lookups, wide settings. */
function build(): { buffer: Buffer; view: DataView } {
  const bytes = record.bytes + bodyBytes + wait.bytes;
  const buffer = Buffer.alloc(bytes);
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  const u16 = (at: number, value: number) => view.setUint16(at, value, true);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const u64 = (at: number, value: bigint) => view.setBigUint64(at, value, true);
  u32(record.size, bytes);
  u16(record.version, layout.recordVersion);
  u16(record.cpu, 300);
  buffer[record.slot] = 5;
  buffer[record.parts] = part.body | part.wait;
  u64(record.id, 18n);
  u64(record.startNs, 1000n);
  u64(record.endNs, 5000n);
  u64(record.replyNs, 3000n);
  buffer.fill(0xff, record.destination, record.destination + 6);
  buffer.set([2, 0, 0, 0, 0, 0x98], record.source);
  buffer.set([2, 0, 0, 0, 0, 0x99], record.senderMac);
  view.setUint32(record.senderIp, ip(sender));
  view.setUint32(record.targetIp, ip(target));
  buffer[inBody('neighbours')] = 1;
  buffer[inBody('lookups')] = 2;
  buffer[inBody('flows')] = 1;
  u32(inBody('netns'), 4026532177);
  u32(inBody('ifindex'), 2);
  buffer.write('bond0.90\0', inBody('device'));
  u32(inBody('deviceFlags'), 0x80);
  u16(inBody('deviceType'), 1);
  buffer[inBody('addressLength')] = 6;
  buffer[inBody('packetType')] = 1;
  buffer[inBody('closed')] = layout.closed.dropped;
  buffer[inBody('place')] = layout.place.netfilter;
  buffer[inBody('arpBytes')] = 28;
  u32(inBody('frameLength'), 46);
  buffer.set([0, 1, 8, 0, 6, 4, 0, 1], inBody('arp'));
  u16(
    inBody('flags'),
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
  buffer.set([0xa0, 0x36, 0x9f, 0x59, 0xbe, 0xef], inBody('replyMac'));
  u16(inBody('routeType'), 1);
  view.setInt16(inBody('routeError'), 113, true);
  u32(inBody('routeIfindex'), 4);
  u16(inBody('hz'), 250);
  view.setInt32(inBody('proxyDelay'), 200, true);
  for (let word = 0; word < 4; word++) u32(inBody('stamps') + 4 * word, 10 + word);
  const changed = record.bytes + body.bytes;
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
  u64(detailAt + detail.location, 77n);
  u32(detailAt + detail.dropReason, 8);
  u64(waitAt + wait.first, 17n);
  u64(waitAt + wait.firstNs, 400n);
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

/** The same with a body that came before. */
function referring(): { buffer: Buffer; view: DataView } {
  const { buffer } = build();
  const short = Buffer.concat([buffer.subarray(0, record.bytes), buffer.subarray(waitAt)]);
  const view = new DataView(short.buffer, short.byteOffset, short.length);
  view.setUint32(record.size, short.length, true);
  short[record.parts] = part.wait;
  return { buffer: short, view };
}

const batchOf = (...records: { buffer: Buffer }[]) => {
  const batch = Buffer.concat(records.map(({ buffer }) => buffer));
  return [batch, batch.length] as const;
};

it('keeps the frame that comes a second time, not what comes but once', () => {
  const [, two, three, , , six] = new Decoder(names).decode(
    ...batchOf(build(), build(), build(), later(1), later(2), build()),
  );
  expect(three?.frame).toBe(two?.frame);
  expect(six?.frame).toBe(two?.frame);
});

/** A record for another target. */
function later(n: number): ReturnType<typeof build> {
  const other = build();
  other.view.setUint32(record.targetIp, ip('192.0.2.77') + n);
  return other;
}

it('decodes a body once, and what is of one pass alone anew', () => {
  const later = referring();
  later.view.setBigUint64(record.id, 19n, true);
  later.view.setBigUint64(record.startNs, 2n ** 60n + 1n, true);
  later.view.setBigUint64(record.endNs, 2n ** 60n + 9n, true);
  later.view.setBigUint64(record.replyNs, 2n ** 60n + 5n, true);
  later.view.setUint32(record.targetIp, ip('192.0.2.78'));
  later.view.setBigUint64(record.bytes + wait.first, 7n, true);
  later.view.setBigUint64(record.bytes + wait.firstNs, 3n, true);
  const other = build();
  other.view.setUint32(detailAt + detail.dropReason, 9, true);
  const decoder = new Decoder(names);
  const [one, two, three, four, five] = decoder.decode(
    ...batchOf(build(), later, build(), other, referring()),
  );
  expect(two?.alike).toBe(one?.alike);
  expect(three?.frame).toEqual(one?.frame);
  expect(four?.alike).not.toBe(one?.alike);
  expect(four?.ending.where).toBe('77/9');
  // the slot holds what came last
  expect(five?.alike).toBe(four?.alike);
  expect(two).toMatchObject({
    id: 19,
    first: 7,
    firstNs: 3n,
    startNs: 2n ** 60n + 1n,
    endNs: 2n ** 60n + 9n,
    frame: { senderIp: ip(sender), targetIp: ip('192.0.2.78'), cast: 'broadcast' },
  });
  expect(two?.reply?.ns).toBe(2n ** 60n + 5n);
  expect(two?.lookups.map(({ saddr, daddr }) => [saddr, daddr])).toEqual([
    [ip('192.0.2.78'), ip(sender)],
    [ip(sender), ip('192.0.2.78')],
  ]);
});

it('keeps slots of CPUs apart, and refuses a record that refers to nothing', () => {
  const elsewhere = referring();
  elsewhere.view.setUint16(record.cpu, 301, true);
  const decoder = new Decoder(names);
  decoder.decode(...batchOf(build(), referring()));
  expect(() => decoder.decode(...batchOf(elsewhere))).toThrow('refers to slot 5');
  const unkept = build();
  unkept.buffer[record.slot] = layout.noSlot;
  unkept.view.setUint16(record.cpu, 301, true);
  decoder.decode(...batchOf(unkept));
  expect(() => decoder.decode(...batchOf(elsewhere))).toThrow('refers to slot 5');
});

it('keeps each record whole, for a recording', () => {
  const passes = new Decoder(names, true).decode(...batchOf(build(), referring()));
  for (const pass of passes) {
    expect(pass.record?.equals(build().buffer)).toBe(true);
    const bytes = pass.record as Buffer;
    const again = decodeRecord(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, names);
    expect(again.alike).toEqual(pass.alike);
    expect(again.frame).toEqual(pass.frame);
    expect(again.lookups).toEqual(pass.lookups);
  }
});

it('has null for what the flags do not vouch for', () => {
  const { buffer, view } = build();
  view.setUint16(inBody('flags'), 0, true);
  const bytes = (record.bytes + body.bytes + neighbour.bytes + 2 * lookup.bytes + flow.bytes + 7) & ~7;
  view.setUint32(record.size, bytes, true);
  buffer[record.parts] = part.body;
  view.setBigUint64(record.startNs, 0n, true);
  buffer.fill(0, record.destination, record.destination + 12);
  const [pass] = decodeBatch(buffer, bytes);
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

it('decodes what hooks on functions saw: rules, prefixes, and what gates returned', () => {
  const head = record.bytes + body.bytes;
  const bytes = (head + 3 * lookup.bytes + layout.gates.bytes + 7) & ~7;
  const buffer = Buffer.alloc(bytes);
  build().buffer.copy(buffer, 0, 0, head);
  buffer.writeUInt32LE(bytes, record.size);
  buffer[record.parts] = part.body;
  buffer.writeUInt16LE(flag.hasStart, inBody('flags'));
  buffer[inBody('neighbours')] = 0;
  buffer[inBody('lookups')] = 3;
  buffer[inBody('flows')] = 0;
  buffer[inBody('gates')] = 1;
  const [missed, met, alone] = [head, head + lookup.bytes, head + 2 * lookup.bytes];
  buffer[missed + lookup.flags] = lookupFlag.hasRule | lookupFlag.byInput;
  buffer[met + lookup.flags] = lookupFlag.hasRule | lookupFlag.hasPrefix | lookupFlag.suppressed;
  buffer.writeUInt32LE(32765, met + lookup.rule);
  buffer[met + lookup.prefixLength] = 24;
  buffer[alone + lookup.flags] = lookupFlag.hasRule | lookupFlag.ruleOnly;
  buffer.writeUInt32LE(5, alone + lookup.rule);
  buffer[alone + lookup.error] = 101;
  const gates = head + 3 * lookup.bytes;
  buffer.writeUInt32LE(
    (1 << layout.gate.validateSource) | (1 << layout.gate.ignore),
    gates + layout.gates.seen,
  );
  buffer.writeInt32LE(-22, gates + layout.gates.value + 4 * layout.gate.validateSource);
  buffer.writeInt32LE(99, gates + layout.gates.value + 4 * layout.gate.eventNs);
  const [pass] = decodeBatch(buffer, bytes);
  expect(pass?.lookups.map(({ seen }) => seen)).toEqual([
    { rule: 0, prefixLength: null, suppressed: false, byInput: true },
    { rule: 32765, prefixLength: 24, suppressed: true, byInput: false },
  ]);
  expect(pass?.rulesSeen).toEqual([{ rule: 5, table: 0, errno: 101 }]);
  // what no hook saw has no value, whatever lies in its place
  expect(pass?.gatesSeen).toEqual({ validateSource: -22, ignore: 0 });
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
  buffer[inBody('lookups')] = 60;
  expect(() => decodeBatch(buffer, buffer.length)).toThrow();
});
