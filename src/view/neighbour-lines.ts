import { causeSentences, learningReason, neighbourCauseSentences } from '../decision/neighbour/reasons.js';
import type {
  Entry,
  Learning,
  NeighbourChange,
  NeighbourEventTold,
  Solicitation,
} from '../decision/neighbour/types.js';
import { notProvenText, scopesText, stepText, triedText } from './explain.js';

/** The parts of a headline, and the rows below it. Nothing is escaped. */
export interface NeighbourText {
  /** What was claimed or asked. */
  question: string;
  /** What became of it, in a word or two, and why. */
  action: string;
  reason: string;
  detail: string | null;
  said: string;
  rows: [string, string][];
}

/** What a host learned or asked as text for people. */
export function neighbourText(event: NeighbourEventTold, whole: boolean): NeighbourText {
  switch (event.schema) {
    case 'arpwhy.learning/1':
      return learningText(event, whole);
    case 'arpwhy.solicitation/1':
      return solicitationText(event, whole);
    case 'arpwhy.neighbour/1':
      return changeText(event);
  }
}

function learningText(event: Learning, whole: boolean): NeighbourText {
  const { claim, entry, moved, verdict, asked, settings } = event;
  const rows: [string, string][] = [];
  if (verdict.reason === 'unknown') rows.push(['not proven', notProvenText(verdict.candidates ?? [])]);
  else rows.push(['because', learningReason(verdict.reason)?.sentence ?? verdict.reason]);
  if (moved) rows.push(['moved', `${claim.ip} moved from ${moved.from} to ${moved.to}`]);
  if (entry.met)
    rows.push(['entry', `${entryText(entry.met)}, for ${seconds(entry.met.ageNs)}; ${leftText(entry.left)}`]);
  else if (entry.left) rows.push(['entry', `none before; ${leftText(entry.left)}`]);
  if (asked) {
    const who = asked.by === 'kernel' ? 'this host' : 'a program on this host';
    rows.push(['asked', `by ${who}, ${seconds(asked.roundTripNs)} before (${asked.id})`]);
  }
  const values = Object.entries(settings).map(([name, scopes]) => `${name}: ${scopesText(scopes)}`);
  if (values.length > 0) rows.push(['setting', values.join('; ')]);
  if (whole) {
    const { target, source, destination, cast } = claim;
    rows.push([
      'frame',
      `${source ?? '?'} > ${destination ?? '?'} (${cast}), target ${target.ip} ${target.mac}`,
    ]);
    rows.push(['learning', event.id]);
  }
  const gratuitous = claim.ip === claim.target.ip ? ', gratuitous' : '';
  return {
    question: `${claim.ip} is-at ${claim.mac}`,
    action: verdict.action,
    reason: verdict.reason,
    detail: verdict.detail,
    said: `(${claim.operation}${gratuitous})`,
    rows,
  };
}

function solicitationText(event: Solicitation, whole: boolean): NeighbourText {
  const { request, cause, packet, steps, because, now, sent, end, settings } = event;
  const rows: [string, string][] = [];
  const by = cause.process ? `${cause.process.command} (pid ${cause.process.pid}): ` : '';
  const through = cause.function === null ? '' : ` (${cause.function})`;
  rows.push(['sent by', `${by}${causeSentences[cause.code] ?? cause.code}${through}`]);
  if (packet) {
    const from = packet.from === null ? '' : `, came in by ${packet.from.name ?? packet.from.index}`;
    rows.push(['packet', `${packet.source} > ${packet.target}, protocol ${packet.protocol}${from}`]);
  }
  const step = because === null ? undefined : steps[because];
  if (step) rows.push(['because', stepText(step)]);
  for (const [i, one] of steps.entries()) {
    if (because !== null && i >= because) break;
    if (one.table?.id !== 255 || whole) rows.push(['first tried', triedText(one)]);
  }
  if (!step) rows.push(['because', 'not seen: no lookup was made in the same send']);
  if (now) rows.push(['now', `the tables say: ${now.text}`]);
  const waited = end.waited === null || end.waited === 0 ? '' : `, ${packets(end.waited)} waited`;
  const lost = end.lost === null || end.lost === 0 ? '' : `, ${end.lost} of them lost`;
  if (sent.length > 1 || waited !== '') {
    rows.push(['tries', `${sent.length}${span(sent)}${waited}${lost}`]);
  }
  if (whole) {
    const values = Object.entries(settings).map(([name, scopes]) => `${name}: ${scopesText(scopes)}`);
    if (values.length > 0) rows.push(['settings', values.join('; ')]);
    rows.push(['frame', `${request.sender.mac} > ${request.destination ?? '?'} (${request.cast})`]);
    rows.push(['solicitation', event.id]);
  }
  const trip = end.roundTripNs === null ? '' : ` after ${seconds(end.roundTripNs)}`;
  return {
    question: `asked who-has ${request.target.ip} tell ${request.sender.ip}`,
    action: end.outcome,
    reason: cause.code,
    detail: null,
    said: end.outcome === 'answered' ? `${end.mac ?? '?'}${trip}` : '',
    rows,
  };
}

function changeText({ entry, cause, unknown }: NeighbourChange): NeighbourText {
  const was = unknown.includes('/entry/was') ? 'not seen before' : entry.was ? entryText(entry.was) : 'none';
  const by = cause.process ? `${cause.process.command} (pid ${cause.process.pid})` : null;
  const through = cause.detail === null ? null : `in ${cause.detail}`;
  const who = [by, through].filter((part) => part !== null).join(' ');
  return {
    question: `neighbour ${entry.ip}`,
    action: entry.is === null ? 'removed' : entry.was === null && was === 'none' ? 'added' : 'changed',
    reason: cause.code,
    detail: null,
    said: `${was} -> ${entry.is ? entryText(entry.is) : 'gone'}`,
    rows: [
      ['because', neighbourCauseSentences[cause.code] ?? cause.code],
      ...(who === '' ? [] : [['by', who] as [string, string]]),
    ],
  };
}

function entryText({ state, mac }: Entry): string {
  return mac === null ? state : `${state} ${mac}`;
}

function leftText(left: Entry | null): string {
  return left ? `now ${entryText(left)}` : 'what it is now was not seen';
}

function packets(count: number): string {
  return count === 1 ? '1 packet' : `${count} packets`;
}

function span(sent: Solicitation['sent']): string {
  if (sent.length < 2) return '';
  return ` in ${seconds(Number(sent.at(-1)?.monotonicNs) - Number(sent[0]?.monotonicNs))}`;
}

/** "0.12 ms", "443 ms", "3.1 s" */
function seconds(ns: number): string {
  if (ns < 1e6) return `${(ns / 1e6).toFixed(2)} ms`;
  return ns < 1e9 ? `${Math.round(ns / 1e6)} ms` : `${(ns / 1e9).toFixed(1)} s`;
}
