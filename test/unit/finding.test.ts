import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/decision/changes.js';
import { Story } from '../../src/recording/story.js';
import {
  asked,
  changed,
  elsewhere,
  find,
  guest,
  link,
  own,
  rogue,
  subnetRoute,
  type Way,
} from './support/told.js';

describe('several changes', () => {
  it('on several devices, the second while the first lasts: each has its own', () => {
    const on91 = { device: 'bond0.91' };
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      asked(1, '192.0.2.88', own(91), on91),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
      asked(12, '192.0.2.88', own(91), on91),
      changed(20, [subnetRoute('removed', 91)]),
      asked(21, '192.0.2.88', rogue(), on91),
      asked(22, '192.0.2.77', rogue()),
      changed(30, [subnetRoute('added')]),
      asked(31, '192.0.2.77', own()),
      asked(32, '192.0.2.88', rogue(), on91),
    ]);
    expect(paragraphs).toHaveLength(2);
    const first = paragraphs.find((text) => text.includes('on bond0.90 in node0')) ?? '';
    const second = paragraphs.find((text) => text.includes('on bond0.91 in node0')) ?? '';
    expect(first).toMatch(/^03:30:10\.0 table public_90 lost 1 route/);
    expect(first).not.toContain('public_91');
    expect(first).toContain('as before (same-device) after this: 03:30:30.0 table public_90 got 1 route');
    expect(second).toMatch(/^03:30:20\.0 table public_91 lost 1 route/);
    expect(second).not.toContain('03:30:10');
    expect(second).toContain('it was not seen to end');
  });

  it('in several namespaces with the same names: what moved in one is no cause in another', () => {
    const [a, b] = [{ netns: 'node-a' }, { netns: 'node-b' }];
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own(), a),
      asked(1, '192.0.2.77', own(), b),
      changed(10, [subnetRoute('removed')], a),
      asked(11, '192.0.2.77', rogue(), a),
      asked(11, '192.0.2.77', rogue(), b),
    ]);
    const of = (name: string) => paragraphs.find((text) => text.includes(`in ${name} was`)) ?? '';
    expect(of('node-a')).toMatch(/^03:30:10\.0 table public_90 lost/);
    expect(of('node-b')).toMatch(/^No change was seen between .*: what moved is not known\./);
  });

  it('of which one did nothing: that one is not named', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      changed(8, [elsewhere]),
      changed(9, [link('dummy7', 'down', 'up')]),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:10\.0 table public_90 lost/);
    expect(paragraphs[0]).not.toMatch(/203\.0\.113|dummy7|does not tell which/);
  });

  it('of which one only makes the kernel ask its rules: the answer has not moved', () => {
    const asBefore = { ...rogue(), rule: null };
    const { headline } = find([
      asked(1, '192.0.2.77', asBefore),
      changed(8, [{ object: 'rule', change: 'added', text: '50: to 198.51.100.7 prohibit' }]),
      asked(11, '192.0.2.77', rogue()),
    ]);
    expect(headline).toBe('No answer was seen to move, but node0 answered for 1 address by a default route');
  });

  it('that did nothing at all are told as such', () => {
    const { headline, paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      changed(8, [elsewhere]),
      asked(11, '192.0.2.77', own()),
    ]);
    expect(headline).toBe('No answer was seen to move');
    expect(paragraphs).toEqual([]);
  });

  it('that may each be the cause: which one it was is not told', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      changed(4, [subnetRoute('removed')]),
      changed(6, [subnetRoute('added')]),
      changed(9, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
    ]);
    expect(paragraphs[0]).toMatch(/03:30:04\.0 .*03:30:06\.0 .*03:30:09\.0 /);
    expect(paragraphs[0]).toContain('the recording does not tell which of them moved it');
  });

  it('of which none touches what decided: it is a guess, and says so', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      changed(8, [elsewhere]),
      asked(11, '192.0.2.77', rogue()),
    ]);
    expect(paragraphs[0]).toMatch(
      /^No change that touches what decided was seen between .*; 1 other was, so .* guess/,
    );
  });

  it('the second moves what the first began, and a restore ends both', () => {
    const replaced: Partial<Change>[] = [
      {
        ...elsewhere,
        change: 'changed',
        text: '0.0.0.0/0 via 10.0.0.9 dev bond0',
        was: '0.0.0.0/0 via 10.0.0.1 dev bond0',
      },
    ];
    const { headline, paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
      changed(20, replaced),
      asked(21, '192.0.2.77', rogue('10.0.0.9')),
      changed(30, [subnetRoute('added')]),
      asked(31, '192.0.2.77', own()),
    ]);
    expect(headline).toMatch(/began to answer for 1 address/);
    const [began = '', moved = ''] = paragraphs;
    expect(began).toMatch(/^03:30:10\.0 table public_90 lost/);
    expect(began).toContain('via 10.0.0.9');
    expect(moved).toMatch(/^03:30:20\.0 table main changed 1 route/);
    expect(moved).toContain('still answered, but because of 0.0.0.0/0 via 10.0.0.9');
    expect(moved).toMatch(/after this: 03:30:30\.0 table public_90 got 1 route/);
  });

  it('one takes an answer away, another gives one, at the same time', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      asked(1, '192.0.2.10', guest()),
      changed(10, [
        subnetRoute('removed'),
        { ...subnetRoute('removed'), text: '192.0.2.10/32 dev tap0', device: { index: 9, name: 'tap0' } },
      ]),
      asked(11, '192.0.2.77', rogue()),
      asked(11, '192.0.2.10', { ...own(), reason: 'no-route', route: { prefix: '198.51.100.0/24' } }),
    ]);
    expect(paragraphs).toHaveLength(2);
    expect(paragraphs.join('\n')).toMatch(
      /192\.0\.2\.10\) asked for on bond0\.90 in node0 got no answer any more/,
    );
    expect(paragraphs.join('\n')).toMatch(
      /192\.0\.2\.77\) asked for on bond0\.90 in node0 was answered because/,
    );
  });
});

