import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/decision/changes.js';
import type { Entry } from '../../src/recording/reader.js';
import {
  asked,
  at,
  changed,
  elsewhere,
  find,
  guest,
  own,
  rogue,
  subnetRoute,
  type Way,
} from './support/told.js';

/** Of this table, with a metric that is not the used route's. */
const noise: Partial<Change> = { ...elsewhere, text: '0.0.0.0/0 via 10.0.0.1 dev bond0 metric 500' };
const main = { id: 254, name: 'main' };
const hostRoute = (change: 'removed' | 'added', ip: string): Partial<Change> => ({
  change,
  text: `${ip}/32 dev tap0`,
  table: { id: 90, name: 'public_90' },
});
const ofGuest = (ip: string): Way => ({ ...guest(), route: { ...guest().route, prefix: `${ip}/32` } });
const unproven: Way = { ...rogue(), route: { ...rogue().route, prefix: null } };

function head(seconds: number, trace: string, segment: number): Entry {
  const event = {
    schema: 'arpwhy.recording/1' as const,
    ...{
      format: '2.0',
      version: '0.1.0',
      host: 'node0-4f1c',
      trace,
      segment,
      time: '',
      recordVersion: 4,
      command: '',
    },
  };
  return { timeNs: at(seconds), event, bytes: Buffer.alloc(0), evidence: null };
}

function close(seconds: number, trace: string, segment: number): Entry {
  const event = {
    schema: 'arpwhy.close/1' as const,
    ...{ host: 'node0-4f1c', trace, segment, time: '', why: 'rotated', decisions: 1 },
  };
  return { timeNs: at(seconds), event, bytes: Buffer.alloc(0), evidence: null };
}

