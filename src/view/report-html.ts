import { createHash } from 'node:crypto';
import type { Decision } from '../decision/types.js';
import { version } from '../package-root.js';
import { changeWords, eventTimes } from '../recording/change-words.js';
import type { Episode } from '../recording/episode.js';
import { byImportance, type Finding } from '../recording/finding.js';
import { type Justification, justificationText } from '../recording/justification.js';
import { addressesText, type Group, mostSamples, type Story, type ToldChange } from '../recording/story.js';
import type { ReportClock } from './clock.js';
import { Html, html } from './html.js';
import { changeText } from './line.js';
import { replayCommand } from './replay-command.js';
import { reportStyle } from './report-style.js';
import { markLines, summary } from './report-text.js';
import { type Kinds, timelineFigure } from './report-timeline.js';

export interface ReportParts {
  story: Story;
  finding: Finding;
  clock: ReportClock;
  /** As they were named on the command line. */
  files: readonly string[];
  utc: boolean;
}

/** Groups and changes told in full; of those beyond, a line. */
const mostGroups = 60;
const mostChanges = 60;
const mostSenders = 25;
const mostAddresses = 120;

/**
 * The report as one page: no script, nothing to be fetched, and a policy that would forbid both. Whatever a
 * recording holds is text in it.
 */