describe('what only some of the addresses tell', () => {
  it('an end that one of them met is not told of the others', () => {
    const { headline, paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      asked(1, '192.0.2.78', own()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
      asked(11.5, '192.0.2.78', rogue()),
      changed(20, [subnetRoute('added')]),
      asked(21, '192.0.2.77', own()),
    ]);
    expect(paragraphs).toHaveLength(1);
    expect(paragraphs[0]).toMatch(/From 03:30:21\.0 on 1 of them was as before \(same-device\) after this: /);
    expect(paragraphs[0]).toContain('How 1 other was decided after that was not seen.');
    expect(headline).toMatch(/that was seen to end for some$/);
  });

  it('what others are still decided by is told as going on', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      asked(1, '192.0.2.78', own()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
      asked(11, '192.0.2.78', rogue()),
      asked(21, '192.0.2.77', own()),
      asked(25, '192.0.2.78', rogue()),
    ]);
    expect(paragraphs[0]).toContain('1 other was still decided so at 03:30:25.0');
  });

  it('how one of them was decided before is not told of the others', () => {
    const blackholed: Way = {
      ...own(),
      reason: 'blackholed',
      route: { prefix: '192.0.2.78/32', type: 'blackhole', device: null, gateway: null },
    };
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      asked(1, '192.0.2.78', blackholed),
      asked(11, '192.0.2.77', rogue()),
      asked(11, '192.0.2.78', rogue()),
    ]);
    expect(paragraphs).toHaveLength(2);
    for (const [ip, reason] of [
      ['192.0.2.77', 'same-device'],
      ['192.0.2.78', 'blackholed'],
    ]) {
      const [text = ''] = paragraphs.filter((one) => one.includes(`(${ip})`));
      expect(text).toMatch(new RegExp(`it was silent \\(${reason}, .* before`));
    }
  });

  it('those that were asked for first after it are counted, with their requests', () => {
    const { headline, paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      changed(10, [subnetRoute('removed')]),
      ...Array.from({ length: 5 }, (_, i) => asked(11 + i, '192.0.2.80', rogue())),
      asked(17, '192.0.2.77', rogue()),
      asked(18, '192.0.2.80', rogue()),
      asked(19, '192.0.2.81', rogue()),
    ]);
    expect(headline).toContain('for 1 address that it had been silent about, and answered for 2 more that');
    expect(paragraphs[0]).toContain('2 addresses more were decided in the same way');
    expect(paragraphs[0]).toContain('(8.0 s since 03:30:11.0, 8 requests)');
    expect(paragraphs[0]).toMatch(/From 03:30:17\.0 on, 1 address/);
  });

  it('one that comes again after its end is another', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
      changed(20, [subnetRoute('added')]),
      asked(21, '192.0.2.77', own()),
      changed(30, [subnetRoute('removed')]),
      asked(31, '192.0.2.77', rogue()),
    ]);
    expect(paragraphs).toHaveLength(2);
    expect(paragraphs[0]).toMatch(/^03:30:30\.0 .* it was not seen to end\.$/);
    expect(paragraphs[1]).toMatch(/^03:30:10\.0 .* after this: 03:30:20\.0 /);
  });
});

