import { describe, expect, it } from 'vitest';
import { type DecisionFilter, noFilter } from '../../src/decision/filter.js';
import { Tally } from '../../src/decision/tally/tally.js';
import type { Decision, DecisionStep, Prefix } from '../../src/decision/types.js';
import type { EndEvent, StartEvent } from '../../src/stream/events.js';
import { agoText, amountText, durationText, rateText } from '../../src/view/amounts.js';
import { asciiGlyphs, glyphsFor, unicodeGlyphs } from '../../src/view/glyphs.js';
import { cut, fitted, lineText, nameText, widthOfText } from '../../src/view/spans.js';
import { plain } from '../../src/view/style.js';
import { detailLines, rowDetail } from '../../src/view/top/detail.js';
import { type ListOptions, listRows } from '../../src/view/top/listing.js';
import { jsonReport, tableReport } from '../../src/view/top/report.js';
import { drawTop } from '../../src/view/top/screen.js';
import type { TopState } from '../../src/view/top/state.js';
import { validateTop } from '../schema.js';
import { matched, missed, replied } from './example.js';

const route = matched.route as NonNullable<DecisionStep['route']>;
const named = { priority: 32765, selector: 'iif bond0.90' };
const inTable90 = (prefix: string, device: string): DecisionStep => ({
  ...matched,
  rule: named,
  table: { id: 90, name: 'public_90' },
  route: { ...route, prefix, device: { index: 7, name: device }, gateway: null },
});
const about = (target: string, of: Decision): Decision => ({
  ...of,
  request: { ...of.request, target: { ip: target } },
});
const guest: Decision = { ...replied, steps: [inTable90('192.0.2.10/32', 'tap0')], because: 0 };
const silent = (reason: string, more: Partial<Decision> = {}): Decision => ({
  ...replied,
  reply: null,
  steps: [inTable90('192.0.2.0/24', 'bond0.90')],
  because: 0,
  ...more,
  verdict: { ...replied.verdict, action: 'silent', reason, deferredNs: null, ...more.verdict },
});

/** The incident: a guest that is answered for, silence about the rest, and then an answer for each. */
function incident(): { tally: Tally; now: number } {
  const tally = new Tally();
  tally.tick(0);
  for (let i = 0; i < 12; i++) tally.add(about('192.0.2.10', guest), i * 1000);
  for (let i = 0; i < 3000; i++) tally.add(about(`192.0.2.${50 + (i % 60)}`, silent('same-device')), 11_000);
  for (let second = 1; second < 12; second++) tally.tick(second * 1000);
  for (let i = 0; i < 94; i++) tally.add(about(`192.0.2.${50 + (i % 47)}`, replied), 12_000);
  return { tally, now: 13_000 };
}

const listOptions = (now: number, more: Partial<ListOptions> = {}): ListOptions => ({
  grouping: 'justification',
  order: 'alarm',
  reversed: false,
  silent: false,
  filter: noFilter,
  fadeMs: 60_000,
  now,
  subnets: () => null,
  ...more,
});

const start = { host: 'node0-4f1c', kernel: '6.18.44', tier: 'tracepoint' } as StartEvent;

function stateOf(
  { tally, now }: { tally: Tally; now: number },
  more: Partial<TopState & ListOptions> = {},
): TopState {
  const options = listOptions(now, more);
  const { filter: _filter, fadeMs: _fade, subnets: _subnets, ...shown } = options;
  return {
    start,
    recording: null,
    player: null,
    clock: '03:33:07',
    countedAt: now,
    upMs: 727_000,
    utc: true,
    tally,
    listing: listRows(tally, options),
    seen: tally.totals.all,
    lost: 0,
    behindMs: 0,
    scope: 'every namespace, every device',
    recorder: null,
    filterText: '',
    filteredSince: null,
    paused: null,
    chosen: null,
    scroll: 0,
    frozen: null,
    help: false,
    prompt: null,
    message: null,
    ...shown,
    ...more,
  };
}

