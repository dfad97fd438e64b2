import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { SnapshotEvent } from '../../src/recording/events-from-json.js';
import { type Finding, findingOf } from '../../src/recording/finding.js';
import { MergedReader } from '../../src/recording/merge.js';
import type { Entry } from '../../src/recording/reader.js';
import { type Group, Story } from '../../src/recording/story.js';
import type { ChangeEvent } from '../../src/stream/events.js';
import { ReportClock } from '../../src/view/clock.js';
import { reportPage } from '../../src/view/report-html.js';
import { address, snapshot } from './builders.js';
import { replied } from './example.js';

const incident = fileURLToPath(new URL('../../demo/incident.pcapng.gz', import.meta.url));

async function entriesOf(path: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const batch of new MergedReader([path], { states: true }).batches()) entries.push(...batch);
  return entries;
}

function tell(entries: Entry[]): { story: Story; finding: Finding; clock: ReportClock } {
  const story = new Story();
  for (const entry of entries) story.take(entry);
  story.finish();
  const clock = new ReportClock(true, story.firstNs ?? 0n, story.lastNs ?? 0n);
  return { story, finding: findingOf(story, (ns) => clock.moment(ns)), clock };
}

describe('the finding', () => {
  it('names the change, what was answered because of it, and how it ended', async () => {
    const { finding } = tell(await entriesOf(incident));
    expect(finding.headline).toBe('demo-node0 began to answer for 1 address that it had been silent about');
    expect(finding.paragraphs).toHaveLength(1);
    const [text] = finding.paragraphs;
    expect(text).toContain('bond0.90 went down, and up again.');
    expect(text).toContain('table public_90 lost 2 routes');
    expect(text).toContain('because of 0.0.0.0/0 via 10.0.0.1 dev bond0 in table main (rule 32766)');
    expect(text).toMatch(/as before \(same-device\) after this: .* table public_90 got 2 routes/);
    expect(finding.caveats).toEqual([]);
  });

  it('names the process where hooks saw it', async () => {
    const entries = (await entriesOf(incident)).map((entry) => {
      const { event } = entry;
      if (event.schema !== 'arpwhy.change/1' || !event.changes.some(({ object }) => object === 'route'))
        return entry;
      const seen: Partial<ChangeEvent> = {
        evidence: 'observed',
        cause: { kind: 'link-down', device: { index: 7, name: 'bond0.90' } },
        process: { pid: 814, name: 'ip', parent: { pid: 810, name: 'ifdown' } },
        flushed: [{ table: { id: 90, name: 'public_90' }, routes: 2 }],
      };
      return { ...entry, event: { ...event, ...seen } };
    });
    const { finding, story } = tell(entries);
    expect(finding.paragraphs[0]).toContain(
      ', flushed by the kernel because bond0.90 went down, by ip (pid 814), started by ifdown (pid 810).',
    );
    // the state that follows shows what it did to the table
    const states = story.changes.flatMap((one) => one.states.map(({ title }) => title));
    expect(states).toContain('table public_90');
  });

  it('without the changes says that none was seen', async () => {
    const entries = (await entriesOf(incident)).filter(({ event }) => event.schema !== 'arpwhy.change/1');
    expect(tell(entries).finding.paragraphs[0]).toMatch(
      /^No change was seen between .*: what moved is not known\./,
    );
  });

  it('of an hour in which nothing moved says so', async () => {
    const entries = (await entriesOf(incident)).filter(
      ({ event, timeNs }, _, all) =>
        event.schema !== 'arpwhy.change/1' && timeNs < (all[0] as Entry).timeNs + 1_500_000_000n,
    );
    // what was not asked again proves nothing
    expect(tell(entries).finding.headline).toMatch(/No question was decided twice: .* is not known$/);
    const again = entries.map((entry) => ({ ...entry, timeNs: entry.timeNs + 2_000_000_000n }));
    const { finding, story } = tell([...entries, ...again]);
    expect(story.decisions).toBeGreaterThan(0);
    expect(finding.headline).toBe(
      'Nothing happened: no answer was seen to move, and no rule, route or link changed',
    );
  });
});

