import type { Story } from '../recording/story.js';
import type { ReportClock } from './clock.js';
import { Html, html } from './html.js';

const width = 1000;
const left = 44;
const top = 34;
const half = 110;
const axisY = top + half;
const height = axisY + half + 26;
const marksApart = 20;

/** Of a chart: which class a justification is drawn in, and whether it stands above the axis. */
export interface Kinds {
  classOf(key: string): string;
  answered(key: string): boolean;
}

/** Answers above the axis, silence below it, each to its own scale; changes as numbered lines. */
export function timelineFigure(story: Story, kinds: Kinds, clock: ReportClock): Html {
  const { timeline } = story;
  const { bars, widthNs } = timeline;
  if (timeline.startNs === null || story.firstNs === null || story.lastNs === null) return html``;
  const startNs = timeline.startNs < story.firstNs ? timeline.startNs : story.firstNs;
  const endNs = max(story.lastNs, timeline.startNs + widthNs * BigInt(bars.length));
  const span = Number(endNs - startNs) || 1;
  const x = (ns: bigint) => left + (Number(ns - startNs) / span) * (width - left - 8);
  const stacks = bars.map((bar) => stackOf(bar, kinds));
  const [most, mostSilent] = [highest(stacks, 'above'), highest(stacks, 'below')];
  const barWidth = Math.max(1, (Number(widthNs) / span) * (width - left - 8) - 0.5);
  const rects = stacks.flatMap((stack, i) => {
    const at = x((timeline.startNs as bigint) + widthNs * BigInt(i));
    return [
      ...column(stack.above, at, barWidth, half / Math.max(1, most), -1),
      ...column(stack.below, at, barWidth, half / Math.max(1, mostSilent), 1),
    ];
  });
  return html`<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Requests over time: answered above the line, not answered below it, changes as numbered lines">
${new Html(rects.join('\n'))}
<line class="axis" x1="${left}" y1="${axisY}" x2="${width - 8}" y2="${axisY}"/>
<text x="${left - 6}" y="${axisY - half + 4}" text-anchor="end">${most}</text><text x="${left - 6}" y="${axisY + half}" text-anchor="end">${mostSilent}</text>
<text x="${left - 6}" y="${axisY - 6}" text-anchor="end">yes</text><text x="${left - 6}" y="${axisY + 14}" text-anchor="end">no</text>
${ticks(startNs, endNs, x, clock)}
${marks(story, x)}
</svg><figcaption class="small">Requests per ${barText(widthNs)}: answered above the line (at most ${most}), not answered below it (at most ${mostSilent}). A numbered line is a change, told below.</figcaption></figure>`;
}

interface Stack {
  above: Map<string, number>;
  below: Map<string, number>;
}

function stackOf(bar: Map<string, number>, kinds: Kinds): Stack {
  const stack: Stack = { above: new Map(), below: new Map() };
  for (const [key, count] of bar) {
    const side = kinds.answered(key) ? stack.above : stack.below;
    const name = kinds.classOf(key);
    side.set(name, (side.get(name) ?? 0) + count);
  }
  return stack;
}

function highest(stacks: Stack[], side: 'above' | 'below'): number {
  return stacks.reduce((most, stack) => Math.max(most, sum(stack[side])), 0);
}

function sum(counts: Map<string, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}

/** What went wrong lies nearest to the axis, where it is seen first. */
function column(counts: Map<string, number>, x: number, w: number, scale: number, sign: 1 | -1): string[] {
  let at = axisY;
  const order = [...counts].sort(([a], [b]) => (a < b ? 1 : -1));
  return order.map(([name, count]) => {
    const h = Math.max(0.8, count * scale);
    const y = sign < 0 ? at - h : at;
    at += sign * h;
    return `<rect class="${name}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${w.toFixed(1)}" height="${h.toFixed(1)}"/>`;
  });
}

function ticks(startNs: bigint, endNs: bigint, x: (ns: bigint) => number, clock: ReportClock): Html[] {
  const count = 6;
  return Array.from({ length: count }, (_, i) => {
    const ns = startNs + ((endNs - startNs) * BigInt(i)) / BigInt(count - 1);
    const anchor = i === 0 ? 'start' : i === count - 1 ? 'end' : 'middle';
    return html`<text x="${x(ns).toFixed(1)}" y="${height - 6}" text-anchor="${anchor}">${clock.moment(ns)}</text>`;
  });
}

/** Changes that lie close together share a line. */
function marks(story: Story, x: (ns: bigint) => number): Html[] {
  const clusters: { at: number; first: number; last: number }[] = [];
  for (const [i, { timeNs }] of story.changes.entries()) {
    const at = x(timeNs);
    const before = clusters.at(-1);
    if (before && at - before.at < marksApart) before.last = i + 1;
    else clusters.push({ at, first: i + 1, last: i + 1 });
  }
  return clusters.map(({ at, first, last }) => {
    const label = first === last ? String(first) : `${first}-${last}`;
    const w = 10 + 7 * label.length;
    return html`<a href="#c${first}"><line class="mark" x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="20" y2="${axisY + half}"/><rect class="badge" x="${(at - w / 2).toFixed(1)}" y="4" width="${w}" height="17" rx="8"/><text class="badge-text" x="${at.toFixed(1)}" y="16">${label}</text></a>`;
  });
}

function barText(ns: bigint): string {
  const seconds = Number(ns) / 1e9;
  return seconds < 120 ? `${Number(seconds.toFixed(1))} s` : `${Math.round(seconds / 60)} min`;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
