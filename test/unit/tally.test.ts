import { describe, expect, it } from 'vitest';
import { formatIp, parseIp, parsePrefix } from '../../src/decision/addresses.js';
import { AddressTable, Budget } from '../../src/decision/tally/address-table.js';
import { type MarkContext, marksOf } from '../../src/decision/tally/marks.js';
import { type Order, sortRows } from '../../src/decision/tally/order.js';
import type { Row } from '../../src/decision/tally/row.js';
import { Tally, type TallyLimits } from '../../src/decision/tally/tally.js';
import type { Decision, DecisionStep, Prefix } from '../../src/decision/types.js';
import { matched, missed, replied } from './example.js';

const ip = (text: string) => parseIp(text) as number;

interface Asked {
  target?: string;
  sender?: string;
  senderMac?: string;
  device?: number;
  mac?: string;
}

/** A decision about another request, for the reason of the example unless told. */
function asked(
  { target = '192.0.2.99', sender = '192.0.2.1', ...rest }: Asked,
  of: Decision = replied,
): Decision {
  return {
    ...of,
    device: rest.device === undefined ? of.device : { index: rest.device, name: `eth${rest.device}` },
    reply: rest.mac === undefined ? of.reply : { mac: rest.mac, latencyNs: 1 },
    request: {
      ...of.request,
      sender: { ip: sender, mac: rest.senderMac ?? '02:00:00:00:00:99' },
      target: { ip: target },
    },
  };
}

const route = matched.route as NonNullable<DecisionStep['route']>;
const withPrefix = (prefix: string, of: Decision = replied): Decision => ({
  ...of,
  steps: [{ ...matched, route: { ...route, prefix } }],
  because: 0,
});
const silent = (reason: string, prefix = '192.0.2.0/24'): Decision => {
  const of = withPrefix(prefix);
  return { ...of, reply: null, verdict: { ...of.verdict, action: 'silent', reason, deferredNs: null } };
};
/** The guest that the host is to answer for. */
const guest = withPrefix('192.0.2.10/32');

function tallyOf(list: [Decision, number][], limits?: TallyLimits): Tally {
  const tally = new Tally(limits);
  for (const [decision, now] of list) tally.add(decision, now);
  return tally;
}

function rowOf(tally: Tally, action: string, reason?: string): Row {
  const row = [...tally.rows()].find(
    ({ first: { verdict } }) => verdict.action === action && (reason ?? verdict.reason) === verdict.reason,
  );
  if (!row) throw new Error(`there is no row ${action} ${reason ?? ''}`);
  return row;
}

const context = (more: Partial<MarkContext> = {}): MarkContext => ({
  now: 0,
  subnets: () => null,
  mayBeOld: false,
  ...more,
});
const codes = (row: Row, more?: Partial<MarkContext>) => marksOf(row, context(more)).map(({ code }) => code);

describe('AddressTable', () => {
  it('counts each address, with who stood on the other side at last', () => {
    const table = new AddressTable(100_000, new Budget(100_000));
    const addresses = Array.from({ length: 10_000 }, (_, i) => (i * 2654435761) >>> 0);
    for (const [i, one] of addresses.entries()) expect(table.add(one, i, i)).toBe(true);
    for (const [i, one] of addresses.entries()) if (i % 2) expect(table.add(one, 7, 20_000)).toBe(false);
    expect(table.size).toBe(10_000);
    expect(table.complete).toBe(true);
    expect(table.get(addresses[1] as number)).toEqual({
      ip: addresses[1],
      count: 2,
      firstMs: 1,
      lastMs: 20_000,
      peer: 7,
    });
    expect(table.get(addresses[2] as number)).toMatchObject({ count: 1, lastMs: 2, peer: 2 });
    expect([...table].reduce((sum, { count }) => sum + count, 0)).toBe(15_000);
    expect(new Set([...table].map((one) => one.ip)).size).toBe(10_000);
  });

  it('knows the first and the last address that there are', () => {
    const table = new AddressTable(10, new Budget(10));
    for (const text of ['0.0.0.0', '255.255.255.255']) {
      expect(table.has(ip(text))).toBe(false);
      table.add(ip(text), 0, 0);
      expect(table.has(ip(text))).toBe(true);
    }
    expect([...table].map((one) => formatIp(one.ip)).sort()).toEqual(['0.0.0.0', '255.255.255.255']);
  });

  it('stops at its limit, and says so', () => {
    const table = new AddressTable(3, new Budget(100));
    for (let i = 0; i < 3; i++) table.add(i, 0, 0);
    expect(table.complete).toBe(true);
    expect(table.add(3, 0, 0)).toBe(false);
    expect(table.add(1, 0, 0)).toBe(false);
    expect([table.size, table.complete, table.has(3), table.get(1)?.count]).toEqual([3, false, false, 2]);
  });

  it('shares a budget with others, and gives it back', () => {
    const budget = new Budget(4);
    const [a, b] = [new AddressTable(10, budget), new AddressTable(10, budget)];
    for (let i = 0; i < 3; i++) a.add(i, 0, 0);
    expect([b.add(1, 0, 0), b.add(2, 0, 0), b.complete]).toEqual([true, false, false]);
    a.release();
    expect(b.add(2, 0, 0)).toBe(true);
  });

  it('takes over what another one counted', () => {
    const budget = new Budget(100);
    const [a, b] = [new AddressTable(10, budget), new AddressTable(1, budget)];
    a.add(1, 5, 100);
    b.add(1, 6, 50);
    b.add(2, 0, 0);
    a.addAll(b);
    expect(a.get(1)).toEqual({ ip: 1, count: 2, firstMs: 50, lastMs: 100, peer: 5 });
    expect(a.complete).toBe(false);
  });
});