describe('the cause', () => {
  it('is not hidden by a decision that was not proven, which leads another way', () => {
    const moved: Way = { ...rogue(), route: { prefix: '0.0.0.0/0', gateway: '10.0.0.1' } };
    const { paragraphs } = find([
      asked(1, '192.0.2.10', { ...ofGuest('192.0.2.10'), rule: 32766, table: [254, 'main'] }),
      changed(10, [{ ...hostRoute('removed', '192.0.2.10'), table: main }]),
      asked(10.2, '192.0.2.10', { ...moved, route: { ...moved.route, prefix: null } }),
      asked(12, '192.0.2.10', moved),
      asked(13, '192.0.2.10', moved),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:10\.0 table main lost 1 route \(192\.0\.2\.10\/32/);
    expect(paragraphs[0]).toContain('From 03:30:10.2 on');
    expect(paragraphs[0]).toContain('because of 0.0.0.0/0 via 10.0.0.1');
    expect(paragraphs[0]).not.toContain('whose prefix is not proven');
    expect(paragraphs[0]).toContain('1 of these decisions is not proven to come of that route');
  });

  it('is each address by its own, where they moved by changes of their own', () => {
    const silent = own();
    const { paragraphs } = find([
      asked(1, '192.0.2.10', ofGuest('192.0.2.10')),
      asked(1, '192.0.2.11', ofGuest('192.0.2.11')),
      changed(10, [hostRoute('removed', '192.0.2.10')]),
      asked(11, '192.0.2.10', silent),
      changed(20, [hostRoute('removed', '192.0.2.11')]),
      asked(21, '192.0.2.11', silent),
      changed(30, [hostRoute('added', '192.0.2.10')]),
      asked(31, '192.0.2.10', ofGuest('192.0.2.10')),
      changed(40, [hostRoute('added', '192.0.2.11')]),
      asked(41, '192.0.2.11', ofGuest('192.0.2.11')),
    ]);
    const [text] = paragraphs;
    expect(text).toContain(
      '1 of them (192.0.2.11) moved from 03:30:21.0 on, after this: 03:30:20.0 table public_90 lost 1 route (192.0.2.11/32',
    );
    expect(text).toContain(
      '1 of them (192.0.2.11) did so from 03:30:41.0 on, after this: 03:30:40.0 table public_90 got 1 route (192.0.2.11/32',
    );
  });

  it.each<[string, Partial<Change>, RegExp]>([
    [
      'a narrower route',
      { ...subnetRoute('added'), text: 'throw 192.0.2.64/26 proto boot' },
      /^03:30:10\.0 table public_90 got 1 route \(throw 192\.0\.2\.64\/26\)\. From/,
    ],
    [
      'a rule that is asked before',
      { object: 'rule', change: 'added', text: '50: iif bond0.90 goto 32766', table: null },
      /^03:30:10\.0 rule 50: iif bond0\.90 goto 32766 was added/,
    ],
  ])('is %s, and no other route of the prefix', (_case, change, words) => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      changed(10, [change]),
      changed(10.4, [noise]),
      asked(11, '192.0.2.77', { ...rogue(), route: { ...rogue().route, metric: 0 } }),
    ]);
    expect(paragraphs[0]).toMatch(words);
  });

  it('is the route to the sender, where validation of the source decided', () => {
    const invalid: Way = { ...rogue(), action: 'silent', reason: 'source-invalid' };
    const { paragraphs } = find([
      asked(1, '203.0.113.7', rogue()),
      changed(10, [{ ...subnetRoute('removed'), table: main }]),
      asked(11, '203.0.113.7', invalid),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:10\.0 table main lost 1 route \(192\.0\.2\.0\/24/);
  });

  it('is never among the rest of a change with many parts', () => {
    const links = ['p1', 'p2', 'p3', 'p4', 'p5'].map(
      (name): Partial<Change> => ({
        object: 'link',
        change: 'added',
        text: `${name}, up`,
        device: { index: 20, name },
      }),
    );
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      changed(10, [...links, subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:10\.0 .*table public_90 lost 1 route .*; and 2 more\. From/);
  });

  it('is a setting that the decisions show, where the change that has it does not tell its value', () => {
    const { paragraphs } = find([
      asked(1, '203.0.113.7', rogue(), { settings: { proxy_arp: { all: 0, dev: 1 } } }),
      changed(10, [{ object: 'setting', change: 'added', text: 'net/ipv4/conf/bond0.90/proxy_arp = 0' }]),
      asked(
        11,
        '203.0.113.7',
        { ...rogue(), action: 'silent', reason: 'proxy-arp-off' },
        { settings: { proxy_arp: { all: 0, dev: 0 } } },
      ),
    ]);
    expect(paragraphs[0]).toContain('net/ipv4/conf/bond0.90/proxy_arp went from 1 to 0');
  });

  it('may lie in a gap between files', () => {
    const { paragraphs, caveats } = find([
      head(0, 'a', 1),
      asked(1, '192.0.2.77', own()),
      close(2, 'a', 1),
      head(20, 'a', 3),
      changed(20.5, [noise]),
      asked(21, '192.0.2.77', { ...rogue(), route: { ...rogue().route, metric: 0 } }),
      asked(22, '192.0.2.78', { ...rogue(), route: { ...rogue().route, metric: 0 } }),
    ]);
    expect(paragraphs[0]).toContain('The recording has a gap in this time: what moved it may lie there.');
    expect(paragraphs[0]).toContain('no earlier request for them is in this recording');
    expect(caveats).toContain(
      '1 file of the recording of node0-4f1c is missing: nothing is known of what was between 03:30:02.0 and 03:30:20.0.',
    );
  });

  it('is not counted twice without a word, where two recordings of a host overlap', () => {
    const { caveats } = find([
      head(0, 'a', 1),
      asked(1, '192.0.2.77', own()),
      head(2, 'b', 1),
      // whoever wrote either was killed
      asked(2.5, '192.0.2.77', own(), { trace: 'b' }),
      asked(3, '192.0.2.77', own()),
    ]);
    expect(caveats).toContain('Two recordings of node0-4f1c overlap: what both hold is counted twice.');
  });
});

describe('the end', () => {
  const restored = changed(30, [subnetRoute('added')]);
  const began = [
    asked(1, '192.0.2.77', own()),
    asked(1, '192.0.2.77', own(), { sender: '192.0.2.2' }),
    changed(10, [subnetRoute('removed')]),
    asked(11, '192.0.2.77', rogue()),
  ];

  it('is seen by one sender, where another one asked no more', () => {
    const { headline, paragraphs } = find([
      ...began,
      asked(12, '192.0.2.77', rogue(), { sender: '192.0.2.2' }),
      restored,
      asked(31, '192.0.2.77', own()),
      asked(32, '192.0.2.77', own()),
    ]);
    expect(headline).not.toContain('not seen to end');
    expect(paragraphs[0]).toContain(
      'as before (same-device) after this: 03:30:30.0 table public_90 got 1 route',
    );
  });

  it('is not what others were told, for whom it may never have moved', () => {
    const { headline, paragraphs } = find([
      ...began,
      restored,
      asked(31, '192.0.2.77', own(), { sender: '192.0.2.2' }),
    ]);
    expect(headline).toContain('; that was not seen to end');
    expect(paragraphs[0]).toContain(
      'Others, who asked for 1 of these addresses later, were told as before, last at 03:30:31.0',
    );
  });

  it('is seen of addresses that had no before', () => {
    const { headline, paragraphs } = find([
      ...began,
      asked(12, '192.0.2.78', rogue()),
      restored,
      asked(31, '192.0.2.78', own()),
    ]);
    expect(headline).toContain('; that was seen to end for some');
    expect(paragraphs[0]).toContain(
      'Of those that had no before, 1 address was decided otherwise from 03:30:31.0 on.',
    );
  });

  it('of silence tells what else it was silent by', () => {
    const off: Way = { ...own(), reason: 'forwarding-off' };
    const { paragraphs } = find([
      asked(1, '192.0.2.10', ofGuest('192.0.2.10')),
      changed(10, [hostRoute('removed', '192.0.2.10')]),
      asked(11, '192.0.2.10', own()),
      asked(12, '192.0.2.10', off),
      asked(13, '192.0.2.10', off),
    ]);
    expect(paragraphs[0]).toContain('3 requests), of these 2 because of forwarding-off');
  });
});

describe('what is counted', () => {
  it('leaves out what was answered so already before the change', () => {
    const { headline, paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      asked(5, '203.0.113.5', rogue()),
      asked(6, '203.0.113.5', rogue()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
    ]);
    expect(headline).not.toContain('more that nobody');
    expect(paragraphs[0]).toContain('(0.0 s, 1 request)');
  });

  it('does not make nothing of what met a full queue', () => {
    const full: Way = { ...guest(), action: 'dropped', reason: 'proxy-queue-full' };
    const { headline, caveats } = find([
      asked(1, '192.0.2.10', guest()),
      asked(2, '192.0.2.10', guest()),
      asked(3, '192.0.2.10', full),
    ]);
    expect(headline).not.toContain('Nothing happened');
    expect(caveats).toContain(
      '1 request met a full queue or neighbour table, or came in a frame that was malformed or for another host: such answers are not compared with others.',
    );
  });

  it('is of the route that was proven later, too', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', unproven),
      asked(12, '192.0.2.77', rogue()),
    ]);
    expect(paragraphs[0]).toContain('was answered because of 0.0.0.0/0 via 10.0.0.1');
  });
});

