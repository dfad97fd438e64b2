import { durationText, rateText } from '../amounts.js';
import { countText, some } from '../count.js';
import { fitted, type Line, nameText, type Span, widthOfText } from '../spans.js';
import type { Surface, TopState } from './state.js';

/** Who is watched and since when; what was seen; and what the numbers below leave out, where they do. */
export function headerLines(state: TopState, surface: Surface): Line[] {
  return [titleLine(state, surface), ...countLines(state, surface), ...stateLines(state, surface)];
}

function titleLine({ start, recording, upMs, clock, utc }: TopState, { columns, glyphs }: Surface): Line {
  const name: Span = { text: 'arpwhy top', format: 'bold' };
  const { host, kernel, tier } = start;
  const words =
    recording === null
      ? [host, `kernel ${kernel}`, tier, `up ${durationText(upMs)}`]
      : [recording, durationText(upMs), `of ${host}`];
  const rest = nameText(`  ${words.join('  ')}`, glyphs);
  const time = utc ? `${clock} UTC` : clock;
  return [
    name,
    { text: fitted(rest, columns - name.text.length - time.length - 1, glyphs) },
    { text: ` ${time}` },
  ];
}

function countLines(state: TopState, { columns }: Surface): Line[] {
  const { tally, seen, lost, countedAt, filteredSince } = state;
  const { replied, silent, dropped, unknown, all } = tally.totals;
  const rate = `${rateText(tally.totalRate(countedAt)) || '0'}/s`;
  // of a filter by address the verdicts of what passes it are counted, and nothing else
  const parts: Span[] =
    filteredSince === null
      ? [{ text: some(seen, 'request') }, { text: rate }]
      : [{ text: `${some(seen, 'request')} in all; filtered: ${countText(all)}` }, { text: rate }];
  parts.push({ text: `${countText(replied)} replied` }, { text: `${countText(silent)} silent` });
  if (dropped > 0) parts.push({ text: `${countText(dropped)} dropped` });
  if (unknown > 0) parts.push({ text: `${countText(unknown)} unknown`, format: 'bold' });
  const pending = pendingOf(state);
  if (pending > 0) parts.push({ text: `${countText(pending)} not decided yet` });
  parts.push(lost > 0 ? { text: `${countText(lost)} LOST`, format: ['bold', 'red'] } : { text: '0 lost' });
  return flow(parts, ', ', columns);
}

/** Requests that wait in the proxy queue. In a storm some are always on their way here: these are no matter. */
function pendingOf({ recording, filteredSince, behindMs, seen, lost, tally, countedAt }: TopState): number {
  const pending = seen - lost - tally.totals.all;
  const onTheirWay = tally.totalRate(countedAt) / 4;
  return recording === null && filteredSince === null && behindMs === 0 && pending > onTheirWay ? pending : 0;
}

/** What is not as usual: each is named, for it changes what the numbers mean. */
function stateLines(state: TopState, { columns, glyphs }: Surface): Line[] {
  const { player, paused, behindMs, filterText, filteredSince, scope, recorder, seen, lost, tally } = state;
  const parts: Span[] = [{ text: nameText(scope, glyphs), format: 'dim' }];
  parts.push({ text: '~ is inferred', format: 'dim' });
  if (recorder !== null) {
    const text = nameText(recorder.text, glyphs);
    parts.push({ text, format: recorder.failed ? ['bold', 'red'] : 'dim' });
  }
  if (filterText !== '') {
    const since = filteredSince === null ? '' : `, counted since ${filteredSince}, and what rows kept`;
    parts.push({ text: `filter ${nameText(filterText, glyphs)}${since}`, format: ['bold', 'cyan'] });
  }
  if (player !== null) parts.push({ text: player, format: 'bold' });
  if (paused !== null)
    parts.push({ text: `PAUSED at ${paused}: still counting`, format: ['bold', 'inverse'] });
  if (behindMs > 0) {
    const waiting = seen - lost - tally.totals.all;
    const requests = filteredSince === null && waiting > 0 ? `, ${some(waiting, 'request')}` : '';
    parts.push({
      text: `BEHIND by ${(behindMs / 1000).toFixed(1)} s${requests}`,
      format: ['bold', 'magenta'],
    });
  }
  return flow(parts, '  ', columns);
}

/** One after the other, on as many lines as it takes. */
function flow(parts: readonly Span[], separator: string, columns: number): Line[] {
  const lines: Line[] = [];
  let left = 0;
  for (const part of parts) {
    const width = widthOfText(part.text) + separator.length;
    const current = lines.at(-1);
    if (current && width <= left) {
      current.push({ text: separator }, part);
      left -= width;
    } else {
      lines.push([part]);
      left = columns - widthOfText(part.text);
    }
  }
  return lines;
}