describe('Tally', () => {
  it('counts by group, and keeps addresses apart', () => {
    const tally = tallyOf([
      [asked({ target: '192.0.2.10' }, guest), 0],
      [asked({ target: '192.0.2.10', sender: '192.0.2.2' }, guest), 1000],
      [asked({ target: '192.0.2.99' }), 2000],
      [asked({ target: '192.0.2.98' }), 3000],
      [silent('no-route'), 4000],
    ]);
    const rows = [...tally.rows()].map((row) => [row.count, row.targets.size, row.senders.size]);
    expect(rows).toEqual([
      [2, 1, 2],
      [2, 2, 1],
      [1, 1, 1],
    ]);
    expect(tally.totals).toEqual({ replied: 4, silent: 1, dropped: 0, unknown: 0, all: 5 });
    expect(rowOf(tally, 'replied', 'proxy-arp').last.request.sender.ip).toBe('192.0.2.2');
  });

  it('counts no deferral: its decision comes later', () => {
    const deferred = { ...replied, verdict: { ...replied.verdict, action: 'deferred' as const } };
    expect(tallyOf([[deferred, 0]]).totals.all).toBe(0);
  });

  it('remembers how long requests were deferred', () => {
    const after = (deferredNs: number | null) => ({
      ...replied,
      verdict: { ...replied.verdict, deferredNs },
    });
    const tally = tallyOf([null, 400, 100, 800].map((ns) => [after(ns), 0]));
    expect(rowOf(tally, 'replied').deferral).toEqual({ count: 3, minNs: 100, maxNs: 800 });
  });

  it('works out rates from tick to tick', () => {
    const tally = new Tally();
    let now = 0;
    for (let second = 0; second < 20; second++) {
      tally.tick(now);
      for (let i = 0; i < 10; i++) tally.add(replied, now + i * 100);
      if (second >= 18) for (let i = 0; i < 5; i++) tally.add(guest, now);
      now += 1000;
    }
    const [rogue, late] = [...tally.rows()] as [Row, Row];
    expect(tally.rate(rogue, now)).toBe(10);
    expect(tally.rate(late, now)).toBe(2);
    expect(tally.totalRate(now)).toBe(12);
    for (let i = 0; i < 6; i++) tally.tick(now + i * 1000);
    expect(tally.rate(rogue, now + 5000)).toBe(0);
  });

  it('keeps the last decisions of a row: in a storm not all of the same moment', () => {
    const tally = new Tally();
    for (let i = 0; i < 10_000; i++) tally.add({ ...replied, id: `7f3a-${i}` }, i);
    const ids = rowOf(tally, 'replied').recent.map(({ id }) => Number(id.slice(5)));
    expect(ids).toHaveLength(8);
    expect(ids.at(-1)).toBe(9999);
    expect((ids[7] as number) - (ids[0] as number)).toBeGreaterThan(1000);
  });

  it('is bounded by its rows: the rest is counted together, and answers stay', () => {
    const limits = { rows: 64, addresses: 500, addressesPerRow: 100 };
    const tally = new Tally(limits);
    tally.add(asked({ target: '192.0.2.99' }), 0);
    const count = 5000;
    for (let i = 0; i < count; i++) {
      const prefix = `10.${i >> 8}.${i & 255}.0/24`;
      tally.add(asked({ target: `10.${i >> 8}.${i & 255}.7` }, silent('no-route', prefix)), i);
    }
    const rows = [...tally.rows()];
    expect(rows.length).toBeLessThanOrEqual(65);
    expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(count + 1);
    expect(rows.reduce((sum, row) => sum + row.targets.size, 0)).toBeLessThanOrEqual(500);
    const [rest] = rows.filter(({ merged }) => merged > 0);
    expect(rest?.count).toBeGreaterThan(count - 64);
    expect(rest?.merged).toBe(rest?.count);
    expect(rest?.targets).toMatchObject({ size: 100, complete: false });
    expect(rowOf(tally, 'replied').merged).toBe(0);
    expect(tally.hasRestFor(rows.find(({ first }) => first.verdict.action === 'silent') as Row)).toBe(true);
    expect(tally.hasRestFor(rowOf(tally, 'replied'))).toBe(false);
  });
});