describe('ends and goings-on of their own', () => {
  it('what left later, after others had, left by something else', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      asked(1, '192.0.2.78', own()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
      asked(11, '192.0.2.78', rogue()),
      changed(20, [subnetRoute('added')]),
      asked(21, '192.0.2.77', own()),
      asked(25, '192.0.2.78', rogue()),
      changed(30, [subnetRoute('added')]),
      asked(31, '192.0.2.78', own()),
    ]);
    expect(paragraphs[0]).toMatch(/From 03:30:21\.0 on 1 of them was as before .* this: 03:30:20\.0 /);
    expect(paragraphs[0]).toMatch(/From 03:30:31\.0 on 1 of them was as before .* this: 03:30:30\.0 /);
  });

  it('of those that stay, who was not asked for again is told apart', () => {
    const all = ['192.0.2.77', '192.0.2.78', '192.0.2.79'];
    const { paragraphs } = find([
      ...all.map((ip) => asked(1, ip, own())),
      ...all.map((ip) => asked(11, ip, rogue())),
      asked(21, '192.0.2.77', own()),
      asked(25, '192.0.2.78', rogue()),
    ]);
    expect(paragraphs[0]).toMatch(
      /1 other was still decided so at 03:30:25\.0, .* How 1 other was decided after that was not seen\.$/,
    );
  });

  it('what is asked for first after it was as before again may be of something else', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      asked(1, '192.0.2.78', own()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
      asked(11, '192.0.2.78', rogue()),
      changed(20, [subnetRoute('added')]),
      asked(21, '192.0.2.77', own()),
      changed(30, [subnetRoute('removed')]),
      asked(31, '192.0.2.80', rogue()),
    ]);
    expect(paragraphs.join(' ')).not.toContain('in the same way');
  });

  it('a route that was not proven at first is the one that was later', () => {
    const unproven = { ...guest(), route: { ...guest().route, prefix: null } };
    const { headline, paragraphs } = find([
      asked(1, '192.0.2.10', own()),
      asked(11, '192.0.2.10', unproven),
      asked(12, '192.0.2.10', guest()),
    ]);
    expect(paragraphs).toHaveLength(1);
    expect(headline).toMatch(/that was not seen to end$/);
  });

  it('what stopped, and is answered otherwise, is told as answered', () => {
    const gone: Way = { ...own(), reason: 'no-route', route: { prefix: '198.51.100.0/24' } };
    const { headline } = find([
      asked(1, '192.0.2.10', guest()),
      asked(5, '192.0.2.10', gone),
      asked(9, '192.0.2.10', rogue()),
    ]);
    expect(headline).toMatch(/^node0 began to answer for 1 address .*; that was not seen to end$/);
  });

  it('what stopped for a while is told so', () => {
    const gone: Way = { ...own(), reason: 'no-route', route: { prefix: '198.51.100.0/24' } };
    const { headline } = find([
      asked(1, '192.0.2.10', guest()),
      asked(5, '192.0.2.10', gone),
      asked(9, '192.0.2.10', guest()),
    ]);
    expect(headline).toBe('node0 stopped answering for 1 address, and answered again');
  });
});