describe('what moved with others', () => {
  const byRule: Partial<Change> = {
    object: 'rule',
    change: 'added',
    text: '50: from all goto 32766',
    table: null,
  };

  it('by a rule is explained by it, whatever came later', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.10', own()),
      asked(1, '192.0.2.11', own()),
      changed(10, [byRule]),
      asked(11, '192.0.2.10', rogue()),
      changed(500, [subnetRoute('removed')]),
      asked(600, '192.0.2.11', rogue()),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:10\.0 rule 50: from all goto 32766 was added/);
    expect(paragraphs[0]).not.toContain('03:38:20');
  });

  it('does not hide the cause of the first one', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.10', own()),
      changed(5, [{ ...byRule, text: '60: from 192.0.2.1 goto 32766' }]),
      asked(8, '192.0.2.11', own(), { sender: '192.0.2.2' }),
      asked(10, '192.0.2.10', rogue()),
      changed(20, [{ ...byRule, text: '61: from 192.0.2.2 goto 32766' }]),
      asked(21, '192.0.2.11', rogue(), { sender: '192.0.2.2' }),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:05\.0 rule 60: from 192\.0\.2\.1 goto 32766 was added/);
  });

  it('is counted by itself: not what was answered so before, and went on', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      asked(5, '203.0.113.5', rogue()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
      asked(12, '203.0.113.5', rogue()),
      asked(15, '203.0.113.5', rogue()),
    ]);
    expect(paragraphs[0]).toContain('The last such decision is of 03:30:11.0 (0.0 s, 1 request)');
  });

  it('is not told by a route that cannot lead there', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.10', own()),
      changed(10, [hostRoute('added', '192.0.2.10')]),
      asked(11, '192.0.2.10', rogue()),
    ]);
    expect(paragraphs[0]).toMatch(/^No change that touches what decided was seen/);
  });

  it('in two steps names both', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.10', ofGuest('192.0.2.10')),
      changed(10, [hostRoute('removed', '192.0.2.10')]),
      changed(40, [subnetRoute('removed')]),
      asked(41, '192.0.2.10', rogue()),
    ]);
    expect(paragraphs[0]).toContain('03:30:10.0 table public_90 lost 1 route (192.0.2.10/32');
    expect(paragraphs[0]).toContain('03:30:40.0 table public_90 lost 1 route (192.0.2.0/24');
  });

  it('ends by what undoes its last reason', () => {
    const invalid: Way = { ...rogue(), action: 'silent', reason: 'source-invalid' };
    const { paragraphs } = find([
      asked(1, '203.0.113.7', rogue()),
      changed(10, [{ ...subnetRoute('added'), text: '203.0.113.0/24 dev bond0.90', table: main }]),
      asked(11, '203.0.113.7', { ...own(), table: [254, 'main'] }),
      asked(12, '203.0.113.7', invalid),
      changed(30, [{ ...subnetRoute('added'), table: main }]),
      asked(31, '203.0.113.7', rogue()),
    ]);
    expect(paragraphs[0]).toContain(
      'as before (proxy-arp) after this: 03:30:30.0 table main got 1 route (192.0.2.0/24',
    );
  });

  it('of a killed recording and a later one is no overlap', () => {
    const { caveats } = find([
      head(0, 'a', 1),
      asked(1, '192.0.2.77', own()),
      head(3600, 'b', 1),
      asked(3601, '192.0.2.77', own(), { trace: 'b' }),
      close(3602, 'b', 1),
    ]);
    expect(caveats.join(' ')).toMatch(
      /Nothing was recorded of node0-4f1c between 03:30:01\.0 and 04:30:00\.0/,
    );
    expect(caveats.join(' ')).not.toContain('overlap');
  });

  it('is undone by what came at once: the end has its cause, the begin not that one', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      changed(11.95, [subnetRoute('removed')], {}, 11.85),
      asked(12, '192.0.2.77', rogue()),
      changed(12.06, [subnetRoute('added')], {}, 11.96),
      asked(13, '192.0.2.77', own()),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:1[12]\.\d table public_90 lost 1 route \([^)]*\)\. From/);
    expect(paragraphs[0]).toContain(
      'as before (same-device) after this: 03:30:12.0 table public_90 got 1 route',
    );
  });

  it('by a host route is no other address, whose own is another', () => {
    const { headline, paragraphs } = find([
      asked(1, '192.0.2.10', own()),
      changed(10, [hostRoute('added', '192.0.2.10')]),
      asked(11, '192.0.2.10', ofGuest('192.0.2.10')),
      asked(12, '192.0.2.11', ofGuest('192.0.2.11')),
      asked(13, '192.0.2.12', ofGuest('192.0.2.12')),
      changed(20, [hostRoute('removed', '192.0.2.10')]),
      asked(21, '192.0.2.10', own()),
    ]);
    expect(headline).toBe('node0 began to answer for 1 address that it had been silent about');
    expect(paragraphs[0]).toContain('(0.0 s, 1 request)');
  });

  it('does not end by being answered through another gateway', () => {
    const { headline } = find([
      asked(1, '192.0.2.10', own()),
      asked(1, '192.0.2.11', own()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.10', rogue()),
      asked(12, '192.0.2.11', rogue()),
      changed(20, [{ ...elsewhere, change: 'changed', text: '0.0.0.0/0 via 10.0.0.2 dev bond0' }]),
      asked(21, '192.0.2.10', rogue('10.0.0.2')),
    ]);
    expect(headline).toMatch(/silent about; that was not seen to end$/);
  });

  it('is told with the changes that come behind the last decision', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      changed(5, [subnetRoute('removed')]),
      asked(6, '192.0.2.77', rogue()),
      changed(100, [subnetRoute('added')]),
    ]);
    expect(paragraphs[0]).toContain('The recording ends at 03:31:40.0');
  });

  it('in thousands is not explained by a narrower route that takes none of them', () => {
    const addresses = Array.from({ length: 1500 }, (_, i) => `198.51.${i >> 8}.${i & 255}`);
    const { paragraphs } = find([
      ...addresses.map((ip) => asked(1, ip, own())),
      changed(5, [{ ...subnetRoute('added'), text: 'throw 203.0.113.0/29' }]),
      changed(10, [subnetRoute('removed')]),
      ...addresses.map((ip) => asked(11, ip, rogue())),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:10\.0 table public_90 lost 1 route/);
    expect(paragraphs[0]).not.toContain('throw');
  });

  it('that went on to another gateway ends with that, in the headline, too', () => {
    const { headline, paragraphs } = find([
      asked(1, '192.0.2.10', own()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.10', rogue()),
      changed(20, [{ ...elsewhere, change: 'changed', text: '0.0.0.0/0 via 10.0.0.2 dev bond0' }]),
      asked(21, '192.0.2.10', rogue('10.0.0.2')),
      changed(30, [subnetRoute('added')]),
      asked(31, '192.0.2.10', own()),
      asked(40, '192.0.2.10', own()),
    ]);
    expect(headline).toBe('node0 began to answer for 1 address that it had been silent about');
    expect(paragraphs).toHaveLength(2);
    expect(paragraphs.join('\n')).toContain('From 03:30:31.0 on it was as at first: silent (same-device');
  });

  it('that comes back to the guest by way of two gateways is no third one', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.10', guest()),
      changed(10, [hostRoute('removed', '192.0.2.10')]),
      asked(11, '192.0.2.10', rogue()),
      asked(21, '192.0.2.10', rogue('10.0.0.2')),
      changed(30, [hostRoute('added', '192.0.2.10')]),
      asked(31, '192.0.2.10', guest()),
    ]);
    expect(paragraphs).toHaveLength(2);
    expect(paragraphs.join('\n')).not.toContain('not seen to end');
  });

  it('is nothing of a single frame, that was for another host', () => {
    const elsewhereMac: Way = { ...rogue(), action: 'silent', reason: 'not-for-us' };
    const { headline } = find([
      asked(1, '203.0.113.7', elsewhereMac),
      asked(2, '203.0.113.7', rogue()),
      asked(3, '203.0.113.7', elsewhereMac),
      asked(4, '203.0.113.7', rogue()),
    ]);
    expect(headline).toMatch(/^No answer was seen to move/);
  });

  it('of what was unknown before is not said to be asked for the first time', () => {
    const unknown: Way = { ...rogue(), action: 'silent', reason: 'unknown' };
    const { headline, paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      asked(5, '192.0.2.78', unknown),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
      asked(12, '192.0.2.78', rogue()),
    ]);
    expect(headline).toContain('and answered for 1 more that had no answer that is known before');
    expect(paragraphs[0]).toContain(
      '1 address more was decided in the same way, and how all of them were before',
    );
  });

  it('names for whom, where others are answered otherwise', () => {
    const blocked: Way = { ...rogue(), action: 'silent', reason: 'blackholed' };
    const { headline } = find([
      asked(1, '203.0.113.7', rogue()),
      asked(1, '203.0.113.7', rogue(), { sender: '192.0.2.2' }),
      changed(10, [{ object: 'rule', change: 'added', text: '50: from 192.0.2.1 blackhole', table: null }]),
      asked(11, '203.0.113.7', blocked),
      asked(12, '203.0.113.7', rogue(), { sender: '192.0.2.2' }),
      asked(13, '203.0.113.7', blocked),
    ]);
    expect(headline).toBe('node0 stopped answering 192.0.2.1 for 1 address; that was not seen to end');
  });

  it('has claimed the MACs of its own answers', () => {
    const early = asked(1, '192.0.2.50', rogue());
    if (early.event.schema === 'arpwhy.decision/1' && early.event.reply)
      early.event = { ...early.event, reply: { ...early.event.reply, mac: '02:00:00:00:00:01' } };
    const { paragraphs } = find([
      early,
      asked(1, '192.0.2.77', own()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
    ]);
    expect(paragraphs[0]).toContain('Claimed was a0:36:9f:59:be:ef.');
  });
});

