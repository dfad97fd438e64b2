import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fold } from '../../src/decision/fold.js';
import type { Decision, DecisionStep, Verdict } from '../../src/decision/types.js';
import { escapeText } from '../../src/view/escape.js';
import { LineView } from '../../src/view/line.js';
import { plain, styleFor } from '../../src/view/style.js';
import { TimeColumn } from '../../src/view/time.js';
import { matched, missed, replied } from './example.js';

const silent = (verdict: Partial<Verdict>, rest: Partial<Decision> = {}): Decision => ({
  ...replied,
  verdict: { ...replied.verdict, action: 'silent', deferredNs: null, ...verdict },
  reply: null,
  ...rest,
});

/** The lines behind the header with the date. */
const show = (decision: Decision) =>
  new LineView({ utc: true }).decision(decision).split('\n').slice(1).join('\n');

describe('LineView', () => {
  it('shows the decision of the design', () => {
    expect(new LineView({ utc: true }).decision(replied)).toBe(
      [
        '2026-11-22 (UTC)',
        '03:33:01.123 node0 bond0.90  who-has 192.0.2.77 tell 192.0.2.1             REPLIED proxy-arp  is-at a0:36:9f:59:be:ef  delayed 443 ms',
        '             because     ~0.0.0.0/0 via 10.0.0.1 dev bond0, table main, ~rule 32766',
        '             first tried table public_90 (~rule 32765, iif bond0.90): no usable route',
        '             setting     proxy_arp: all 0, dev 1',
        '',
      ].join('\n'),
    );
  });

  it('breaks lines at blanks where the terminal is narrow', () => {
    expect(new LineView({ utc: true, columns: 80 }).decision(replied)).toBe(
      [
        '2026-11-22 (UTC)',
        '03:33:01.123 node0 bond0.90  who-has 192.0.2.77 tell 192.0.2.1',
        '             REPLIED proxy-arp  is-at a0:36:9f:59:be:ef  delayed 443 ms',
        '             because     ~0.0.0.0/0 via 10.0.0.1 dev bond0, table main, ~rule',
        '                         32766',
        '             first tried table public_90 (~rule 32765, iif bond0.90): no usable',
        '                         route',
        '             setting     proxy_arp: all 0, dev 1',
        '',
      ].join('\n'),
    );
  });

  it('names the table that a route lies in where another one was looked up', () => {
    const steps = [
      {
        ...matched,
        rule: null,
        route: { ...matched.route, type: 'local', table: { id: 255, name: 'local' } } as typeof matched.route,
      },
    ];
    expect(show({ ...replied, steps, because: 0 })).toContain(', table local (looked up with main)\n');
  });

  it('tells the way back to the sender as such', () => {
    const steps = [{ ...missed(254, 'main', 32766, ''), purpose: 'source' as const }];
    expect(show({ ...silent({ reason: 'source-invalid' }, { because: 0 }), steps })).toContain(
      'because     the way back to 192.0.2.1: no usable route, table main, ~rule 32766\n',
    );
  });

  it('keeps the verdicts below each other, however long the addresses are', () => {
    const [sender, target] = ['198.51.100.200', '203.0.113.199'];
    const long = { ...replied.request, sender: { ip: sender, mac: null }, target: { ip: target } };
    const at = (decision: Decision) => show(decision).indexOf('REPLIED');
    expect(at({ ...replied, request: long })).toBe(at(replied));
  });

  it('names the candidates of what is unknown, and what was looked up', () => {
    const text = show(
      silent({ reason: 'unknown', candidates: ['same-device', 'source-invalid'] }, { because: null }),
    );
    expect(text).toContain('SILENT unknown\n');
    expect(text).toContain('             not proven  it is one of same-device, source-invalid\n');
    expect(text).toContain(
      '             route       ~0.0.0.0/0 via 10.0.0.1 dev bond0, table main, ~rule 32766\n',
    );
    expect(text).not.toContain('because ');
  });

  it('says so when no reason fits', () => {
    expect(show(silent({ reason: 'unknown', candidates: [] }, { because: null, steps: [] }))).toBe(
      '03:33:01.123 node0 bond0.90  who-has 192.0.2.77 tell 192.0.2.1             SILENT unknown\n' +
        '             not proven  no reason fits what was seen\n',
    );
  });

  it('tells the setting where no lookup closed the gate', () => {
    const text = show(
      silent(
        { reason: 'proxy-arp-off' },
        { because: null, steps: [], settings: { proxy_arp: { all: 0, dev: 0 } } },
      ),
    );
    expect(text).toMatch(/^03:33.* SILENT proxy-arp-off\n {13}because {5}.*\(proxy_arp: all 0, dev 0\)\n$/);
  });

  it('shows the detail of a reason', () => {
    expect(show(silent({ reason: 'source-invalid', detail: 'rp-filter' }))).toContain(
      'SILENT source-invalid (rp-filter)\n',
    );
  });

  it('says how many lookups were cut off', () => {
    expect(show({ ...replied, cut: 3 })).toMatch(/\n {13}cut {9}3 lookups did not fit into the record\n$/);
  });

  it('marks nothing as inferred that is not there: without a proof, only what was observed', () => {
    const route = { type: 'unicast', prefix: null, device: { index: 4, name: null }, gateway: null };
    const step: DecisionStep = {
      ...matched,
      rule: null,
      table: { id: 90, name: null },
      route: { ...route, protocol: null, metric: null },
      evidence: { outcome: 'observed' },
    };
    const text = show({ ...replied, steps: [step], because: 0 });
    expect(text).toContain('             because     route (prefix not proven) dev if4, table 90\n');
    expect(text).not.toContain('~');
  });

  it.each([
    ['unreachable', 'unreachable'],
    ['prohibit', 'prohibited'],
    ['blackhole', 'blackholed'],
    ['suppressed', 'route suppressed by the rule'],
    ['no-table', 'no such table'],
  ] as const)('words the outcome %s', (outcome, words) => {
    const tried: DecisionStep = { ...missed(90, 'public_90', 32765, ''), outcome };
    expect(show({ ...replied, steps: [tried, matched], because: 1 })).toContain(
      `first tried table public_90 (~rule 32765): ${words}\n`,
    );
  });

  it('names a rule that rejects by itself', () => {
    const step: DecisionStep = { ...missed(0, '', 100, ''), table: null, outcome: 'prohibit' };
    expect(show(silent({ reason: 'prohibited' }, { steps: [step], because: 0 }))).toContain(
      'because     prohibited, ~rule 100\n',
    );
  });

  it('shows a namespace without a name, a device without one, and nobody', () => {
    const request = { ...replied.request, sender: { ip: null, mac: null }, target: { ip: null } };
    expect(
      show({
        ...replied,
        netns: { inode: 1, name: null },
        device: { index: 7, name: null },
        request,
      }),
    ).toMatch(/^03:33:01\.123 7 {2}who-has \? tell \? /);
  });

  it('lets nothing that strangers wrote reach the terminal', () => {
    const evil = '\u001b[2J\u009b\u202e\n';
    const everywhere = JSON.parse(JSON.stringify(replied), (key, value) =>
      typeof value === 'string' && !['time', 'outcome', 'evidence', 'purpose'].includes(key) && key !== 'rule'
        ? `${value}${evil}`
        : value,
    ) as Decision;
    const lines = new LineView({ utc: true }).decision(everywhere).split('\n');
    expect(lines).toHaveLength(5);
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u0080-\u009f\u202e]/);
    for (const detail of ['brief', 'whole'] as const) {
      const text = new LineView({ utc: true, detail }).decision(everywhere);
      expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u0080-\u009f\u202e]/);
    }
    const counted = new LineView({ utc: true }).silent(replied.time, new Map([[`no-route${evil}`, 1]]));
    expect(counted.split('\n')).toHaveLength(3);
    expect(counted).not.toMatch(/[\u0000-\u0009\u001b\u009b\u202e]/);
  });

  it('counts silent ones, the most frequent first', () => {
    const counts = new Map([
      ['same-device', 2],
      ['no-route', 40],
    ]);
    const view = new LineView({ utc: true });
    expect(view.silent(replied.time, counts)).toBe(
      '2026-11-22 (UTC)\n03:33:01.123 42 silent: no-route 40, same-device 2 (--silent shows them)\n',
    );
    expect(view.silent(replied.time, counts)).not.toContain('2026');
  });

  const more: Fold = {
    schema: 'arpwhy.fold/1',
    host: replied.host,
    netns: replied.netns,
    device: replied.device,
    verdict: replied.verdict,
    because: matched,
    reply: { mac: 'a0:36:9f:59:be:ef' },
    count: 14981,
    first: {
      id: '7f3a-19',
      time: replied.time,
      monotonicNs: '1000000000',
      target: '192.0.2.3',
      sender: null,
    },
    last: {
      id: '7f3a-99',
      time: '2026-11-22T03:33:06.120000000Z',
      monotonicNs: '5950000000',
      target: '192.0.2.254',
      sender: null,
    },
    unknown: [],
  };

  it('tells what was folded in one line, below the decisions that it is like', () => {
    const view = new LineView({ utc: true });
    const [, headline = ''] = view.decision(replied).split('\n');
    const line = view.fold(more);
    expect(line).toBe(
      '03:33:06.120 node0 bond0.90  14,981 more: 192.0.2.3, ..., 192.0.2.254      REPLIED proxy-arp  in 5.0 s, ~0.0.0.0/0 via 10.0.0.1 dev bond0, table main, ~rule 32766\n',
    );
    expect(line.indexOf('REPLIED')).toBe(headline.indexOf('REPLIED'));
  });

  it('breaks it where the terminal is narrow, and names a single target once', () => {
    const last = { ...more.last, target: '192.0.2.3' };
    expect(new LineView({ utc: true, columns: 80 }).fold({ ...more, last })).toBe(
      [
        '2026-11-22 (UTC)',
        '03:33:06.120 node0 bond0.90  14,981 more: 192.0.2.3',
        '             REPLIED proxy-arp  in 5.0 s, ~0.0.0.0/0 via 10.0.0.1 dev bond0,',
        '                     table main, ~rule 32766',
        '',
      ].join('\n'),
    );
  });

  it('tells a fold without a lookup, and one of the way back to several senders', () => {
    const view = new LineView({ utc: true });
    expect(view.fold({ ...more, because: null })).toMatch(/REPLIED proxy-arp {2}in 5\.0 s\n$/);
    expect(view.fold({ ...more, because: { ...matched, purpose: 'source' } })).toContain(
      'in 5.0 s, the way back: ~0.0.0.0/0',
    );
  });

  it('is one aligned line for each decision when it is to be brief', () => {
    const view = new LineView({ utc: true, detail: 'brief', columns: 80 });
    const long = { ...replied, device: { index: 3, name: 'bond0.1090' } };
    const lines = [
      view.decision(long),
      view.decision(
        silent({ reason: 'unknown', candidates: ['no-route', 'same-device'] }, { because: null }),
      ),
      view.decision(
        silent({ reason: 'proxy-arp-off' }, { because: null, settings: { proxy_arp: { all: 0, dev: 0 } } }),
      ),
      view.decision(silent({ reason: 'malformed' }, { because: null })),
    ];
    expect(lines.join('')).toBe(
      [
        '2026-11-22 (UTC)',
        '03:33:01.123 node0 bond0.1090  who-has 192.0.2.77 tell 192.0.2.1  REPLIED proxy-arp  ~0.0.0.0/0 via 10.0.0.1 dev bond0, table main, ~rule 32766',
        '03:33:01.123 node0 bond0.90    who-has 192.0.2.77 tell 192.0.2.1  SILENT unknown     it is one of no-route, same-device',
        '03:33:01.123 node0 bond0.90    who-has 192.0.2.77 tell 192.0.2.1  SILENT proxy-arp-off  proxy_arp: all 0, dev 0',
        '03:33:01.123 node0 bond0.90    who-has 192.0.2.77 tell 192.0.2.1  SILENT malformed',
        '',
      ].join('\n'),
    );
  });

  it('tells everything when it is to be whole', () => {
    const whole = (decision: Decision) =>
      new LineView({ utc: true, detail: 'whole' }).decision(decision).split('\n').slice(2);
    expect(whole(replied)).toEqual([
      '             step 1      target: table local (~rule 0): no usable route',
      '             step 2      target: table public_90 (~rule 32765, iif bond0.90): no usable route',
      '             because     target: table main (~rule 32766): ~0.0.0.0/0 via 10.0.0.1 dev bond0',
      '             settings    forwarding: dev 1; proxy_arp: all 0, dev 1; medium_id: dev -1, out 0',
      '             frame       02:00:00:00:00:99 > ff:ff:ff:ff:ff:ff (broadcast)',
      '             reply       after 13.0 us',
      '             neighbour   192.0.2.1 created, 02:00:00:00:00:99 stale, in pass 1',
      '             decision    7f3a-18, tracepoint tier, stamps fib 18, rules 3, genid 41, nexthop 0',
      '',
    ]);
    const unknown = silent(
      { reason: 'unknown', candidates: [] },
      { because: null, cut: 2, unknown: ['/steps'] },
    );
    expect(whole(unknown).join('\n')).toMatch(
      /not proven {2}no reason .*\n.*cut .*\n.*not seen {4}\/steps\n$/s,
    );
    const setting = silent({ reason: 'proxy-arp-off' }, { because: null, steps: [] });
    expect(whole(setting)[0]).toMatch(/because .*\(proxy_arp: all 0, dev 1\)/);
    const suppressed: DecisionStep = { ...matched, outcome: 'suppressed' };
    expect(whole({ ...replied, steps: [suppressed, matched], because: 1 })[0]).toContain(
      'target: table main (~rule 32766): route suppressed by the rule, ~0.0.0.0/0 via 10.0.0.1 dev bond0',
    );
  });

  it('is coloured when it is told to, and only then', () => {
    const style = styleFor({ isTTY: true }, {});
    expect(new LineView({ style }).decision(replied)).toContain('\u001b[');
    expect(new LineView().decision(replied)).not.toContain('\u001b');
  });
});