describe('what is asked for first in the meantime', () => {
  const gone: Way = { ...own(), reason: 'no-route', route: { prefix: '198.51.100.0/24' } };

  it('is no part of its end', () => {
    const { headline, paragraphs } = find([
      asked(1, '192.0.2.10', guest()),
      asked(11, '192.0.2.10', own()),
      ...[101, 102, 103].map((last) => asked(12, `192.0.2.${last}`, own())),
      asked(21, '192.0.2.10', guest()),
    ]);
    expect(headline).toBe('node0 stopped answering for 1 address, and answered again');
    expect(paragraphs[0]).toContain('From 03:30:21.0 on it was as before');
    expect(paragraphs[0]).not.toContain('other');
  });

  it('does not move its begin, nor hide its cause', () => {
    const { paragraphs } = find([
      asked(4, '192.0.2.77', own()),
      asked(5, '192.0.2.80', rogue()),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:10\.0 .* From 03:30:11\.0 on, 1 address \(192\.0\.2\.77\)/);
  });

  it('silence by something else is no answer', () => {
    const { headline } = find([
      asked(1, '192.0.2.10', guest()),
      asked(11, '192.0.2.10', own()),
      asked(21, '192.0.2.10', gone),
      asked(60, '192.0.2.10', gone),
    ]);
    expect(headline).toBe('node0 stopped answering for 1 address; that was not seen to end');
  });

  it('what is told late moves nothing', () => {
    const story = new Story();
    for (const entry of [
      asked(1, '192.0.2.77', own()),
      asked(11.4, '192.0.2.77', rogue()),
      asked(10.4, '192.0.2.77', own()),
      asked(12, '192.0.2.77', rogue()),
    ]) {
      story.take(entry);
    }
    story.finish();
    expect(story.episodes.all).toHaveLength(1);
    expect(story.episodes.all[0]).toMatchObject({ staying: 1, left: [] });
  });

  it('of many that leave, each at its own time, the first are kept apart', () => {
    const story = new Story();
    const many = Array.from({ length: 4000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    const entries = [
      ...many.map((ip) => asked(1, ip, own())),
      ...many.map((ip) => asked(11, ip, rogue())),
      ...many.flatMap((ip, i) => [asked(100 + i, ip, rogue()), asked(100.5 + i, ip, own())]),
    ];
    for (const entry of entries) story.take(entry);
    story.finish();
    const [episode] = story.episodes.all;
    expect(episode).toMatchObject({ staying: 0, decisions: 8000 });
    expect(episode?.left.length).toBeLessThanOrEqual(500);
  });
});

describe('several who ask', () => {
  const [one, other] = [{ sender: '192.0.2.5' }, { sender: '192.0.2.6' }];
  const blackholed: Way = { ...own(), reason: 'blackholed', rule: 40, route: { prefix: null } };

  it('what moved for one of them is not told of all', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.10', guest(), one),
      asked(1, '192.0.2.10', guest(), other),
      asked(5, '192.0.2.10', blackholed, other),
      asked(6, '192.0.2.10', guest(), one),
    ]);
    expect(paragraphs[0]).toContain('asked for on bond0.90 in node0 by 192.0.2.6 got no answer any more');
  });

  it('who asks for the first time proves nothing of what others were told', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own(), one),
      changed(3, [subnetRoute('removed')]),
      asked(5, '192.0.2.77', rogue(), other),
    ]);
    expect(paragraphs[0]).toContain('Others had asked for it before, and it was silent (same-device');
    expect(paragraphs[0]).not.toContain('Nobody');
  });
});