it('finds the device that takes no part in ARP any more', () => {
  const noarp: Way = { ...rogue(), action: 'silent', reason: 'device-noarp' };
  const link = (text: string, was: string): Partial<Change> => ({
    object: 'link',
    change: 'changed',
    text,
    was,
    device: { index: 2, name: 'bond0.90' },
  });
  const { paragraphs } = find([
    asked(1, '203.0.113.7', rogue()),
    changed(9, [noise]),
    changed(10, [link('bond0.90, up, noarp', 'bond0.90, up')]),
    asked(11, '203.0.113.7', noarp),
    changed(20, [link('bond0.90, up', 'bond0.90, up, noarp')]),
    asked(21, '203.0.113.7', rogue()),
  ]);
  expect(paragraphs[0]).toMatch(/^03:30:10\.0 link bond0\.90, up, noarp \(it was bond0\.90, up\)\. From/);
  expect(paragraphs[0]).toContain('after this: 03:30:20.0 link bond0.90, up (it was bond0.90, up, noarp).');
});

describe('settings', () => {
  const set = (seconds: number, scope: string, value: number, was: number): Entry =>
    changed(seconds, [
      {
        object: 'setting',
        change: 'changed',
        text: `net/ipv4/conf/${scope}/proxy_arp = ${value}`,
        was: `net/ipv4/conf/${scope}/proxy_arp = ${was}`,
      },
    ]);
  const with_ = (all: number, dev: number) => ({ settings: { proxy_arp: { all, dev } } });
  const off: Way = { ...rogue(), action: 'silent', reason: 'proxy-arp-off' };

  it('that brought what the kernel reads to what it was are told, and not those before', () => {
    const { paragraphs } = find([
      asked(1, '198.51.100.8', rogue(), with_(0, 1)),
      set(5, 'all', 1, 0),
      set(7, 'bond0.90', 0, 1),
      asked(15, '198.51.100.9', rogue(), with_(1, 0)),
      set(20, 'all', 0, 1),
      asked(30, '198.51.100.8', off, with_(0, 0)),
      asked(31, '198.51.100.9', off, with_(0, 0)),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:20\.0 net\/ipv4\/conf\/all\/proxy_arp = 0 \(it was 1\)\. /);
    expect(paragraphs[0]).not.toContain('03:30:07.0');
  });

  it('that a gate never reads are none of its causes', () => {
    const noarp: Way = { ...rogue(), action: 'silent', reason: 'device-noarp' };
    const { paragraphs } = find([
      asked(1, '198.51.100.8', rogue(), with_(0, 1)),
      changed(10, [
        {
          object: 'link',
          change: 'changed',
          text: 'bond0.90, up, noarp',
          was: 'bond0.90, up',
          device: { index: 2, name: 'bond0.90' },
        },
      ]),
      set(20, 'bond0.90', 0, 1),
      asked(30, '198.51.100.8', noarp, with_(0, 0)),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:10\.0 link bond0\.90, up, noarp \(it was bond0\.90, up\)\. From/);
  });
});
