import { describe, expect, it } from 'vitest';
import type { ChangeSeen } from '../../src/decision/change-seen.js';
import { decodeChanges } from '../../src/kernel/change-wire.js';
import { hooksOf } from '../../src/kernel/hooks.js';
import * as layout from '../../src/kernel/layout.js';
import { ChangeGroups } from '../../src/stream/changes.js';
import type { ChangeEvent } from '../../src/stream/events.js';
import { LineView } from '../../src/view/line.js';
import { validateEvent } from '../schema.js';
import { ip } from './builders.js';

const { change, changeRoute, changeRule, changeLink, changeAddress, way, what, cause } = layout;

interface Fields {
  what: number;
  cause?: number;
  device?: string;
  ns?: bigint;
  name?: string;
  pid?: number;
  kernelThread?: boolean;
  body?: (view: DataView, at: number, buffer: Buffer) => void;
}

/** A record as the kernel side writes it. */
function record(fields: Fields): Buffer {
  const buffer = Buffer.alloc(change.bytes);
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  view.setUint32(change.size, change.bytes, true);
  view.setUint16(change.version, layout.changeVersion, true);
  buffer[change.what] = fields.what;
  buffer[change.cause] = fields.cause ?? 0;
  view.setBigUint64(change.ns, fields.ns ?? 1000n, true);
  view.setUint32(change.netns, 4026532177, true);
  if (fields.device) {
    view.setUint32(change.causeIfindex, 7, true);
    buffer.write(fields.device, change.causeDevice);
  }
  view.setUint32(change.pid, fields.pid ?? 814, true);
  view.setUint32(change.parent, 810, true);
  buffer.write(fields.name ?? 'ip', change.name);
  buffer.write('ifdown', change.parentName);
  view.setUint32(change.kernelThread, fields.kernelThread ? 1 : 0, true);
  fields.body?.(view, change.body, buffer);
  return buffer;
}

function decode(...records: Buffer[]): ChangeSeen[] {
  const all = Buffer.concat(records);
  const seen: ChangeSeen[] = [];
  decodeChanges(all, all.length, seen);
  return seen;
}

/** 192.0.2.0/24 by a device of index 7 */
const route = (view: DataView, at: number, buffer: Buffer) => {
  view.setUint32(at + changeRoute.table, 90, true);
  view.setUint32(at + changeRoute.dst, ip('192.0.2.0'));
  buffer[at + changeRoute.length] = 24;
  buffer[at + changeRoute.type] = 1;
  writeWay(view, at + changeRoute.way, buffer, '10.0.0.1');
};

/** The same, gone by a flush. */
const flushed = (view: DataView, at: number, buffer: Buffer) => {
  route(view, at, buffer);
  view.setUint32(at + changeRoute.count, 1, true);
};

function writeWay(view: DataView, at: number, buffer: Buffer, gateway: string) {
  buffer[at + way.known] = 1;
  buffer[at + way.protocol] = 4;
  buffer[at + way.nexthops] = 1;
  buffer[at + way.gatewayFamily] = 2;
  view.setUint32(at + way.gateway, ip(gateway));
  view.setUint32(at + way.metric, 100, true);
  view.setUint32(at + way.ifindex, 7, true);
  buffer.write('bond0.90', at + way.device);
}

const link = (flags: number, carrier: number) => (view: DataView, at: number, buffer: Buffer) => {
  view.setUint32(at + changeLink.ifindex, 7, true);
  view.setUint32(at + changeLink.flags, flags, true);
  buffer[at + changeLink.carrier] = carrier;
  buffer.write('bond0.90', at + changeLink.name);
};

const flush = (count: number) => (view: DataView, at: number) => {
  view.setUint32(at + changeRoute.table, 90, true);
  view.setUint32(at + changeRoute.count, count, true);
};

/** Groups whose events are held against the contract, and kept. */
function groupsInto(events: ChangeEvent[], carrier: boolean | null = null): ChangeGroups {
  return new ChangeGroups(
    (inode) => ({
      netns: { inode, name: 'node0' },
      table: (id) => (id === 90 ? 'public_90' : null),
      protocol: (id) => (id === 4 ? 'static' : String(id)),
      device: () => null,
      link: (index) =>
        carrier === null
          ? null
          : { index, name: 'bond0.90', group: 0, ignoreLinkdown: false, up: true, carrier },
    }),
    (event) => {
      const whole: ChangeEvent = {
        schema: 'arpwhy.change/1',
        id: `7f3a-c${events.length + 1}`,
        host: 'node0-4f1c',
        time: '2026-11-22T03:33:01.123456789Z',
        ...event,
      };
      validateEvent(whole);
      events.push(whole);
    },
  );
}

/** What becomes of records. */
function told(records: Fields[], { lost = 0, carrier = null as boolean | null } = {}): ChangeEvent[] {
  const events: ChangeEvent[] = [];
  const groups = groupsInto(events, carrier);
  groups.lose(lost);
  groups.add(decode(...records.map(record)));
  expect(groups.close(10_000_000_000n)).toBe(false);
  return events;
}