const draw = (state: TopState, columns = 80, rows = 24, glyphs = unicodeGlyphs) =>
  drawTop(state, { columns, rows, glyphs, style: plain });
const body = (state: TopState, columns = 80, rows = 24) =>
  draw(state, columns, rows).lines.map((line) => line.trimEnd());

describe('the screen', () => {
  it('shows the incident in 80 x 24', () => {
    const { lines } = draw(stateOf(incident()));
    expect(lines).toHaveLength(24);
    expect(lines.map((line) => line.trimEnd()).filter((line) => line !== '')).toEqual([
      'arpwhy top  node0-4f1c  kernel 6.18.44  tracepoint  up 0:12:07      03:33:07 UTC',
      '3,106 requests, 16/s, 106 replied, 3,000 silent, 0 lost',
      'every namespace, every device  ~ is inferred',
      '   NAMESPACE DEVICE   VERDICT           COUNT /S TARGETS SENDERS LAST    FIRST',
      ' ! node0     bond0.90 REPLIED proxy-arp    94 16      47       1   1s 03:33:01',
      '     ~0.0.0.0/0 via 10.0.0.1 dev bond0, table main, ~rule 32766',
      '     ! 47 of these met silence before  ! by a default route',
      '     ! not by table public_90, which the rule for the device names  * new 1s ago',
      '   node0     bond0.90 REPLIED proxy-arp    12          1       1   2s 03:33:01',
      '     ~192.0.2.10/32 dev tap0, table public_90, ~rule 32765',
      '1 silent row (3,000 requests) hidden: s                  by alarm, rows 1-2 of 2',
      '↑↓ Enter why  / filter  o order  g group  p pause  w save  ? help  q quit',
    ]);
  });

  it('uses the room of 160 x 50', () => {
    const lines = body(stateOf(incident(), { silent: true }), 160, 50);
    expect(lines).toHaveLength(50);
    expect(lines[3]).toMatch(/LAST {4}FIRST {13}IS-AT DELAY$/);
    expect(lines[4]).toMatch(/ 03:33:01 a0:36:9f:59:be:ef 443ms$/);
    expect(lines[5]).toMatch(/rule 32766 {2}! 47 of these met silence before {2}! by a default route$/);
    expect(lines.slice(0, 48).join('\n')).toMatch(
      /silent same-device 3,000 .*\n +~192\.0\.2\.0\/24 dev bond0\.90/,
    );
  });

  it.each([
    [80, 24],
    [80, 5],
    [40, 10],
    [20, 3],
    [300, 100],
  ])('is exactly as large as the terminal, %d x %d, whatever it shows', (columns, rows) => {
    const state = stateOf(incident(), { silent: true });
    const [item] = state.listing.items;
    if (!item) throw new Error('the list is empty');
    const detail = rowDetail(item.row, { rate: 1, marks: item.marks, utc: true });
    const lines = detailLines(detail, { columns, glyphs: unicodeGlyphs });
    const frozen = { row: item.row, count: 1, clock: '03:33:07', detail, lines };
    const prompt = { text: 'x'.repeat(200), error: 'y'.repeat(200) };
    const filterText = '--target 192.0.2.0/24';
    for (const more of [
      {},
      { frozen },
      { help: true },
      { prompt },
      { filterText, paused: 'now', behindMs: 1e6 },
    ]) {
      for (const grouping of ['justification', 'target', 'sender'] as const) {
        const screen = draw(stateOf(incident(), { silent: true, grouping, ...more }), columns, rows);
        expect(screen.lines).toHaveLength(rows);
        for (const line of screen.lines) expect(widthOfText(line)).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('marks what it cuts', () => {
    const lines = body(stateOf(incident()), 40, 24);
    for (const line of lines.filter((one) => one.includes('REPLI'))) expect(line).toContain('…');
    expect(lines.find((line) => line.includes('0.0.0.0/0'))).toMatch(/…$/);
  });

  it('says why it is empty', () => {
    expect(body(stateOf({ tally: new Tally(), now: 0 })).join('\n')).toContain('No request was seen yet.');
    const quiet = new Tally();
    quiet.add(silent('no-route'), 0);
    expect(body(stateOf({ tally: quiet, now: 0 })).join('\n')).toContain('press s to see what');
    const filter: DecisionFilter = { ...noFilter, devices: ['eth7'] };
    const filtered = stateOf(incident(), { filter, filterText: '--dev eth7' });
    expect(body(filtered).join('\n')).toContain('Nothing passes the filter');
  });

  it('says what changes the meaning of its numbers', () => {
    const state = stateOf(incident(), {
      lost: 1200,
      seen: 5000,
      behindMs: 3210,
      paused: '03:33:00',
      filterText: '--target 192.0.2.0/24',
    });
    const text = body(state, 160).slice(0, 4).join('\n');
    expect(text).toContain('5,000 requests, ');
    expect(text).toContain('1,200 LOST');
    expect(text).toContain(
      'filter --target 192.0.2.0/24  PAUSED at 03:33:00: still counting  BEHIND by 3.2 s, 694 requests',
    );
    const counted = stateOf(incident(), { filterText: '--target 192.0.2.9', filteredSince: '03:32:00' });
    expect(body(counted).slice(2, 4).join(' ')).toContain(
      '--target 192.0.2.9, counted since 03:32:00, and what rows kept',
    );
  });

  it('gives a message the room that it needs', () => {
    const message = 'saved 12 decisions: arpwhy report arpwhy-node0-20261125-082953.pcapng --utc';
    expect(body({ ...stateOf(incident()), message }).at(-2)).toBe(message);
    expect(body({ ...stateOf(incident()), message: 'saved' }).at(-2)).toMatch(/^saved .* rows 1-2 of 2$/);
  });

  it('tells namespaces without a name apart where others have one', () => {
    const tally = new Tally();
    tally.add(replied, 0);
    tally.add({ ...replied, netns: { inode: 4026531840, name: null } }, 0);
    expect(body(stateOf({ tally, now: 0 })).join('\n')).toMatch(/\n . 4026531840 +bond0\.90 /);
    const alone = new Tally();
    alone.add({ ...replied, netns: { inode: 4026531840, name: null } }, 0);
    expect(body(stateOf({ tally: alone, now: 0 })).join('\n')).not.toContain('4026531840');
  });

  it('fades what is not seen any more, and puts it last', () => {
    const { tally } = incident();
    tally.add(about('192.0.2.10', guest), 80_000);
    const lines = body(stateOf({ tally, now: 80_000 }));
    expect(lines[4]).toMatch(/REPLIED proxy-arp +13 /);
    expect(lines[6]).toMatch(/^ ! .*REPLIED proxy-arp +94 .* 1m /);
  });

  it('shows silence about what was answered before, hidden or not', () => {
    const tally = new Tally();
    tally.add(about('192.0.2.10', guest), 0);
    tally.add(about('192.0.2.10', silent('no-route', { steps: [missed(90, 'public_90', 32765, '')] })), 1);
    expect(body(stateOf({ tally, now: 1 })).join('\n')).toContain('! 1 of these were answered before');
  });

  it('lists addresses, with the reason of the one that is chosen', () => {
    const state = stateOf(incident(), { grouping: 'target', order: 'name' });
    const { key } = state.listing.items[1] ?? {};
    const lines = body({ ...state, chosen: key ?? null });
    expect(lines[3]).toMatch(/TARGET▼? +NAMESPACE DEVICE +VERDICT +COUNT LATEST BY +LAST FIRST$/);
    expect(lines[4]).toMatch(
      /^ {3}192\.0\.2\.10 +node0 +bond0\.90 REPLIED proxy-arp +12 192\.0\.2\.1 +2s +13s$/,
    );
    expect(lines[5]).toMatch(/^▶! 192\.0\.2\.50 /);
    expect(lines[6]).toMatch(/^ {5}~0\.0\.0\.0\/0 via/);
    expect(lines.join('\n')).toMatch(/rows 1-\d+ of 48/);
  });

  it('has only ASCII where it has to, and lets nothing through that strangers wrote', () => {
    const evil = '\u001b[2Jé';
    const tally = new Tally();
    tally.add({ ...replied, netns: { inode: 1, name: evil }, device: { index: 2, name: evil } }, 0);
    const state = stateOf({ tally, now: 0 }, { start: { ...start, host: evil }, scope: evil });
    expect(draw(state, 120, 24, asciiGlyphs).lines.join('')).toMatch(/^[ -~]*$/);
    expect(draw(state, 120, 24).lines.join('')).not.toMatch(/[\u0000-\u001f]/);
  });
});

describe('scrolling', () => {
  const namespaces = 200;
  function crowd(): { tally: Tally; now: number } {
    const tally = new Tally();
    for (let i = 0; i < namespaces; i++) {
      const netns = { inode: 1000 + i, name: `customer-${String(i).padStart(3, '0')}` };
      for (let k = 0; k < 50; k++) tally.add(about(`10.0.${i}.${k}`, { ...guest, netns }), 0);
    }
    return { tally, now: 0 };
  }
  const state = stateOf(crowd(), { order: 'name' });
  const { items } = state.listing;

  it('reaches every row, and says where it is', () => {
    expect(items).toHaveLength(namespaces);
    const seen = new Set<string>();
    let scroll = 0;
    for (const { key } of items) {
      const screen = draw({ ...state, scroll, chosen: key });
      scroll = screen.scroll;
      const chosen = screen.lines.find((line) => line.startsWith('▶'));
      expect(chosen).toBeDefined();
      seen.add(/customer-\d+/.exec(chosen ?? '')?.[0] ?? '');
    }
    expect(seen.size).toBe(namespaces);
    expect(draw({ ...state, chosen: items.at(-1)?.key ?? null }).lines.at(-2)).toMatch(
      /rows 192-200 of 200$/,
    );
  });

  it('leaves no room empty at the end', () => {
    const { lines, scroll, page } = draw({ ...state, scroll: 10_000 });
    expect(scroll + page).toBe(namespaces);
    expect(lines.slice(0, -2).filter((line) => line === '').length).toBeLessThan(2);
  });

  it('says how many addresses it does not list', () => {
    const tally = new Tally();
    for (let i = 0; i < 30_000; i++) {
      const netns = { inode: 1 + (i % 3), name: null };
      tally.add(about(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, { ...guest, netns }), 0);
    }
    const listed = stateOf({ tally, now: 0 }, { grouping: 'target' });
    expect(listed.listing.unlisted).toBe(10_000);
    expect(body(listed).at(-2)).toContain('10,000 more not listed: filter');
  });
});

describe('the detail of a row', () => {
  const detail = (of: { tally: Tally; now: number }, at = 0) => {
    const item = listRows(of.tally, listOptions(of.now, { silent: true })).items[at];
    if (!item) throw new Error('there is no such row');
    return detailLines(rowDetail(item.row, { ...item, utc: true }), { columns: 80, glyphs: unicodeGlyphs });
  };

  it('tells why, what it means, what to check and what to change', () => {
    const lines = detail(incident());
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    const text = lines.join('\n');
    expect(text).toMatch(/^because {3}~0\.0\.0\.0\/0 via 10\.0\.0\.1 dev bond0, table main, ~rule 32766\n/);
    expect(text).toContain('tried     table public_90 (~rule 32765, iif bond0.90): no usable route\n');
    expect(text.replace(/\n +/g, ' ')).toContain(
      'stayed silent about 47 of these addresses, for the same sender: silent same-device because of ~192.0.2.0/24 dev bond0.90, table public_90, ~rule 32765.',
    );
    expect(text.replace(/\n +/g, ' ')).toContain(
      'counted   94 requests (16 a second now), for 47 targets from 1 sender, first 03:33:01.123, last',
    );
    expect(text).toContain('claims    is-at a0:36:9f:59:be:ef, delayed 443ms\n');
    expect(text).toMatch(/\nchange .*proxy_arp=0 on bond0\.90 and on all/);
    expect(text).toContain('\nthere     ip netns exec node0 ...\n');
    expect(text.replace(/\n +/g, ' ')).toMatch(/targets {3}192\.0\.2\.\d+ \(2\), .* and 35 more\n/);
    expect(text).toContain('The last 8 decisions that were kept, the newest first:');
  });

  it('puts no name into a command that a shell would not take as it stands', () => {
    const tally = new Tally();
    const device = { index: 2, name: 'a;reboot' };
    tally.add(
      { ...silent('proxy-arp-off', { because: null, steps: [] }), device, netns: { inode: 1, name: '$(x)' } },
      0,
    );
    const text = detail({ tally, now: 0 }).join('\n');
    expect(text).toContain('net/ipv4/conf/DEV/proxy_arp');
    expect(text).not.toContain('ip netns exec');
    expect(text.replace(/\n +/g, ' ')).toMatch(/because .*\(proxy_arp: all 0, dev 1\)/);
    // the sentence of the reason is the reason, and not told twice
    expect(text).not.toMatch(/^what /m);
  });

  it('names the candidates of what is unknown', () => {
    const tally = new Tally();
    const verdict = {
      ...replied.verdict,
      action: 'silent' as const,
      candidates: ['no-route', 'same-device'],
    };
    tally.add(silent('unknown', { because: null, verdict: { ...verdict, reason: 'unknown' } }), 0);
    expect(detail({ tally, now: 0 })[0]).toBe('unknown   it is one of no-route, same-device');
    const single = new Tally();
    single.add(
      silent('unknown', {
        because: null,
        verdict: { ...verdict, candidates: ['no-route'], reason: 'unknown' },
      }),
      0,
    );
    expect(detail({ tally: single, now: 0 })[0]).toBe('unknown   it may be no-route');
  });
});

describe('--once', () => {
  const listing = () => {
    const { tally, now } = incident();
    return listRows(tally, listOptions(now, { silent: true }));
  };

  it('is one table that fits', () => {
    const options = { glyphs: unicodeGlyphs, now: 13_000, columns: 100 };
    const text = tableReport(listing(), options);
    for (const line of text.split('\n')) expect(widthOfText(line)).toBeLessThanOrEqual(100);
    expect(text).toMatch(/│ node0 bond0\.90 +│ 94 requests, 16\/s +│ ~0\.0\.0\.0\/0 via/);
    const { tally, now } = incident();
    const hidden = tableReport(listRows(tally, listOptions(now)), options);
    expect(hidden).toMatch(/\n1 silent row \(3,000 requests\) not shown: --silent shows them\n$/);
    const empty = { items: [], hidden: { rows: 0, requests: 0 }, unlisted: 0 };
    expect(tableReport(empty, options)).toBe('No request was seen.\n');
  });

  const end = (delivered: number): EndEvent => ({
    schema: 'arpwhy.end/1',
    host: 'node0-4f1c',
    time: '2026-11-22T03:33:09.000000000Z',
    monotonicNs: '2777000000000',
    durationNs: 9e9,
    why: 'duration',
    accounts: { seen: delivered, delivered, folded: 0, filtered: 0, pending: 0, abandoned: 0, lost: 0 },
    cut: 0,
    untracked: 0,
    frames: 40,
    changesLost: 0,
  });

  it('as JSON keeps its contract', () => {
    const report = jsonReport(listing(), start, end(3106));
    validateTop(report);
    expect(() => validateTop({ ...report, accounts: { ...report.accounts, delivered: 1 } })).toThrow(
      /rows count/,
    );
    expect(report.rows[0]).toMatchObject({
      netns: { name: 'node0' },
      because: { table: { name: 'main' }, route: { prefix: '0.0.0.0/0' } },
      count: 94,
      rate: 15.7,
      targets: { count: 47, exact: true },
      deferral: { count: 94, minNs: 443000000, maxNs: 443000000 },
      marks: [{ code: 'turned' }, { code: 'default-route' }, { code: 'other-table' }, { code: 'new' }],
    });
  });

  it('claims of a row that stands for several nothing that is not true of all', () => {
    const tally = new Tally({ rows: 8 });
    for (let i = 0; i < 40; i++) {
      const steps = [inTable90(`10.${i}.0.0/16`, 'tap0')];
      tally.add(silent('same-device', { steps, netns: { inode: i, name: `n${i}` } }), i);
    }
    const merged = listRows(tally, listOptions(40, { silent: true }));
    const report = jsonReport(merged, start, end(40));
    validateTop(report);
    const rest = report.rows.find((row) => row.merged > 0);
    expect(rest).toMatchObject({ netns: null, device: null, because: null, reply: null });
    expect(tableReport(merged, { glyphs: unicodeGlyphs, now: 40, columns: 100 })).toMatch(
      /\(several\).*\d+ justifications, for which/,
    );
  });
});

describe('the subnets of a device', () => {
  it('are asked for where a mark depends on them', () => {
    const tally = new Tally();
    tally.add({ ...replied, steps: [inTable90('192.0.0.0/16', 'tap0')], because: 0 }, 0);
    const subnet: Prefix = { ip: 0xc0000200, length: 24 };
    const [item] = listRows(tally, listOptions(0, { subnets: () => [subnet] })).items;
    expect(item?.marks.map(({ code }) => code)).toEqual(['wide-prefix']);
  });
});

describe('text that has to fit', () => {
  it.each([
    ['bond0.90', 8, 'bond0.90'],
    ['bond0.90', 7, 'bond0.…'],
    ['größe', 4, 'grö…'],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('%s in %d columns', (text, columns, expected) => {
    expect(cut(text, columns, unicodeGlyphs)).toBe(expected);
    expect(widthOfText(fitted(text, columns, unicodeGlyphs))).toBe(columns);
  });

  it('is cut across spans, with one mark', () => {
    const line = [{ text: 'abc' }, { text: 'def' }, { text: 'g' }];
    const shown = (columns: number) => lineText(line, columns, unicodeGlyphs, plain);
    expect([7, 6, 5, 3, 1].map(shown)).toEqual(['abcdefg', 'abcde…', 'abcd…', 'ab…', '…']);
  });

  it('is aligned to either side', () => {
    expect(fitted('7', 3, unicodeGlyphs, 'right')).toBe('  7');
    expect(fitted('7', 3, unicodeGlyphs)).toBe('7  ');
  });

  it('is ASCII where the locale is not UTF-8', () => {
    expect(glyphsFor({ LANG: 'C.UTF-8' })).toBe(unicodeGlyphs);
    expect(glyphsFor({ LANG: 'C.UTF-8', LC_ALL: 'C' })).toBe(asciiGlyphs);
    expect(glyphsFor({ LC_CTYPE: 'de_DE.utf8' })).toBe(unicodeGlyphs);
    expect(glyphsFor({})).toBe(asciiGlyphs);
    expect(nameText('é🙂\u001b', asciiGlyphs)).toBe('\\u{e9}\\u{1f642}\\u{1b}');
  });
});

it('numbers and times', () => {
  expect([0, 999, 1234567, 99_999_999, 123_456_789, 2e11].map(amountText)).toEqual([
    '0',
    '999',
    '1,234,567',
    '99,999,999',
    '123.5M',
    '200.0G',
  ]);
  expect([0, 0.01, 3.21, 9.96, 120.4, 12_345].map(rateText)).toEqual([
    '',
    '<0.1',
    '3.2',
    '10',
    '120',
    '12,345',
  ]);
  expect([-5, 0, 59_999, 60_000, 3_600_000, 90_000_000].map(agoText)).toEqual([
    '0s',
    '0s',
    '59s',
    '1m',
    '1h',
    '1d',
  ]);
  expect([727_000, 90_061_000].map(durationText)).toEqual(['0:12:07', '1d 1:01:01']);
});