describe('styleFor', () => {
  it('colours a terminal, but never with NO_COLOR', () => {
    expect(styleFor({ isTTY: true }, {})('red', 'x')).toBe('\u001b[31mx\u001b[39m');
    expect(styleFor({ isTTY: true }, { NO_COLOR: '' })).not.toBe(plain);
    expect(styleFor({ isTTY: true }, { NO_COLOR: '1' })).toBe(plain);
    expect(styleFor({}, {})).toBe(plain);
  });
});

describe('TimeColumn', () => {
  const zone = process.env.TZ;
  beforeEach(() => {
    process.env.TZ = 'Asia/Kathmandu';
  });
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it('heads the first time with its date, and then each new day', () => {
    const column = new TimeColumn(true);
    expect(column.show('2026-11-22T23:59:59.999999999Z')).toEqual({
      clock: '23:59:59.999',
      header: '2026-11-22 (UTC)',
    });
    expect(column.show('2026-11-22T23:59:59.999999999Z').header).toBeNull();
    expect(column.show('2026-11-23T00:00:00.000000001Z')).toEqual({
      clock: '00:00:00.000',
      header: '2026-11-23 (UTC)',
    });
  });

  it('shows local time with its offset', () => {
    expect(new TimeColumn(false).show('2026-11-22T20:00:00.5Z'.replace('.5Z', '.500000000Z'))).toEqual({
      clock: '01:45:00.500',
      header: '2026-11-23 (UTC+05:45)',
    });
  });

  it('heads anew when the offset changes', () => {
    process.env.TZ = 'America/New_York';
    const column = new TimeColumn(false);
    expect(column.show('2026-11-01T05:59:59.000000000Z')).toEqual({
      clock: '01:59:59.000',
      header: '2026-11-01 (UTC-04:00)',
    });
    expect(column.show('2026-11-01T06:00:00.000000000Z')).toEqual({
      clock: '01:00:00.000',
      header: '2026-11-01 (UTC-05:00)',
    });
  });
});

describe('escapeText', () => {
  it.each([
    ['bond0.90', 'bond0.90'],
    ['größe 日本 🙂', 'größe 日本 🙂'],
    ['\u001b[31m', '\\u{1b}[31m'],
    ['a\r\nb\tc', 'a\\u{d}\\u{a}b\\u{9}c'],
    ['\u007f\u0080\u009b\u009f', '\\u{7f}\\u{80}\\u{9b}\\u{9f}'],
    ['\u061c\u200e\u202a\u202e\u2066\u2069', '\\u{61c}\\u{200e}\\u{202a}\\u{202e}\\u{2066}\\u{2069}'],
    ['\u200b\ufeff\u2028', '\\u{200b}\\u{feff}\\u{2028}'],
    ['', ''],
  ])('%j is %j', (text, escaped) => {
    expect(escapeText(text)).toBe(escaped);
  });
});