describe('marks', () => {
  it('an answer because of a default route, from a table that the rule of the device does not name', () => {
    const tally = tallyOf([[replied, 0]]);
    expect(marksOf(rowOf(tally, 'replied'), context())).toMatchObject([
      { code: 'default-route' },
      { code: 'other-table', named: { table: { name: 'public_90' } } },
    ]);
  });

  it.each<[string, Decision]>([
    ['a route of its own', guest],
    ['silence', silent('same-device', '0.0.0.0/0')],
    ['what is not proven', withPrefix(null as never)],
    ['no lookup', { ...replied, because: null }],
    [
      'a rule that takes all but this device',
      {
        ...replied,
        steps: [
          missed(90, 'public_90', 32765, 'not iif bond0.90'),
          { ...matched, route: { ...route, prefix: '10.0.0.0/8' } },
        ],
        because: 1,
      },
    ],
    [
      'a second table that a rule names for the device',
      {
        ...replied,
        steps: [
          missed(90, 'public_90', 100, 'iif bond0.90'),
          {
            ...matched,
            rule: { priority: 200, selector: 'from 192.0.2.0/24 iif bond0.90' },
            route: { ...route, prefix: '10.0.0.0/8' },
          },
        ],
        because: 1,
      },
    ],
  ])('none for %s', (_, decision) => {
    expect(codes(rowOf(tallyOf([[decision, 0]]), decision.verdict.action))).toEqual([]);
  });

  it('a prefix wider than every subnet of the device', () => {
    const row = (prefix: string) => rowOf(tallyOf([[withPrefix(prefix), 0]]), 'replied');
    const subnets = ['192.0.2.0/24', '10.1.0.0/16'].map((text) => parsePrefix(text) as Prefix);
    const wide = { subnets: () => subnets };
    expect(marksOf(row('10.0.0.0/8'), context(wide))).toEqual([
      { code: 'wide-prefix', weight: 2, subnet: parsePrefix('10.1.0.0/16') },
    ]);
    expect(codes(row('172.16.0.0/16'), wide)).toEqual([]);
    expect(codes(row('10.0.0.0/8'), { subnets: () => [] })).toEqual([]);
    expect(codes(row('10.0.0.0/8'))).toEqual([]);
    const asks = { subnets: () => expect.fail('nobody has to know') };
    expect(codes(row('192.0.2.10/32'), asks)).toEqual([]);
    expect(codes(row('0.0.0.0/0'), asks)).toEqual(['default-route']);
  });

  it('what appears on a device that was watched for a while, for a minute', () => {
    const tally = tallyOf([
      [guest, 5000],
      [silent('no-route'), 14_999],
      [asked({ target: '192.0.2.11' }, withPrefix('192.0.2.11/32')), 15_000],
      [silent('unreachable'), 16_000],
      [asked({ device: 9 }, guest), 17_000],
    ]);
    const rows = [...tally.rows()];
    const fresh = (now: number) => rows.map((row) => codes(row, { now }).includes('new'));
    expect(fresh(17_000)).toEqual([false, false, true, true, false]);
    expect(fresh(74_999)).toEqual([false, false, true, true, false]);
    expect(fresh(75_000)).toEqual([false, false, false, true, false]);
    expect(codes(rows[2] as Row, { now: 17_000, mayBeOld: true })).toEqual([]);
  });

  it('addresses that the same sender was told otherwise about before', () => {
    const tally = tallyOf([
      [asked({ target: '192.0.2.99' }, silent('same-device')), 0],
      [asked({ target: '192.0.2.98' }, silent('same-device')), 0],
      [asked({ target: '192.0.2.97', sender: '192.0.2.2' }, silent('same-device')), 0],
      [asked({ target: '192.0.2.96' }, silent('arp-ignore')), 0],
      [asked({ target: '192.0.2.99' }), 1],
      [asked({ target: '192.0.2.98' }), 1],
      [asked({ target: '192.0.2.97' }), 1],
      [asked({ target: '192.0.2.96' }), 1],
      [asked({ target: '192.0.2.99' }), 2],
    ]);
    expect(marksOf(rowOf(tally, 'replied'), context())[0]).toMatchObject({
      code: 'turned',
      addresses: 2,
      from: { verdict: { reason: 'same-device' } },
    });
    // it is told by the row that came later
    expect(codes(rowOf(tally, 'silent', 'same-device'))).toEqual([]);
  });

  it('addresses that are not answered any more, but not where the answer was wrong', () => {
    const turned = (before: Decision) =>
      codes(
        rowOf(
          tallyOf([
            [before, 0],
            [silent('no-route'), 1],
          ]),
          'silent',
        ),
      );
    expect(turned(asked({ target: '192.0.2.77' }, guest))).toEqual(['turned']);
    expect(turned(asked({ target: '192.0.2.77' }))).toEqual([]);
  });

  it('an address that another MAC has, whoever spoke first', () => {
    const owner = asked(
      { sender: '192.0.2.99', senderMac: '02:00:00:00:00:07', target: '192.0.2.10' },
      guest,
    );
    const claim = asked({ target: '192.0.2.99' });
    for (const list of [
      [owner, claim],
      [claim, owner],
    ]) {
      const tally = tallyOf(list.map((one) => [one, 0]));
      const row = [...tally.rows()].find(({ first }) => first.because === 2) as Row;
      expect(marksOf(row, context()).find(({ code }) => code === 'rival')).toMatchObject({
        addresses: 1,
        ip: ip('192.0.2.99'),
        mac: '02:00:00:00:00:07',
      });
    }
  });

  it('none where it asks on another device, or is the one that answers', () => {
    const claim = asked({ target: '192.0.2.99' });
    const [target, sender] = ['192.0.2.10', '192.0.2.99'];
    const elsewhere = asked({ target, sender, senderMac: '02:00:00:00:00:07', device: 9 }, guest);
    const own = asked({ target, sender, senderMac: 'a0:36:9f:59:be:ef' }, guest);
    for (const other of [elsewhere, own]) {
      for (const row of tallyOf([
        [claim, 0],
        [other, 0],
      ]).rows())
        expect(row.rivals.size).toBe(0);
    }
  });

  it('an address that this host answers for with two MACs, to the same asker', () => {
    const eth0 = asked({ device: 3, mac: '02:00:00:00:00:03' }, guest);
    const eth1 = asked({ device: 4, mac: '02:00:00:00:00:04' }, guest);
    const both = [
      ...tallyOf([
        [eth0, 0],
        [eth1, 0],
      ]).rows(),
    ];
    expect(both.map(({ rivals }) => rivals.get(ip('192.0.2.99')))).toEqual([
      '02:00:00:00:00:04',
      '02:00:00:00:00:03',
    ]);
    const stranger = asked({ device: 4, mac: '02:00:00:00:00:04', senderMac: '02:00:00:00:00:55' }, guest);
    for (const row of tallyOf([
      [eth0, 0],
      [stranger, 0],
    ]).rows())
      expect(row.rivals.size).toBe(0);
  });
});

