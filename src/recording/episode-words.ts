import type { SettingMoved } from './causes.js';
import { type Clock, changesText } from './change-words.js';
import { type Episode, type Leaving, sizeOf, type ThinEpisode, type TimedChange } from './episodes.js';
import { type Justification, justificationText } from './justification.js';
import type { Story } from './story.js';

/** Changes with more than this between them are several events. */
const apartNs = 1_000_000_000n;
/** Addresses named in a paragraph. */
const mostNamed = 4;

export function paragraphOf(episode: Episode, story: Story, clock: Clock): string {
  const { now, was, kind } = episode;
  const sentences = [causeSentence(episode, clock)];
  const device = `on ${now.device.name ?? now.device.index}${inNetns(now)}`;
  const since = `From ${clock(episode.firstNs)} on,`;
  const before = `${ways(was)} before`;
  const one = episode.targetCount === 1;
  const were = one ? 'was' : 'were';
  const they = one ? 'it was' : 'they were';
  if (kind === 'began') {
    sentences.push(
      `${since} ${named(episode)} asked for ${device} ${were} answered because of ${justificationText(now)}; ${they} ${before}.`,
    );
  } else if (kind === 'stopped') {
    sentences.push(
      `${since} ${named(episode)} asked for ${device} got no answer any more, because of ${whyText(now)}; ${they} ${before}.`,
    );
  } else {
    sentences.push(
      `${since} ${named(episode)} asked for ${device} ${were} still answered, but because of ${justificationText(now)}; ${they} ${before}.`,
    );
  }
  if (episode.freshCount > 0) {
    const fresh = addresses(episode.freshCount);
    sentences.push(
      `${fresh} more ${episode.freshCount === 1 ? 'was' : 'were'} decided in the same way, and had not been asked for before.`,
    );
  }
  if (kind === 'began') sentences.push(claimSentence(episode, story));
  sentences.push(endSentence(episode, story, clock));
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

/** The route or gate that closed, and the reason where that is not what it is called. */
function whyText(now: Justification): string {
  const text = justificationText(now);
  return text.startsWith(now.reason) ? text : `${text} (${now.reason})`;
}

/** What came before it, and how sure that is. */
function causeSentence({ causes, others, settings, lastWasNs, firstNs }: Episode, clock: Clock): string {
  const unsaid = settings.filter(
    ({ path }) => !causes.some(({ event }) => event.changes.some(({ text }) => text.startsWith(`${path} `))),
  );
  const window = `between ${clock(lastWasNs)}, when it was last as before, and ${clock(firstNs)}`;
  const shown =
    unsaid.length > 0 ? `${settingsText(unsaid)} ${window}, as the decisions themselves show.` : '';
  if (causes.length > 0) {
    const unsure = areApart(causes)
      ? ' These came one after another: the recording does not tell which of them moved it.'
      : '';
    return [`${changesText(causes, clock)}${unsure}`, shown].filter((text) => text !== '').join(' ');
  }
  if (shown !== '') return shown;
  if (others.length > 0) {
    const were = others.length === 1 ? 'other was' : 'others were';
    return `No change that touches what decided was seen ${window}; ${others.length} ${were}, so this is no more than a guess: ${changesText(others, clock)}`;
  }
  return `No change was seen ${window}: what moved is not known.`;
}

/** "net/ipv4/conf/all/arp_ignore went from 0 to 8" */
function settingsText(settings: readonly SettingMoved[]): string {
  const texts = settings.slice(0, 3).map(({ path, was, now }) => `${path} went from ${was} to ${now}`);
  const more = settings.length - texts.length;
  return texts.join(', ') + (more > 0 ? `, and ${more} more settings moved` : '');
}

/** Whether they are more than one event: the kernel announces links, and what became of their routes is read after it. */
function areApart(changes: readonly TimedChange[]): boolean {
  return changes.some(({ fromNs }, i) => i > 0 && fromNs - (changes[i - 1] as TimedChange).toNs > apartNs);
}

function claimSentence({ now }: Episode, story: Story): string {
  const group = story.groups.get(now.key);
  if (!group || group.claimed.size === 0) return '';
  const macs = [...group.claimed];
  return `Claimed ${macs.length === 1 ? 'was' : 'were'} ${macs.slice(0, 3).join(', ')}${macs.length > 3 ? ` and ${macs.length - 3} more` : ''}.`;
}

function endSentence(episode: Episode, story: Story, clock: Clock): string {
  const { firstNs, lastNs, left, decisions, staying, stayingNs } = episode;
  const lasted = `${duration(lastNs - firstNs)}, ${decisions} ${decisions === 1 ? 'request' : 'requests'}`;
  const last = `The last such decision is of ${clock(lastNs)} (${lasted})`;
  const [first] = left;
  if (!first) {
    const end =
      story.lastNs === null
        ? ''
        : ` The recording ends at ${clock(story.lastNs)}, and it was not seen to end.`;
    return `${last}.${end}`;
  }
  const whole = staying === 0 && left.length === 1;
  const ends = left.slice(0, 2).map((one) => leavingText(one, episode, whole, clock));
  if (left.length > ends.length) ends.push('others were decided in other ways.');
  const sentence = `${last}; ${ends.join(' ')}`;
  if (staying === 0) return sentence;
  const others = staying === 1 ? 'The other one' : `The other ${staying}`;
  return stayingNs !== null && stayingNs > first.firstNs
    ? `${sentence} ${others} ${staying === 1 ? 'was' : 'were'} still decided so at ${clock(stayingNs)}, and that was not seen to end.`
    : `${sentence} Nobody asked for ${others.toLowerCase()} after that: how ${staying === 1 ? 'it is' : 'they are'} decided since was not seen.`;
}

/** "from 03:31:20.0 on they were as before (same-device) after this: ..." */
function leavingText(
  { by, asBefore, targets, firstNs, changes }: Leaving,
  episode: Episode,
  whole: boolean,
  clock: Clock,
): string {
  const one = targets.size === 1;
  const who = whole
    ? one
      ? 'it'
      : 'they'
    : sizeOf(episode) === targets.size
      ? 'all'
      : `${targets.size} of them`;
  const how = asBefore ? `as before (${episode.was.reason})` : ways(by);
  const cause =
    changes.length > 0
      ? ` after this: ${changesText(changes, clock)}`
      : whole
        ? '; no change was seen that ended it.'
        : ', and no change was seen that made it so.';
  return `from ${clock(firstNs)} on ${who} ${one ? 'was' : 'were'} ${how}${cause}`;
}

export function thinParagraph(
  { now, targets, sinceNs, causes }: ThinEpisode,
  _story: Story,
  clock: Clock,
): string {
  return (
    `${changesText(causes, clock)} From ${clock(sinceNs)} on, ${addresses(targets.size)} asked for on ` +
    `${now.device.name ?? now.device.index}${inNetns(now)} were answered because of ${justificationText(now)}. ` +
    'Nobody had asked for them before, so this recording does not tell whether they were answered already.'
  );
}

/** "silent (same-device, because of 192.0.2.0/24 ...)" */
function ways(one: Justification): string {
  const because = one.table || one.prefix ? `, because of ${justificationText(one)}` : '';
  return one.action === 'replied'
    ? `answered because of ${justificationText(one)}`
    : `${one.action === 'dropped' ? 'dropped' : 'silent'} (${one.reason}${because})`;
}

/** Few are named: whoever reads it looks for them. */
function named({ targetCount, targets }: Episode): string {
  const names = targetCount <= mostNamed ? ` (${[...targets].join(', ')})` : '';
  return `${addresses(targetCount)}${names}`;
}

export function inNetns({ netns }: Justification): string {
  return netns.name === null ? '' : ` in ${netns.name}`;
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