const goesDown = { cause: cause.linkDown, device: 'bond0.90' };

describe('what hooks saw change', () => {
  it('is a flush with its routes, its cause and its process', () => {
    const [event, ...others] = told([
      { what: what.link, ...goesDown, body: link(0, 1) },
      { what: what.routeRemoved, ...goesDown, ns: 2000n, body: flushed },
      { what: what.tableFlushed, ...goesDown, ns: 3000n, body: flush(3) },
    ]);
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      fromNs: '1000',
      monotonicNs: '3000',
      evidence: 'observed',
      cause: { kind: 'link-down', device: { index: 7, name: 'bond0.90' } },
      process: { pid: 814, name: 'ip', parent: { pid: 810, name: 'ifdown' } },
      kernelThread: null,
      flushed: [{ table: { id: 90, name: 'public_90' }, routes: 3 }],
      more: 2,
      lost: 0,
    });
    expect(event?.changes).toEqual([
      {
        object: 'link',
        change: 'changed',
        text: 'bond0.90, down',
        was: 'bond0.90, up',
        device: { index: 7, name: 'bond0.90' },
        table: null,
      },
      {
        object: 'route',
        change: 'removed',
        text: '192.0.2.0/24 via 10.0.0.1 dev bond0.90 proto static metric 100',
        was: null,
        device: { index: 7, name: 'bond0.90' },
        table: { id: 90, name: 'public_90' },
      },
    ]);
  });

  it('is a count where the routes of a flush were not seen', () => {
    const [event] = told([{ what: what.tableFlushed, ...goesDown, body: flush(2) }]);
    expect(event).toMatchObject({ changes: [{ change: 'removed', text: '2 routes' }], more: 0 });
  });

  it('tells how a replaced route was', () => {
    const [event] = told([
      {
        what: what.routeReplaced,
        cause: cause.message,
        body: (view, at, buffer) => {
          route(view, at, buffer);
          writeWay(view, at + changeRoute.was, buffer, '10.0.0.2');
        },
      },
    ]);
    expect(event?.changes[0]).toMatchObject({
      change: 'changed',
      text: '192.0.2.0/24 via 10.0.0.1 dev bond0.90 proto static metric 100',
      was: '192.0.2.0/24 via 10.0.0.2 dev bond0.90 proto static metric 100',
    });
  });

  it('tells a deletion as its message said it, where no more was seen', () => {
    const [event] = told([
      {
        what: what.routeRemoved,
        cause: cause.message,
        body: (view, at, buffer) => {
          view.setUint32(at + changeRoute.table, 254, true);
          view.setUint32(at + changeRoute.dst, ip('192.0.2.0'));
          buffer[at + changeRoute.length] = 24;
        },
      },
    ]);
    expect(event?.changes[0]).toMatchObject({ text: '192.0.2.0/24', device: null });
  });

  it('is a rule as ip says it', () => {
    const [event] = told([
      {
        what: what.ruleAdded,
        cause: cause.message,
        body: (view, at, buffer) => {
          view.setUint32(at + changeRule.priority, 100, true);
          view.setUint32(at + changeRule.table, 90, true);
          buffer[at + changeRule.action] = 1;
          buffer[at + changeRule.invert] = 1;
          view.setUint32(at + changeRule.src, ip('10.0.0.0'));
          buffer[at + changeRule.srcLength] = 8;
          view.setUint32(at + changeRule.mark, 1, true);
          view.setUint32(at + changeRule.markMask, 0xff, true);
          view.setUint32(at + changeRule.uid + 4, 0xffffffff, true);
          view.setInt32(at + changeRule.suppressPrefixLength, 0, true);
          view.setInt32(at + changeRule.suppressGroup, -1, true);
          view.setUint16(at + changeRule.dport, 53, true);
          view.setUint16(at + changeRule.dport + 2, 54, true);
          buffer.write('bond0.90', at + changeRule.iif);
        },
      },
    ]);
    expect(event?.changes[0]?.text).toBe(
      '100: not from 10.0.0.0/8 fwmark 0x1/0xff iif bond0.90 dport 53-54 suppress_prefixlength 0 lookup public_90',
    );
  });

  it('is an address', () => {
    const [event] = told([
      {
        what: what.addressRemoved,
        cause: cause.addressRemoved,
        device: 'bond0.90',
        body: (view, at, buffer) => {
          view.setUint32(at + changeAddress.ip, ip('10.0.0.2'));
          view.setUint32(at + changeAddress.peer, ip('10.0.0.2'));
          view.setUint32(at + changeAddress.ifindex, 7, true);
          buffer[at + changeAddress.length] = 24;
          buffer.write('bond0.90', at + changeAddress.device);
        },
      },
    ]);
    expect(event?.changes[0]).toMatchObject({ change: 'removed', text: '10.0.0.2/24 dev bond0.90' });
  });

  const carrier = { what: what.link, cause: cause.carrier, device: 'bond0.90' };

  it('names no process for a carrier, whoever asked when the kernel noticed', () => {
    const [event] = told([{ ...carrier, name: 'snmpd', body: link(1, 0) }], { carrier: true });
    expect(event).toMatchObject({
      cause: { kind: 'carrier-lost' },
      process: null,
      kernelThread: null,
      changes: [{ text: 'bond0.90, up, no carrier', was: 'bond0.90, up' }],
    });
    const [worker] = told([{ ...carrier, name: 'kworker/0:1', kernelThread: true, body: link(1, 0) }]);
    expect(worker).toMatchObject({ process: null, kernelThread: 'kworker/0:1', changes: [{ was: null }] });
  });

  it('is nothing where the kernel announced a link that had not moved', () => {
    expect(told([{ ...carrier, body: link(1, 0) }], { carrier: false })).toEqual([]);
    expect(told([{ ...carrier, body: link(1, 1) }], { carrier: true })).toEqual([]);
    expect(told([{ ...carrier, body: link(1, 1) }])).toEqual([]);
  });

  it('is one event as long as one process does it for one cause, and nothing comes between', () => {
    const message = { what: what.routeAdded, cause: cause.message, body: route };
    const events = told([
      { ...message, ns: 1n },
      { ...message, ns: 2n },
      { ...message, ns: 3n, pid: 900, name: 'bird' },
      { ...message, ns: 4n },
      { what: what.link, ...goesDown, ns: 5n, body: link(0, 1) },
      { what: what.link, cause: cause.linkUp, device: 'bond0.90', ns: 6n, body: link(1, 1) },
      { what: what.link, ...goesDown, ns: 7n, body: link(0, 1) },
    ]);
    expect(events.map(({ fromNs, changes }) => [fromNs, changes.length])).toEqual([
      ['1', 2],
      ['3', 1],
      ['4', 1],
      ['5', 1],
      ['6', 1],
      ['7', 1],
    ]);
  });

  it('waits for the end of a flush, and not for much else', () => {
    const events: ChangeEvent[] = [];
    const groups = groupsInto(events);
    groups.add(decode(record({ what: what.routeRemoved, ...goesDown, ns: 1000n, body: flushed })));
    expect(groups.close(100_000_000n)).toBe(true);
    groups.add(decode(record({ what: what.tableFlushed, ...goesDown, ns: 100_000_000n, body: flush(1) })));
    expect(groups.close(110_000_000n)).toBe(true);
    expect(groups.close(130_000_000n)).toBe(false);
    expect(events).toMatchObject([{ changes: [{ change: 'removed' }], flushed: [{ routes: 1 }], more: 0 }]);
  });

  it('lists 200 of very many, and counts the rest; what was lost is told once', () => {
    const many = Array.from({ length: 250 }, (_, i) => ({
      what: what.routeAdded,
      cause: cause.message,
      ns: BigInt(i),
      body: route,
    }));
    const [event, next] = told([...many, { what: what.link, ...goesDown, ns: 999n, body: link(0, 1) }], {
      lost: 12,
    });
    expect(event).toMatchObject({ more: 50, lost: 12 });
    expect(event?.changes).toHaveLength(200);
    expect(next?.lost).toBe(0);
  });

  it('is told to people with who did it, names escaped', () => {
    const [event] = told([
      { what: what.link, ...goesDown, name: 'ip\x1b[31m', body: link(0, 1) },
      { what: what.routeRemoved, ...goesDown, name: 'ip\x1b[31m', body: flushed },
      { what: what.tableFlushed, ...goesDown, name: 'ip\x1b[31m', body: flush(1) },
    ]);
    const text = new LineView({ utc: true }).change(event as ChangeEvent);
    expect(
      text
        .split('\n')
        .slice(1)
        .map((line) => line.trim()),
    ).toEqual([
      '03:33:01.123 node0  CHANGED link changed: bond0.90, down (was bond0.90, up)',
      'route removed: 192.0.2.0/24 via 10.0.0.1 dev bond0.90 proto static metric 100, table public_90',
      'flushed 1 route of table public_90',
      'because bond0.90 went down, by ip\\u{1b}[31m (pid 814), started by ifdown (pid 810)',
      '',
    ]);
  });

  it.each(['trampoline', 'kprobe'] as const)(
    'begins nothing in the %s tier that is not seen to end',
    (tier) => {
      const hooks = hooksOf(tier);
      const pairs = hooks.filter(({ needs }) => needs !== undefined);
      expect(pairs.length).toBeGreaterThanOrEqual(5);
      for (const hook of pairs) {
        const before = hooks.slice(0, hooks.indexOf(hook)).map(({ name }) => name);
        expect(before).toContain(hook.needs);
      }
    },
  );

  it('is refused where a record is cut, or of another version', () => {
    const other = record({ what: what.link });
    other[change.version] = 99;
    expect(() => decode(other)).toThrow('version 99');
    expect(() => decode(record({ what: what.link }).subarray(0, 40))).toThrow('a change record of');
  });
});