describe('sortRows', () => {
  const tally = tallyOf([
    [asked({ target: '192.0.2.7' }, { ...guest, verdict: { ...guest.verdict, reason: 'local-address' } }), 0],
    [asked({ target: '192.0.2.8' }, silent('no-route')), 100],
    [asked({ target: '192.0.2.6' }, silent('no-route')), 200],
    [asked({ target: '192.0.2.6', sender: '192.0.2.2' }, silent('no-route')), 300],
    [asked({ target: '192.0.2.10' }, guest), 400],
    [asked({ target: '192.0.2.10', device: 9 }, guest), 500],
    [replied, 600],
  ]);
  const ranked = (fade: (row: Row) => boolean = () => false) =>
    [...tally.rows()].map((row) => ({
      row,
      count: row.count,
      lastMs: row.lastMs,
      targets: row.targets,
      senders: row.senders,
      rate: row.count,
      weight: marksOf(row, context()).reduce((sum, { weight }) => sum + weight, 0),
      faded: fade(row),
    }));
  const names = (order: Order, reversed = false, fade?: (row: Row) => boolean) =>
    sortRows(ranked(fade), order, reversed).map(({ row }) =>
      row.first.because === 2 ? 'rogue' : `${row.first.device.index} ${row.first.verdict.reason}`,
    );

  it('puts first what matters first, and last what has not been seen for a while', () => {
    expect(names('alarm')).toEqual(['rogue', '2 proxy-arp', '9 proxy-arp', '2 local-address', '2 no-route']);
    expect(names('alarm', false, (row) => row.first.because === 2).at(-1)).toBe('rogue');
  });

  it.each<[Order, string]>([
    ['rate', '2 no-route'],
    ['count', '2 no-route'],
    ['last', 'rogue'],
    ['first', 'rogue'],
    ['name', '2 local-address'],
    ['targets', '2 no-route'],
    ['senders', '2 no-route'],
  ])('by %s', (order, first) => {
    expect(names(order)[0]).toBe(first);
    expect(names(order, true)).not.toEqual(names(order));
  });
});
