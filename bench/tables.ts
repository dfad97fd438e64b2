import Table from 'cli-table3';
import type { Spread } from './numbers.js';
import type { ProgramCost } from './programs.js';
import type { Reading } from './recordings.js';
import type { Results } from './results.js';
import type { Measured } from './round.js';
import type { Stages } from './stages.js';

/** What tracing costs while requests flood in. */
export function arpTable(results: Results, names: readonly string[]): string {
  const table = plainTable([
    'ARP flood',
    'requests/s',
    'of untraced',
    'delivered',
    'lost',
    'proven',
    'B/request',
    'CPU us/req.',
    'peak MiB',
    'attach s',
    'end s',
  ]);
  for (const name of names) {
    const reason = results.skipped.get(name);
    if (reason !== undefined) {
      table.push([name, { colSpan: 10, content: `skipped: ${reason}` }]);
      continue;
    }
    table.push([
      name,
      thousands(results.spread(name, ({ arp }) => arp.rate)),
      fixed(
        results.ratio(name, ({ arp }) => arp.rate),
        2,
      ),
      percent(results.tool(name, ({ delivered, requests }) => delivered / requests)),
      percent(results.tool(name, ({ lost, requests }) => lost / requests)),
      percent(results.tool(name, ({ proven }) => proven)),
      middle(
        results.tool(name, ({ bytes, delivered }) => (bytes && delivered ? bytes / delivered : null)),
        0,
      ),
      middle(
        results.tool(name, ({ cpuSeconds, requests }) => (cpuSeconds / requests) * 1e6),
        2,
      ),
      middle(
        results.tool(name, ({ peakMiB }) => peakMiB),
        0,
      ),
      fixed(
        results.tool(name, ({ attachSeconds }) => attachSeconds),
        2,
      ),
      middle(
        results.tool(name, ({ endSeconds }) => endSeconds),
        1,
      ),
    ]);
  }
  return table.toString();
}

/** What it costs the packets of everybody else. */
export function udpTable(results: Results, names: readonly string[]): string {
  const table = plainTable([
    'forwarded UDP',
    'policy router, packets/s',
    'slower',
    'plain router, packets/s',
    'slower',
  ]);
  for (const name of names) {
    if (results.skipped.has(name)) continue;
    const rates = (pick: (one: Measured) => number | undefined) => [
      thousands(results.spread(name, pick)),
      slower(results.ratio(name, pick)),
    ];
    table.push([name, ...rates(({ policy }) => policy?.rate), ...rates(({ plain }) => plain?.rate)]);
  }
  return table.toString();
}

/** Whether a load that has to be carried is. */
export function sustainedTable(
  what: string,
  runs: readonly { targets: number; measured: Measured }[],
): string {
  const table = plainTable([
    `sustained: ${what}`,
    'requests/s',
    'requests',
    'delivered',
    'lost',
    'CPU of one core',
    'peak MiB',
    'end s',
  ]);
  for (const { targets, measured } of runs) {
    const { arp, tool } = measured;
    if (!tool) continue;
    table.push([
      `for ${count(targets)} targets`,
      count(arp.rate),
      count(tool.requests),
      count(tool.delivered),
      count(tool.lost),
      `${((tool.cpuSeconds / (arp.seconds + tool.endSeconds)) * 100).toFixed(0)}%`,
      tool.peakMiB.toFixed(0),
      tool.endSeconds.toFixed(1),
    ]);
  }
  return table.toString();
}

/** What it takes to read a recording again. */
export function readingTable(read: readonly Reading[]): string {
  const table = plainTable([
    'recording',
    'decisions',
    'seconds',
    'decisions/s',
    'CPU s',
    'peak MiB',
    'bytes',
  ]);
  for (const { what, decisions, seconds, cpuSeconds, peakMiB, bytes } of read) {
    table.push([
      what,
      count(decisions),
      seconds.toFixed(1),
      count(decisions / seconds),
      cpuSeconds.toFixed(1),
      peakMiB.toFixed(0),
      count(bytes),
    ]);
  }
  return table.toString();
}

/** What our programs cost, by the kernel's own measure. */
export function programTable(arp: readonly ProgramCost[], udp: readonly ProgramCost[]): string {
  const table = plainTable([
    'BPF program',
    'runs/request',
    'ns/run',
    'ns/request',
    'runs/packet',
    'ns/run',
    'ns/packet',
  ]);
  const cells = (one: ProgramCost | undefined) =>
    one
      ? [one.runsPerFrame.toFixed(2), one.nsPerRun.toFixed(0), (one.runsPerFrame * one.nsPerRun).toFixed(0)]
      : ['-', '-', '-'];
  const sum = (costs: readonly ProgramCost[]) =>
    costs.reduce((total, one) => total + one.runsPerFrame * one.nsPerRun, 0).toFixed(0);
  for (const name of new Set([...arp, ...udp].map((one) => one.name))) {
    const of = (costs: readonly ProgramCost[]) => cells(costs.find((one) => one.name === name));
    table.push([name, ...of(arp), ...of(udp)]);
  }
  table.push(['all', '', '', sum(arp), '', '', sum(udp)]);
  return table.toString();
}

/** How fast user space is, stage by stage. */
export function stageTable(storm: Stages, scan: Stages): string {
  const table = plainTable(['user space, one core, a second', 'storm', 'scan']);
  const bytes = `${storm.bytesPerRecord.toFixed(0)}`;
  table.push(
    [`decode records (of ${bytes} bytes)`, thousands(storm.decode), thousands(scan.decode)],
    ['decide and justify', thousands(storm.decide), thousands(scan.decide)],
    ['decision as text', thousands(storm.text), thousands(scan.text)],
    ['decision as JSON', thousands(storm.json), thousands(scan.json)],
  );
  return table.toString();
}

function plainTable(head: string[]): Table.Table {
  return new Table({
    head,
    style: { head: [], border: [], compact: true },
    chars: { ...noFrame, mid: '', middle: '  ' },
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
  });
}

const noFrame = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((end) => [`${side}${end}`, '']),
  ),
);

const count = (value: number) => Math.round(value).toLocaleString('en');

/** "median (least-most)", or the median alone where all are the same. */
function range(one: Spread | null, text: (value: number) => string, unit = ''): string {
  if (!one) return '-';
  const [median, min, max] = [one.median, one.min, one.max].map(text);
  return min === max ? `${median}${unit}` : `${median}${unit} (${min}-${max})`;
}

/** In thousands. */
const thousands = (one: Spread | null) => range(one, (value) => (value / 1000).toFixed(1), 'k');

const fixed = (one: Spread | null, digits: number) => range(one, (value) => value.toFixed(digits));

const middle = (one: Spread | null, digits: number) => (one ? one.median.toFixed(digits) : '-');

const percent = (one: Spread | null) => range(one, (value) => (value * 100).toFixed(2), '%');

/** How much longer a packet takes. */
function slower(ratio: Spread | null): string {
  if (!ratio) return '-';
  const text = (value: number) => ((1 / value - 1) * 100).toFixed(1);
  const [median, least, most] = [ratio.median, ratio.max, ratio.min].map(text);
  return least === most ? `${median}%` : `${median}% (${least} to ${most})`;
}