it('marks the answers that a network engineer would look at', async () => {
  const { story } = tell(await entriesOf(incident));
  const marked = story
    .sorted()
    .map((group) => [group.justification.prefix, story.marks(group).map(({ code }) => code)]);
  expect(marked).toContainEqual(['0.0.0.0/0', ['default-route', 'other-table']]);
  expect(marked).toContainEqual(['192.0.2.0/24', []]);
});

it('marks an answer by a route that is wider than any subnet of the device', async () => {
  const [start] = await entriesOf(incident);
  const { netns, device } = replied;
  const prefix = '198.18.0.0/15';
  const wide = {
    ...replied,
    steps: replied.steps.map((step) => (step.route ? { ...step, route: { ...step.route, prefix } } : step)),
  };
  const state = (length: number): SnapshotEvent => ({
    schema: 'arpwhy.snapshot/1',
    ...{ id: 's1', host: replied.host, time: replied.time, monotonicNs: '1', netns },
    snapshot: snapshot({ addresses: [address(`10.0.0.1/${length}`, device.index)] }),
  });
  const marks = (length: number) => {
    const story = new Story();
    story.take(start as Entry);
    story.take({ ...(start as Entry), event: state(length), timeNs: 1n });
    story.take({ ...(start as Entry), event: wide, timeNs: 2n });
    return story.marks(story.sorted()[0] as Group).map(({ code }) => code);
  };
  expect(marks(24)).toContain('wide-prefix');
  expect(marks(14)).not.toContain('wide-prefix');
});

describe('the page', () => {
  const parts = (entries: Entry[]) => ({ ...tell(entries), files: ['a b.pcapng'], utc: true });

  it('has no script, fetches nothing, and names the command behind each figure', async () => {
    const page = reportPage(parts(await entriesOf(incident)));
    expect(page).toMatch(
      /Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-/,
    );
    expect(page).not.toMatch(/<script|https?:|style="|onclick/);
    const text = page.replace(/<[^>]*>/g, '');
    expect(text).toContain(
      'arpwhy replay &#39;a b.pcapng&#39; --netns demo-node0 --dev bond0.90 --action replied',
    );
    expect(text).toContain('--rule 32766 --table 254 --route 0.0.0.0/0');
  });

  it('shows what strangers wrote as text', () => {
    const name = '<img src=x onerror=alert(1)>\u202e\u001b[2J';
    const event = { ...replied, device: { index: 2, name }, netns: { inode: 1, name } };
    const entry: Entry = {
      timeNs: 10n ** 18n,
      event,
      bytes: Buffer.from(JSON.stringify(event)),
      evidence: null,
    };
    const page = reportPage(parts([entry]));
    expect(page).not.toContain('<img');
    expect(page).not.toMatch(/[\u202e\u001b]/);
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
  });

  it('counts addresses one by one, and says so where they are too many', () => {
    const entries = Array.from({ length: 70_000 }, (_, i): Entry => {
      const ip = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
      const event = { ...replied, request: { ...replied.request, target: { ip } } };
      return { timeNs: 10n ** 18n + BigInt(i), event, bytes: Buffer.alloc(0), evidence: null };
    });
    expect(reportPage(parts(entries.slice(0, 60_000)))).toContain('60000 addresses');
    expect(reportPage(parts(entries))).toContain('more than 65536 addresses');
  });

  it('stays small, whatever the number of decisions', () => {
    const entries = Array.from({ length: 20_000 }, (_, i): Entry => {
      const ip = `10.${i & 127}.${(i >> 7) & 255}.7`;
      const event = {
        ...replied,
        id: `a-${i}`,
        request: {
          ...replied.request,
          target: { ip },
          sender: { ip: `192.0.${i & 255}.9`, mac: replied.request.sender.mac },
        },
        device: { index: 2, name: `eth${i % 700}` },
      };
      return { timeNs: 10n ** 18n + BigInt(i) * 10_000_000n, event, bytes: Buffer.alloc(0), evidence: null };
    });
    expect(reportPage(parts(entries)).length).toBeLessThan(3_000_000);
  });
});