export function reportPage(parts: ReportParts): string {
  const { story, finding, clock } = parts;
  const groups = story.sorted();
  const kinds = kindsOf(story, groups);
  const hash = createHash('sha256').update(reportStyle).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${finding.headline} - arpwhy report</title>
<style>${new Html(reportStyle)}</style></head><body>
<header><p class="dim small">arpwhy report</p><h1>${finding.headline}</h1>${facts(parts)}
<nav aria-label="Parts"><a href="#finding">Finding</a><a href="#time">Timeline</a><a href="#lookups">Lookups</a><a href="#changes">Changes</a><a href="#who">Who asked</a><a href="#claims">Claims</a><a href="#decisions">Decisions</a></nav></header>
<main>
<section id="finding"><h2>Finding</h2>${findingPart(finding)}</section>
<section id="time"><h2>Requests over time</h2>${timelineFigure(story, kinds, clock)}${legend(groups, kinds)}</section>
<section id="lookups"><h2>How it was decided</h2>${lookups(story, groups)}</section>
<section id="changes"><h2>What changed</h2>${changesPart(story, clock)}</section>
<section id="who"><h2>Who asked</h2>${senders(story)}</section>
<section id="claims"><h2>What was claimed</h2>${claims(groups, clock)}</section>
<section id="decisions"><h2>The decisions behind every figure</h2>${decisions(groups, parts)}</section>
</main>
<footer><h2>How to read it</h2><p class="small dim">Requests, lookups and replies were observed in the kernel. The rule that led to a table and the prefix that matched are inferred from the host's state, and only told where they are proven; what could not be proven is named as unknown. Decisions are shown ${mostSamples} at most for each figure; the command beside them lists all. Made by arpwhy ${version} from ${parts.files.join(', ')}.</p></footer>
</body></html>
`;
  return page.text;
}

function facts({ story, clock, files }: ReportParts): Html {
  const rows = summary(story, clock).map((line) => {
    const [label = '', ...rest] = line.split(': ');
    return html`<li>${label} <b>${rest.join(': ')}</b></li>`;
  });
  return html`<ul class="facts">${rows}<li>from <b>${files.join(', ')}</b></li></ul>`;
}

function findingPart({ paragraphs, caveats, headline }: Finding): Html {
  const told = paragraphs.length > 0 ? paragraphs : [`${headline}.`];
  return html`${told.map((text) => html`<p class="lead">${text}</p>`)}${caveats.map((text) => html`<p class="note small">${text}</p>`)}`;
}

/** A colour for what began, one for what ended, five for the largest other answers. */
function kindsOf(story: Story, groups: Group[]): Kinds {
  const rogue = new Set(
    story.episodes.all.filter(({ kind }) => kind !== 'stopped').map(({ now }) => now.key),
  );
  const gone = new Set(story.episodes.all.filter(({ kind }) => kind === 'stopped').map(({ now }) => now.key));
  const classes = new Map<string, string>();
  let next = 1;
  for (const { justification: one } of groups) {
    if (rogue.has(one.key)) classes.set(one.key, 'rogue');
    else if (gone.has(one.key)) classes.set(one.key, 'gone');
    else if (one.reason === 'unknown') classes.set(one.key, 'unknown');
    else if (one.action === 'replied') classes.set(one.key, next <= 5 ? `k${next++}` : 'other');
    else classes.set(one.key, one.action === 'dropped' ? 'dropped' : 'silent');
  }
  return {
    classOf: (key) => classes.get(key) ?? 'other',
    answered: (key) => key.split('|')[3] === 'replied',
  };
}

function legend(groups: Group[], kinds: Kinds): Html {
  const shared: Record<string, string> = {
    other: 'other answers',
    silent: 'not answered',
    dropped: 'dropped',
    unknown: 'unknown',
  };
  const told = new Set<string>();
  const items = groups.flatMap((group, i) => {
    const name = kinds.classOf(group.justification.key);
    const text = shared[name];
    if (text !== undefined) {
      if (told.has(name)) return [];
      told.add(name);
      return [html`<li><i class="${name}"></i>${text}</li>`];
    }
    const { justification: one } = group;
    const link = i < mostGroups ? html`<a href="#g${i + 1}">${group.count}</a>` : html`${group.count}`;
    return [html`<li><i class="${name}"></i>${link} ${one.action} because of ${justificationText(one)}</li>`];
  });
  return html`<ul class="legend">${items}</ul>`;
}

/** What moved, before and after; then every other way that a lookup went. */
function lookups(story: Story, groups: Group[]): Html {
  const episodes = byImportance(story.episodes.all).slice(0, 5);
  const shown = new Set(episodes.flatMap(({ was, now }) => [was.key, now.key]));
  const others = groups.filter(({ justification }) => !shown.has(justification.key)).slice(0, 12);
  const moved = episodes.map((episode) => {
    const [was, now] = [story.groups.get(episode.was.key), story.groups.get(episode.now.key)];
    return html`<h3>${episodeTitle(episode)}</h3><div><span class="label dim small">before</span>${was ? flow(story, was, groups, false) : null}</div><div><span class="label dim small">then</span>${now ? flow(story, now, groups, episode.kind === 'began') : null}</div>`;
  });
  const rest =
    others.length === 0
      ? null
      : html`<h3>${moved.length > 0 ? 'All else' : 'Every way'}</h3>${others.map((group) => flow(story, group, groups, false))}`;
  return html`${moved}${rest}`;
}

function episodeTitle({ kind, targets, now }: Episode): string {
  const many = targets.size === 1 ? '1 address' : `${targets.size} addresses`;
  const where = `on ${now.device.name ?? now.device.index}${now.netns.name === null ? '' : ` of ${now.netns.name}`}`;
  const what = {
    began: 'began to be answered',
    stopped: 'stopped being answered',
    moved: `${targets.size === 1 ? 'was' : 'were'} answered because of something else`,
  };
  return `${many} ${where} ${what[kind]}`;
}

/** From the request to the verdict: what was tried, the rule, the table, the route, the device. */
function flow(story: Story, group: Group, groups: Group[], wrong: boolean): Html {
  const { justification: one, count, targets, tried } = group;
  const number = groups.indexOf(group) + 1;
  const figure = number <= mostGroups ? html`<a href="#g${number}">${count}</a>` : html`${count}`;
  const from = html`<span>${figure} ${count === 1 ? 'request' : 'requests'} on ${one.device.name ?? one.device.index}<small>${targets.size === 1 ? ([...targets][0] ?? '') : addressesText(group)}${one.netns.name === null ? '' : ` in ${one.netns.name}`}</small></span>`;
  const misses = tried
    .slice(0, 6)
    .map(
      (step) =>
        html`<span class="miss"><s>${step.table ? `table ${step.table.name ?? step.table.id}` : 'rule'}</s><small>${step.rule ? `rule ${step.rule.priority}${step.rule.selector ? ` ${step.rule.selector}` : ''}: ` : ''}${step.outcome}</small></span>`,
    );
  const rule = one.rule
    ? html`<span>rule ${one.rule.priority}<small>${one.rule.selector || 'from all'}</small></span>`
    : null;
  const table = one.table ? html`<span>table ${one.table.name ?? one.table.id}</span>` : null;
  const route =
    one.prefix === null && one.outcome !== 'match'
      ? null
      : html`<span>${one.prefix ?? 'prefix not proven'}<small>${one.gateway === null ? '' : `via ${one.gateway}`}</small></span>`;
  const out = one.out === null ? null : html`<span>out ${one.out}</span>`;
  const kind = wrong ? 'wrong' : one.action === 'replied' ? 'answered' : '';
  const verdict = html`<span class="verdict ${kind}">${one.action.toUpperCase()}<small>${one.reason}${one.detail === null ? '' : ` (${one.detail})`}</small></span>`;
  const marks = markLines(story, group).map((words) => html`<b class="suspect">${words}</b>`);
  return html`<div class="flow">${from}${misses}${rule}${table}${route}${out}${verdict}${marks}</div>`;
}

function changesPart(story: Story, clock: ReportClock): Html {
  if (story.changes.length === 0) return html`<p>Nothing was seen to change in any namespace.</p>`;
  const causes = new Set(story.episodes.all.flatMap(({ causes: some }) => some.map(({ event }) => event.id)));
  const rows = story.changes
    .slice(0, mostChanges)
    .map((change, i) => changePart(change, i + 1, causes, clock));
  const left = story.changes.length - rows.length + story.moreChanges;
  return html`${rows}${left > 0 ? html`<p>${left} more changes are in the recording: arpwhy replay shows them.</p>` : null}`;
}

function changePart(
  { event, timeNs, states }: ToldChange,
  number: number,
  causes: Set<string>,
  clock: ReportClock,
): Html {
  const where = event.netns.name ?? `namespace ${event.netns.inode}`;
  const items = event.changes.slice(0, 30).map((one) => html`<li>${changeText(one)}</li>`);
  const left = event.changes.length - items.length + event.more;
  const open = causes.has(event.id) ? new Html(' open') : null;
  const diffs = states.map(
    ({ title, lines, more }) =>
      html`<h3 class="small">${title}, before and after</h3><pre>${lines.map(({ sign, text }) => lineOf(sign, text))}${more > 0 ? `  and ${more} lines that stayed\n` : ''}</pre>`,
  );
  return html`<section class="group" id="c${number}"><h3>${number}. ${eventTimes(event, timeNs, (ns) => clock.moment(ns))} ${where}: ${changeWords(event.changes, event.more)}</h3><details${open}><summary class="small">${things(event.changes.length + event.more, states.length > 0)}</summary><ul class="small">${items}${left > 0 ? html`<li>and ${left} more</li>` : null}</ul>${diffs}</details></section>`;
}

function things(count: number, states: boolean): string {
  return `${count} ${count === 1 ? 'thing' : 'things'}${states ? ', with the state before and after' : ''}`;
}

function lineOf(sign: ' ' | '-' | '+', text: string): Html {
  if (sign === '-') return html`<del>- ${text}</del>\n`;
  return sign === '+' ? html`<ins>+ ${text}</ins>\n` : html`  ${text}\n`;
}

function senders(story: Story): Html {
  const sorted = [...story.senders.values()].sort((a, b) => b.count - a.count);
  if (sorted.length === 0) return html`<p>Nobody.</p>`;
  const rows = sorted.slice(0, mostSenders).map(({ ip, mac, count, answered, targets }) => {
    const asked = [...targets].slice(0, 4).join(', ');
    const more = targets.size > 4 ? ` and ${targets.size === 64 ? 'more' : `${targets.size - 4} more`}` : '';
    return html`<tr><td class="mono">${ip}</td><td class="mono">${mac}</td><td class="n">${count}</td><td class="n">${answered}</td><td class="mono">${asked}${more}</td></tr>`;
  });
  const left = sorted.length - rows.length;
  return html`<table><thead><tr><th>sender</th><th>MAC</th><th class="n">requests</th><th class="n">answered</th><th>asked for</th></tr></thead><tbody>${rows}</tbody></table>${left > 0 ? html`<p class="small dim">and ${left} more senders</p>` : null}`;
}

function claims(groups: Group[], clock: ReportClock): Html {
  const answered = groups
    .filter(({ justification }) => justification.action === 'replied')
    .slice(0, mostSenders);
  if (answered.length === 0) return html`<p>Nothing: no request was answered.</p>`;
  const rows = answered.map((group) => {
    const { justification: one, targets, claimed, firstNs, lastNs, count } = group;
    const number = groups.indexOf(group) + 1;
    const list = [...targets].slice(0, mostAddresses).join(', ');
    const more = targets.size > mostAddresses ? ' and more' : '';
    return html`<tr><td class="mono">${[...claimed].slice(0, 4).join(', ')}</td><td>${justificationText(one)}<br><span class="dim">${one.reason}</span></td><td class="n"><a href="#g${number}">${count}</a></td><td>${clock.moment(firstNs)} to ${clock.moment(lastNs)}</td><td class="mono">${targets.size === 1 ? list : html`<details><summary>${addressesText(group)}</summary>${list}${more}</details>`}</td></tr>`;
  });
  return html`<table><thead><tr><th>claimed MAC</th><th>because of</th><th class="n">replies</th><th>first to last</th><th>for</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function decisions(groups: Group[], parts: ReportParts): Html {
  const shown = groups.slice(0, mostGroups).map((group, i) => groupPart(group, i + 1, parts));
  const rest = groups.slice(mostGroups);
  const count = rest.reduce((sum, group) => sum + group.count, 0);
  return html`${shown}${rest.length > 0 ? html`<p>${rest.length} more kinds, ${count} decisions: arpwhy replay lists them.</p>` : null}`;
}

function groupPart(group: Group, number: number, { clock, files, utc }: ReportParts): Html {
  const { justification: one, count, samples, firstNs, lastNs } = group;
  const rows = samples.map((decision) => sampleRow(decision));
  const text = justificationText(one);
  return html`<section class="group" id="g${number}"><h3>${number}. ${count} ${one.action} ${one.reason} on ${placeText(one)}${text === one.reason ? '' : ` because of ${text}`}</h3><p class="small dim">${clock.moment(firstNs)} to ${clock.moment(lastNs)}; all of them:</p><pre>${command(replayCommand(group, files, utc))}</pre><details><summary class="small">${samples.length === count ? `all ${count}` : `the first ${samples.length}`}</summary><table><thead><tr><th>time (UTC)</th><th>sender</th><th>asked for</th><th>reply</th><th>delayed</th><th>decision</th></tr></thead><tbody>${rows}</tbody></table></details></section>`;
}

/** A line is broken between options, never within one. */
function command(text: string): Html {
  const [first = '', ...options] = text.split(' --');
  return html`${first}${options.map((option) => html` <span class="option">--${option}</span>`)}`;
}

function sampleRow({ time, request, reply, verdict, id }: Decision): Html {
  const delay = verdict.deferredNs === null ? '' : `${Math.round(verdict.deferredNs / 1e6)} ms`;
  return html`<tr><td class="mono">${time.slice(11, 23)}</td><td class="mono">${request.sender.ip ?? '?'}</td><td class="mono">${request.target.ip ?? '?'}</td><td class="mono">${reply?.mac ?? ''}</td><td class="n">${delay}</td><td class="mono">${id}</td></tr>`;
}

function placeText({ device, netns }: Justification): string {
  return `${device.name ?? device.index}${netns.name === null ? '' : ` of ${netns.name}`}`;
}