describe('the headline', () => {
  it('is of what went wrong and goes on, not of what is larger', () => {
    const gone: Way = { ...own(), reason: 'no-route', route: { prefix: '198.51.100.0/24' } };
    const { headline } = find([
      ...[10, 11, 12].map((last) => asked(1, `192.0.2.${last}`, guest())),
      ...[10, 11, 12].map((last) => asked(5, `192.0.2.${last}`, gone)),
      asked(6, '192.0.2.77', own()),
      asked(11, '192.0.2.77', rogue()),
    ]);
    expect(headline).toBe(
      'node0 began to answer for 1 address that it had been silent about; that was not seen to end',
    );
  });

  it('claims nothing of what was not asked on both sides of a change', () => {
    const { headline } = find([
      asked(1, '192.0.2.77', own()),
      changed(8, [subnetRoute('removed')]),
      changed(9, [subnetRoute('added')]),
      asked(11, '192.0.2.78', own()),
    ]);
    expect(headline).toBe('No question was decided twice: whether an answer moved is not known');
  });
});

describe('which changes fit', () => {
  const setting = (device: string, name: string, now: number): Partial<Change> => ({
    object: 'setting',
    change: 'changed',
    text: `net/ipv4/conf/${device}/${name} = ${now}`,
    was: `net/ipv4/conf/${device}/${name} = ${1 - now}`,
  });

  it.each<[string, Partial<Change>]>([
    ['a setting of another device', setting('tap0', 'proxy_arp', 1)],
    [
      'another rule of the same priority',
      { object: 'rule', text: '32765: iif tap0 lookup 91', table: { id: 91, name: null } },
    ],
    [
      'another route of the same prefix',
      { text: '192.0.2.0/24 via 10.1.1.1 dev dummy9 metric 500', table: { id: 90, name: 'public_90' } },
    ],
    ['an address of the device', { object: 'address', change: 'added', text: '172.16.0.1/32 dev bond0.90' }],
  ])('not %s', (_, change) => {
    const ruled: Way = { ...own(), rule: 32765 };
    const entries = [
      asked(1, '192.0.2.77', ruled),
      changed(8, [change]),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
    ];
    for (const { event } of entries) {
      if (event.schema !== 'arpwhy.decision/1') continue;
      for (const step of event.steps) if (step.rule?.priority === 32765) step.rule.selector = 'iif bond0.90';
    }
    const { paragraphs } = find(entries);
    expect(paragraphs[0]).toMatch(/^03:30:10\.0 table public_90 lost 1 route/);
    expect(paragraphs[0]).not.toContain('03:30:08');
  });

  it('a setting that only one of the decisions names is one, and one without effect is none', () => {
    const off = { proxy_arp: { all: 0, dev: 0 } };
    const on = { proxy_arp: { all: 0, dev: 1 } };
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own(), { settings: {} }),
      changed(7, [setting('all', 'proxy_arp', 0)]),
      changed(8, [setting('bond0.90', 'proxy_arp', 1)]),
      asked(11, '192.0.2.77', rogue(), { settings: on }),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:08\.0 net\/ipv4\/conf\/bond0\.90\/proxy_arp = 1 \(it was 0\)\./);
    const { paragraphs: same } = find([
      asked(1, '192.0.2.77', { ...rogue(), action: 'silent', reason: 'proxy-arp-off' }, { settings: off }),
      changed(8, [setting('all', 'arp_ignore', 1)]),
      changed(9, [setting('bond0.90', 'proxy_arp', 1)]),
      asked(11, '192.0.2.77', rogue(), { settings: on }),
    ]);
    expect(same[0]).toMatch(/^03:30:09\.0 /);
  });

  it('a setting of all that this kernel does not read is none', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own(), { settings: { proxy_arp_pvlan: { dev: 0 } } }),
      changed(8, [setting('all', 'proxy_arp_pvlan', 1)]),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
    ]);
    expect(paragraphs[0]).toMatch(/^03:30:10\.0 table public_90 lost 1 route/);
  });

  it('of many the closest are told', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      ...[2, 3, 4, 5].map((second) => changed(second, [link('bond0.90', second % 2 ? 'up' : 'down', 'up')])),
      changed(10, [subnetRoute('removed')]),
      asked(11, '192.0.2.77', rogue()),
    ]);
    expect(paragraphs[0]).toContain('03:30:10.0 table public_90 lost 1 route');
    expect(paragraphs[0]).toContain('2 more changes came in that time.');
  });

  it('what the decisions themselves were made with tells of a setting that nobody saw change', () => {
    const entries = [
      asked(1, '192.0.2.77', rogue()),
      asked(11, '192.0.2.77', { ...rogue(), action: 'silent', reason: 'arp-ignore' }),
    ];
    for (const [i, { event }] of entries.entries()) {
      if (event.schema === 'arpwhy.decision/1') event.settings = { arp_ignore: { all: i * 8, dev: 0 } };
    }
    const { paragraphs } = find(entries);
    expect(paragraphs[0]).toMatch(
      /^net\/ipv4\/conf\/all\/arp_ignore went from 0 to 8 between .*, as the decisions themselves show\. /,
    );
  });
});

