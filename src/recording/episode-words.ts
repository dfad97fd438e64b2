import { explains, type SettingMoved } from './causes.js';
import { type Clock, changesText } from './change-words.js';
import {
  type Apart,
  type Episode,
  type Leaving,
  type ThinEpisode,
  type TimedChange,
  toldLeavings,
} from './episode.js';
import { aboutOf } from './episode-causes.js';
import { endedOf } from './episode-ends.js';
import type { Gap } from './gaps.js';
import { type Justification, justificationText } from './justification.js';
import type { Story } from './story.js';

/** Changes with more than this between them are several events. */
const apartNs = 1_000_000_000n;
/** Addresses named in a paragraph. */
const mostNamed = 4;
/** Changes that moved a part of the addresses by themselves. */
const mostApart = 2;

export function paragraphOf(episode: Episode, story: Story, clock: Clock): string {
  const { now, was, kind, targets, fresh } = episode;
  const one = targets.size === 1;
  const were = one ? 'was' : 'were';
  const by = askersApart(episode);
  const asked = `From ${clock(episode.firstNs)} on, ${named(episode)} asked for ${whereText(now, story)}${by === null ? '' : ` by ${by}`}`;
  const how = {
    began: `${were} answered because of ${justificationText(now)}`,
    stopped: `got no answer any more, because of ${whyText(now)}`,
    moved: `${were} still answered, but because of ${justificationText(now)}`,
  }[kind];
  const sentences = [
    causeSentence(episode, story, clock),
    `${asked} ${how}; ${one ? 'it was' : 'they were'} ${ways(was)} before.`,
  ];
  sentences.push(...apartSentences(episode.apart, episode, 'moved', clock));
  if (episode.unlooked > 0)
    sentences.push(
      'For some of them, whether a change of their own moved them was not looked for: there are too many.',
    );
  if (fresh.size > 0) {
    const unasked = episode.passedBefore
      ? 'how all of them were before is not known'
      : story.isPartial
        ? 'no earlier request for them is in this recording'
        : 'had not been asked for before';
    sentences.push(
      `${addresses(fresh.size)} more ${fresh.size === 1 ? 'was' : 'were'} decided in the same way, and ${unasked}.`,
    );
  }
  if (kind === 'began') sentences.push(claimSentence(episode));
  sentences.push(endSentence(episode, story, clock), unprovenSentence(episode));
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

export function thinParagraph(
  { now, targets, sinceNs, before, causes }: ThinEpisode,
  story: Story,
  clock: Clock,
): string {
  const one = targets.size === 1;
  const others = one ? 'it' : 'them';
  const earlier =
    before === null
      ? `${story.isPartial ? `No earlier request for ${others} is in this recording` : `Nobody had asked for ${others} before`}, so this recording does not tell whether ${one ? 'it was' : 'they were'} answered already.`
      : `Others had asked for ${others} before, and ${one ? 'it was' : 'one was'} ${ways(before)}: whether it is the change or who asks, this recording does not tell.`;
  return (
    `${changesText(causes, clock)} From ${clock(sinceNs)} on, ${addresses(targets.size)} asked for ` +
    `${whereText(now, story)} ${one ? 'was' : 'were'} answered because of ${justificationText(now)}. ${earlier}`
  );
}

/** What came before it, and how sure that is. */
function causeSentence(episode: Episode, story: Story, clock: Clock): string {
  const { lastWasNs, firstNs } = episode;
  const unseen = gapWords(story, episode.now.host, lastWasNs, firstNs);
  return [causesOf(episode, clock), unseen].filter((text) => text !== '').join(' ');
}

function gapWords(story: Story, host: string, fromNs: bigint, toNs: bigint): string {
  const isIn = (gap: Gap) => gap.host === host && gap.fromNs < toNs && gap.toNs > fromNs;
  return story.gaps.some(isIn) ? 'The recording has a gap in this time: what moved it may lie there.' : '';
}

function causesOf({ causes, others, settings, lastWasNs, firstNs }: Episode, clock: Clock): string {
  const window = `between ${clock(lastWasNs)}, when it was last as before, and ${clock(firstNs)}`;
  const unsaid = unsaidSettings(settings, causes);
  const shown = unsaid === '' ? '' : `${unsaid} ${window}, as the decisions themselves show.`;
  if (causes.length > 0) {
    const best = Math.max(...causes.map(({ weight = 0 }) => weight));
    // where nothing explains it by itself, what seems not to touch it may be it
    const beside =
      best < explains && others.length > 0
        ? ` In the same time, and as far as can be told not touching what decided: ${changesText(others, clock)}`
        : '';
    const hedge =
      best < explains && shown === ''
        ? ` That ${causes.length === 1 ? 'this' : 'any of these'} moved it was not seen.`
        : '';
    return [`${changesText(causes, clock)}${hedge || unsureOf(causes, 'moved')}${beside}`, shown]
      .filter((text) => text !== '')
      .join(' ');
  }
  if (shown !== '') return shown;
  if (others.length > 0) {
    const were = others.length === 1 ? 'other was' : 'others were';
    return `No change that touches what decided was seen ${window}; ${others.length} ${were}, so this is no more than a guess: ${changesText(others, clock)}`;
  }
  return `No change was seen ${window}: what moved is not known.`;
}

/** "net/ipv4/conf/all/arp_ignore went from 0 to 8", of those that no change tells of. */
function unsaidSettings(settings: readonly SettingMoved[], told: readonly TimedChange[]): string {
  const isTold = ({ path, now }: SettingMoved) =>
    told.some(({ event }) =>
      event.changes.some(({ change, text }) => change === 'changed' && text === `${path} = ${now}`),
    );
  const unsaid = settings.filter((setting) => !isTold(setting));
  const texts = unsaid.slice(0, 3).map(({ path, was, now }) => `${path} went from ${was} to ${now}`);
  const more = unsaid.length - texts.length;
  return texts.join(', ') + (more > 0 ? `, and ${more} more settings moved` : '');
}

function unsureOf(changes: readonly TimedChange[], what: 'moved' | 'ended'): string {
  if (!areApart(changes)) return '';
  return ` These came one after another: the recording does not tell which of them ${what} it.`;
}

function apartSentences(apart: readonly Apart[], { senders }: Episode, did: string, clock: Clock): string[] {
  // of one address that several ask for, who asks tells them apart
  const told = apart.slice(0, mostApart).map((one) => apartSentence(one, senders.size > 1, did, clock));
  const left = apart.slice(mostApart).reduce((sum, { targets }) => sum + targets.size, 0);
  return left > 0 ? [...told, `${left} more ${did} after changes of their own.`] : told;
}

/** "1 of them (192.0.2.11) moved from 20:58:42.1 on, after this: ..." */
function apartSentence(
  { targets, senders, firstNs, changes }: Apart,
  isNamed: boolean,
  did: string,
  clock: Clock,
): string {
  const names = targets.size <= mostNamed ? ` (${[...targets].join(', ')})` : '';
  const by = isNamed && senders.size <= mostNamed ? `, asked for by ${[...senders].join(', ')},` : '';
  return `${targets.size} of them${names}${by} ${did} from ${clock(firstNs)} on, after this: ${changesText(changes, clock)}`;
}

/** Whether they are more than one event: the kernel announces links, and what became of their routes is read after it. */
function areApart(all: readonly TimedChange[]): boolean {
  // what explains it leaves no doubt by what is only near
  const best = all.filter(({ weight = 0 }) => weight >= explains);
  const changes = best.length > 0 ? best : all;
  return changes.some(({ fromNs }, i) => i > 0 && fromNs - (changes[i - 1] as TimedChange).toNs > apartNs);
}

function claimSentence({ claimed }: Episode): string {
  if (claimed.size === 0) return '';
  const macs = [...claimed];
  return `Claimed ${macs.length === 1 ? 'was' : 'were'} ${macs.slice(0, 3).join(', ')}${macs.length > 3 ? ` and ${macs.length - 3} more` : ''}.`;
}

function endSentence(episode: Episode, story: Story, clock: Clock): string {
  const { sinceNs, lastNs, left, decisions, staying, still, stillNs } = episode;
  // addresses that had no before may have been decided so earlier than those that moved
  const since = sinceNs < episode.firstNs ? ` since ${clock(sinceNs)}` : '';
  const lasted = `${duration(lastNs - sinceNs)}${since}, ${decisions} ${decisions === 1 ? 'request' : 'requests'}`;
  const last = `The last such decision is of ${clock(lastNs)} (${lasted})${alsoWords(episode)}`;
  if (left.length === 0) {
    const some = endedForSome(episode, clock);
    const endNs = story.lastOf(episode.now.host);
    const end =
      endNs === null || endedOf(episode) !== 'none'
        ? ''
        : ` The recording ends at ${clock(endNs)}, and it was not seen to end.`;
    return `${last}.${some}${end}`;
  }
  const whole = staying === 0 && left.length === 1 && !episode.moreTargets;
  const ends = left.slice(0, toldLeavings).map((one) => leavingText(one, episode, whole, story, clock));
  const untold = left.slice(toldLeavings).reduce((sum, one) => sum + aboutOf(one).size, 0);
  if (untold > 0) ends.push(`${untold} more ${untold === 1 ? 'was' : 'were'} decided otherwise later.`);
  const sentences = [`${last}.`, ...ends];
  if (still > 0 && stillNs !== null) {
    const forOthers = Math.min(still, new Set(left.flatMap(({ some }) => [...some])).size);
    const rest = still - forOthers;
    const whom = [
      forOthers > 0 ? 'For others who ask it was' : '',
      rest === 0 ? '' : rest === 1 ? '1 other was' : `${rest} others were`,
    ].filter((text) => text !== '');
    for (const who of whom)
      sentences.push(`${who} still decided so at ${clock(stillNs)}, and that was not seen to end.`);
  }
  const silent = staying - still;
  if (silent > 0)
    sentences.push(
      `How ${silent === 1 ? '1 other was' : `${silent} others were`} decided after that was not seen.`,
    );
  return sentences.join(' ') + endedForSome(episode, clock);
}

/** What was not proven to come of the route that others came of, and goes the same way. */
function unprovenSentence({ now, unproven, decisions }: Episode): string {
  if (now.prefix === null || unproven === 0) return '';
  const they =
    unproven === 1
      ? 'is not proven to come of that route: it goes'
      : 'are not proven to come of that route: they go';
  return `${Math.min(unproven, decisions)} of these decisions ${they} the same way.`;
}

/** What is known of the end where it was not seen for those that moved. */
function endedForSome(episode: Episode, clock: Clock): string {
  const { freshLeft, freshLeftNs, restoredForOthers, restoredNs } = episode;
  const parts: string[] = [];
  if (freshLeft > 0 && freshLeftNs !== null)
    parts.push(
      ` Of those that had no before, ${addresses(freshLeft)} ${freshLeft === 1 ? 'was' : 'were'} decided otherwise from ${clock(freshLeftNs)} on.`,
    );
  if (restoredForOthers > 0 && restoredNs !== null)
    parts.push(
      ` Others, who asked for ${restoredForOthers} of these addresses later, were told as before, last at ${clock(restoredNs)}; that it had moved for them was not seen.`,
    );
  return parts.join('');
}

/** Silence by something else than what it began with. */
function alsoWords({ alsoBy }: Episode): string {
  if (alsoBy.size === 0) return '';
  const parts = [...alsoBy].map(([reason, count]) => `${count} because of ${reason}`);
  return `, of these ${parts.join(', ')}`;
}

/** "From 03:31:20.0 on they were as before (same-device) after this: ..." */
function leavingText(leaving: Leaving, episode: Episode, whole: boolean, story: Story, clock: Clock): string {
  const { by, asBefore, asFirst, targets, lastNs, firstNs, changes, others, settings, apart } = leaving;
  const about = aboutOf(leaving);
  const one = about.size === 1;
  const whom = targets.size > 0 ? '' : `, for ${sendersOf(leaving)},`;
  const who = whole
    ? one
      ? 'it'
      : 'they'
    : whom !== '' && episode.targets.size === 1
      ? 'it'
      : episode.targets.size === targets.size && episode.left.length === 1
        ? 'all'
        : `${about.size} of them`;
  const how = asBefore
    ? `as before (${episode.was.reason})`
    : asFirst
      ? `as at first: ${ways(by)},`
      : ways(by);
  const unsaid = unsaidSettings(settings, changes);
  const shown = unsaid === '' ? '' : ` The decisions themselves show that ${unsaid}.`;
  const cause =
    changes.length > 0
      ? ` after this: ${changesText(changes, clock)}${unsureOf(changes, 'ended')}`
      : shown !== ''
        ? '.'
        : others > 0
          ? '; no change that fits was seen before it.'
          : '; no change was seen before it.';
  const ofTheirOwn = apartSentences(apart, episode, 'did so', clock).map((text) => ` ${text}`);
  const gap = gapWords(story, by.host, lastNs, firstNs).replace('moved', 'ended');
  return `From ${clock(firstNs)} on${whom} ${who} ${one && who !== 'all' ? 'was' : 'were'} ${how}${cause}${shown}${ofTheirOwn.join('')}${gap && ` ${gap}`}`;
}

/** Who asks for what it ended for. */
function sendersOf({ moments }: Leaving): string {
  const senders = [...new Set([...moments.values()].map(({ sender }) => sender))];
  return senders.slice(0, 3).join(', ') + (senders.length > 3 ? ' and others' : '');
}

/** The route or gate that closed, and the reason where that is not what it is called. */
function whyText(now: Justification): string {
  const text = justificationText(now);
  return text.startsWith(now.reason) ? text : `${text} (${now.reason})`;
}

/** "silent (same-device, because of 192.0.2.0/24 ...)" */
function ways(one: Justification): string {
  const because = one.table || one.prefix ? `, because of ${justificationText(one)}` : '';
  return one.action === 'replied'
    ? `answered because of ${justificationText(one)}`
    : `${one.action === 'dropped' ? 'dropped' : 'silent'} (${one.reason}${because})`;
}

/** Few are named: whoever reads it looks for them. */
function named({ targets, moreTargets }: Episode): string {
  const names = targets.size <= mostNamed ? ` (${[...targets].join(', ')})` : '';
  return `${moreTargets ? 'more than ' : ''}${addresses(targets.size)}${names}`;
}

/** Where others ask for the same and nothing moved for them. */
export function askersApart({ othersApart, senders }: Episode): string | null {
  if (!othersApart) return null;
  const shown = [...senders].slice(0, 3);
  return `${shown.join(', ')}${senders.size > shown.length ? ' and others' : ''}`;
}

/** "on bond0.90 in node0" */
export function whereText({ device, netns, host }: Justification, story: Story): string {
  const of = [netns.name === null ? '' : ` in ${netns.name}`, story.hosts.size > 1 ? ` of ${host}` : ''];
  return `on ${device.name ?? `if${device.index}`}${of.join('')}`;
}

export function addresses(count: number): string {
  return count === 1 ? '1 address' : `${count} addresses`;
}

/** "9 min 3 s" */
export function duration(ns: bigint): string {
  const seconds = Number(ns) / 1e9;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${rest} s`;
}