describe('thin evidence', () => {
  it('asked for only after the change: how it was before is not claimed', () => {
    const { headline, paragraphs } = find([
      asked(1, '192.0.2.10', guest()),
      changed(10, [subnetRoute('removed'), { ...elsewhere, text: '0.0.0.0/0 via 10.0.0.1 dev bond0' }]),
      asked(11, '192.0.2.77', rogue()),
    ]);
    expect(headline).toContain('how it was before was not seen');
    expect(paragraphs[0]).toContain('does not tell whether it was answered already');
  });

  it('a change seen much later than it may have happened is told as a stretch of time', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      asked(11, '192.0.2.77', rogue()),
      changed(15, [subnetRoute('removed')], {}, 3),
    ]);
    expect(paragraphs[0]).toMatch(/^Between 03:30:03\.0 and 03:30:11\.0 table public_90 lost/);
  });

  it('a change that came after the answer had moved is not its cause', () => {
    const { paragraphs } = find([
      asked(1, '192.0.2.77', own()),
      asked(11, '192.0.2.77', rogue()),
      changed(15, [subnetRoute('removed')]),
      asked(16, '192.0.2.77', rogue()),
    ]);
    expect(paragraphs[0]).toMatch(/^No change was seen between/);
  });

  it('what a default route answers is told, though nothing moved', () => {
    const { headline, paragraphs } = find([
      asked(1, '192.0.2.77', rogue()),
      asked(5, '192.0.2.78', rogue()),
      asked(6, '192.0.2.10', guest()),
      asked(7, '192.0.2.10', guest()),
    ]);
    expect(headline).toMatch(
      /^No answer was seen to move, but \S+ answered for 2 addresses by a default route$/,
    );
    expect(paragraphs).toHaveLength(1);
    expect(paragraphs[0]).toMatch(
      /^From .*2 addresses asked for on bond0\.90.* because of 0\.0\.0\.0\/0 via/,
    );
    expect(paragraphs[0]).toContain('A default route covers every address');
  });

  it('unknown decisions prove no move', () => {
    const unknown: Way = { ...rogue(), action: 'unknown', reason: 'unknown' };
    const { headline, caveats } = find([
      asked(1, '192.0.2.77', own()),
      asked(5, '192.0.2.77', unknown),
      asked(11, '192.0.2.77', own()),
    ]);
    expect(headline).toBe('No answer was seen to move');
    expect(caveats.join(' ')).toContain('1 of 3 decisions are unknown');
  });
});
