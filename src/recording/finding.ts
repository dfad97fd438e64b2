import { causeText, whoText } from '../decision/change-seen.js';
import type { Change } from '../decision/changes.js';
import { learningReason } from '../decision/neighbour/reasons.js';
import { suspicions } from '../decision/tally/marks.js';
import type { ChangeEvent } from '../stream/events.js';
import type { SettingMoved } from './causes.js';
import { type Episode, type Leaving, sizeOf, type ThinEpisode, type TimedChange } from './episodes.js';
import { type Justification, justificationOf, justificationText } from './justification.js';
import type { Move } from './moves.js';
import { addressesText, type Group, type Story } from './story.js';

/** What a recording tells, in words. Names in it are not escaped. */
export interface Finding {
  /** The sentence to begin with. */
  headline: string;
  /** One for each episode, the one with the most addresses first. */
  paragraphs: string[];
  /** Where the evidence is thin. */
  caveats: string[];
}

/** Episodes told in words; the others are counted. */
const mostTold = 5;
/** Changes with more than this between them are several events. */
const apartNs = 1_000_000_000n;
/** Addresses named in a paragraph. */
const mostNamed = 4;
/** A stretch of time that is shorter is told as a moment. */
const momentNs = 300_000_000n;

/** "03:31:07.2" */
export type Clock = (ns: bigint) => string;

/** Compute the finding of a story that has been finished. */
export function findingOf(story: Story, clock: Clock): Finding {
  const { all, thin, unfollowed, more } = story.episodes;
  const episodes = byImportance(all);
  const told = episodes.slice(0, mostTold);
  const paragraphs = told.map((episode) => paragraphOf(episode, story, clock));
  const left = episodes.length - told.length + more;
  if (left > 0)
    paragraphs.push(`${left} more answers moved, each for fewer addresses: they are listed below.`);
  for (const one of thin.slice(0, mostTold)) paragraphs.push(thinParagraph(one, story, clock));
  // where nothing moved, what stood there all the time may still be what is looked for
  const standing = paragraphs.length > 0 ? [] : suspectGroups(story);
  for (const group of standing.slice(0, mostTold)) paragraphs.push(standingParagraph(group, clock));
  const untold = standing.length - mostTold;
  if (untold > 0) paragraphs.push(`${untold} more answers of this kind are listed below.`);
  const { all: moves, more: others } = story.moves;
  for (const move of moves.slice(0, mostTold)) paragraphs.push(moveParagraph(move, clock));
  const unsaid = Math.max(0, moves.length - mostTold) + others;
  if (unsaid > 0) paragraphs.push(`${unsaid} more times an address moved from one MAC to another.`);
  return {
    headline: headlineOf(story, episodes, thin, standing),
    paragraphs,
    caveats: caveatsOf(story, unfollowed, clock),
  };
}

function headlineOf(story: Story, [first]: Episode[], [thin]: ThinEpisode[], [standing]: Group[]): string {
  const where = (one: Justification) =>
    `${one.netns.name ?? one.host}${story.hosts.size > 1 && one.netns.name ? ` on ${one.host}` : ''}`;
  if (first) {
    const { now, kind, targetCount, freshCount, staying } = first;
    const many = addresses(targetCount);
    if (kind === 'began') {
      const more = freshCount > 0 ? `, and for ${freshCount} more that nobody had asked for before` : '';
      const end = staying > 0 ? '; that was not seen to end' : '';
      return `${where(now)} began to answer for ${many} that it had been silent about${more}${end}`;
    }
    if (kind === 'stopped') return `${where(now)} stopped answering for ${many}`;
    return `${where(now)} went on answering for ${many}, because of another route`;
  }
  if (thin)
    return `${where(thin.now)} answered for ${addresses(thin.targets.size)} after a change; how it was before was not seen`;
  const [move] = story.moves.all;
  if (move?.learning.moved) {
    const { claim, moved } = move.learning;
    return `${claim.ip} moved from ${moved.from} to ${moved.to}`;
  }
  const stayed = stayedWords(story);
  if (standing) {
    const { justification } = standing;
    const what = `${where(justification)} answered for ${addressesText(standing)} by ${suspectRoute(justification)}`;
    return stayed.startsWith('Every') ? `${stayed}, but ${what}` : `${what}. ${stayed}`;
  }
  if (story.decisions === 0) return 'Nothing was asked while this was recorded';
  if (story.changes.length === 0 && story.episodes.compared)
    return 'Nothing happened: every answer stayed what it was, and nothing moved';
  return stayed;
}

/** No answer was seen to move: whether any would have been. */
function stayedWords({ episodes }: Story): string {
  const bracketed = episodes.bracketed();
  if (bracketed === null) {
    return episodes.compared
      ? 'Every answer stayed what it was'
      : 'No change was seen, and no question was asked twice: whether an answer moved is not known';
  }
  if (bracketed === 'all') return 'Every answer stayed what it was';
  return bracketed === 'none'
    ? 'Nothing was asked both before and after what changed: whether an answer moved is not known'
    : 'Every answer that was asked for again stayed what it was';
}

/** What is wrong now comes first: what began, by a route that should not have been taken, and has not ended. */
export function byImportance(episodes: readonly Episode[]): Episode[] {
  const rank = ({ kind, now, staying }: Episode) => {
    if (kind !== 'began') return kind === 'stopped' ? 3 : 4;
    return (now.prefix === '0.0.0.0/0' ? 0 : 1) + (staying > 0 ? 0 : 2);
  };
  return [...episodes].sort(
    (a, b) => rank(a) - rank(b) || sizeOf(b) - sizeOf(a) || Number(a.firstNs - b.firstNs),
  );
}

/** Answers that a default route justified, or a table that the rule for the device does not name. */
function suspectGroups(story: Story): Group[] {
  return story.sorted().filter(({ samples: [sample] }) => sample && suspicions(sample).length > 0);
}

function suspectRoute({ prefix }: Justification): string {
  return prefix === '0.0.0.0/0' ? 'a default route' : 'a table that the rule for the device does not name';
}

function standingParagraph(group: Group, clock: Clock): string {
  const { justification: now, firstNs, lastNs, samples } = group;
  const device = now.device.name ?? String(now.device.index);
  const sentences = [
    `From ${clock(firstNs)} to ${clock(lastNs)}, ${addressesText(group)} asked for on ${device}${inNetns(now)} ${group.targets.size === 1 ? 'was' : 'were'} answered because of ${justificationText(now)}.`,
  ];
  for (const mark of samples[0] ? suspicions(samples[0]) : []) {
    if (mark.code === 'default-route') {
      sentences.push('A default route covers every address that no other route takes.');
    } else if (mark.code === 'other-table') {
      const table = mark.named.table?.name ?? mark.named.table?.id;
      sentences.push(`The rule for ${device} names table ${table}, and nothing was found there.`);
    }
  }
  return sentences.join(' ');
}

/** "192.0.2.77 moved from 02:..:77 to a0:36:..:ef at 03:31:09.6, as guest eth0 saw it: ..." */
function moveParagraph({ learning, decision, timeNs }: Move, clock: Clock): string {
  const { claim, moved, netns, device, host, verdict } = learning;
  const where = [netns.name ?? host, device.name ?? device.index].join(' ');
  const why = learningReason(verdict.reason)?.sentence ?? 'why it was taken is not known.';
  const sentences = [
    `${claim.ip} moved from ${moved?.from} to ${moved?.to} at ${clock(timeNs)}, as ${where} saw it, by a ${claim.operation} of the latter. ${why}`,
  ];
  if (decision) {
    const justification = justificationOf(decision);
    const of = decision.netns.name ?? decision.host;
    sentences.push(
      `It was sent by ${of}, which answered on ${decision.device.name ?? decision.device.index} because of ${justificationText(justification)} (${decision.verdict.reason}, decision ${decision.id}).`,
    );
  }
  return sentences.join(' ');
}

function paragraphOf(episode: Episode, story: Story, clock: Clock): string {
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

function thinParagraph({ now, targets, sinceNs, causes }: ThinEpisode, _story: Story, clock: Clock): string {
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

/** "03:31:07.2 bond0.90 went down: table public_90 lost 2 routes (...)." */
export function changesText(changes: TimedChange[], clock: Clock): string {
  const flaps = flapsIn(changes);
  const told = changes.filter((change) => !flaps.has(change) || flaps.get(change) !== null);
  const shown = fittest(told, 3);
  const sentences = shown.map((change) => {
    const { event, fromNs, toNs } = change;
    const when = toNs - fromNs <= momentNs ? clock(toNs) : `Between ${clock(fromNs)} and ${clock(toNs)}`;
    return `${when} ${flaps.get(change) ?? changeWords(event.changes, event.more)}${byWords(event)}.`;
  });
  const left = told.length - shown.length;
  if (left > 0) sentences.push(`${left} more ${left === 1 ? 'change' : 'changes'} came in that time.`);
  return sentences.join(' ');
}

/** Those that fit best, in their order. */
function fittest(changes: TimedChange[], count: number): TimedChange[] {
  const weightOf = ({ weight = 0 }: TimedChange) => weight;
  const best = [...changes].sort((a, b) => weightOf(b) - weightOf(a)).slice(0, count);
  return changes.filter((change) => best.includes(change));
}

/** ", flushed by the kernel because bond0.90 went down, by ip (pid 814), started by ifdown (pid 810)" */
export function byWords(event: ChangeEvent): string {
  const routes = event.flushed.reduce((sum, one) => sum + one.routes, 0);
  const cause = causeText(event.cause);
  const flush = routes > 0 ? `, flushed by the kernel${cause === null ? '' : ` because ${cause}`}` : '';
  const who = whoText(event);
  return flush + (who === null ? '' : `, ${who}`);
}

/** A link that went down and came up at once is one thing to tell: the words stand for the first, null for the second. */
function flapsIn(changes: TimedChange[]): Map<TimedChange, string | null> {
  const flaps = new Map<TimedChange, string | null>();
  for (const [i, down] of changes.entries()) {
    const [fell] = linksOf(down);
    const up = changes[i + 1];
    const [rose] = up ? linksOf(up) : [];
    if (!fell || !rose || !up || fell.device?.index !== rose.device?.index) continue;
    if (!isDown(fell.text) || isDown(rose.text) || up.toNs - down.toNs > momentNs) continue;
    flaps.set(down, `${fell.text.split(', ')[0]} went down, and up again`);
    flaps.set(up, null);
  }
  return flaps;
}

/** The changes of a notice of the kernel: links, and nothing else. */
function linksOf({ event }: TimedChange): Change[] {
  return event.evidence === 'inferred' && event.changes.length === 1 && event.changes[0]?.object === 'link'
    ? event.changes
    : [];
}

const isDown = (text: string) => / down|no carrier/.test(text);

/** The parts of one change in a row: links first, then what was lost, and what came. */
export function changeWords(changes: readonly Change[], more: number): string {
  const parts: string[] = [];
  for (const { change, text, was } of changes.filter(({ object }) => object === 'link')) {
    if (change === 'changed') parts.push(linkWords(text, was ?? ''));
    else parts.push(`link ${text.split(',')[0]} was ${change}`);
  }
  const tables = new Map<string, Change[]>();
  for (const one of changes.filter(({ object }) => object === 'route')) {
    const name = one.table ? `table ${one.table.name ?? one.table.id}` : 'a table';
    const list = tables.get(name);
    if (list) list.push(one);
    else tables.set(name, [one]);
  }
  for (const [table, list] of tables) parts.push(`${table} ${routesWords(list)}`);
  for (const { change, text, was } of changes.filter(({ object }) => object === 'rule')) {
    parts.push(`rule ${text} was ${change}${was === null ? '' : ` (it was ${was})`}`);
  }
  for (const { text, was } of changes.filter(
    ({ object, change }) => object === 'setting' && change === 'changed',
  )) {
    parts.push(`${text} (it was ${was?.split(' = ')[1] ?? '?'})`);
  }
  for (const { object, change, text } of changes) {
    if (object === 'address') parts.push(`address ${text} was ${change}`);
    if (object === 'proxy-neighbour') parts.push(`proxy neighbour ${text} was ${change}`);
  }
  if (parts.length === 0) parts.push(`${changes.length} settings of devices came or went`);
  const shown = parts.slice(0, 4);
  const left = parts.length - shown.length + more;
  return shown.join('; ') + (left > 0 ? `; and ${left} more` : '');
}

function linkWords(text: string, was: string): string {
  const [name = '', ...state] = text.split(', ');
  const [former = '', ...before] = was.split(', ');
  if (name !== former && state.join() === before.join()) return `${former} was renamed ${name}`;
  if (isDown(text) && !isDown(was))
    return `${name} ${text.includes('no carrier') ? 'lost its carrier' : 'went down'}`;
  if (!isDown(text) && isDown(was)) return `${name} came up`;
  return `link ${text} (it was ${was})`;
}

function routesWords(changes: Change[]): string {
  const parts: string[] = [];
  const verbs = { removed: 'lost', added: 'got', changed: 'changed' } as const;
  for (const change of ['removed', 'added', 'changed'] as const) {
    const list = changes.filter((one) => one.change === change);
    if (list.length === 0) continue;
    const names = list.slice(0, 3).map(({ text }) => text.replace(/ proto \S+/, ''));
    const rest = list.length > names.length ? ` and ${list.length - names.length} more` : '';
    parts.push(
      `${verbs[change]} ${list.length} ${list.length === 1 ? 'route' : 'routes'} (${names.join(', ')}${rest})`,
    );
  }
  return parts.join(', ');
}

function caveatsOf(story: Story, unfollowed: number, clock: Clock): string[] {
  const caveats: string[] = [];
  const unknown = [...story.groups.values()].filter(
    ({ justification }) => justification.reason === 'unknown',
  );
  const count = unknown.reduce((sum, group) => sum + group.count, 0);
  if (count > 0)
    caveats.push(`${count} of ${story.decisions} decisions are unknown: they prove nothing here.`);
  if (story.lost > 0)
    caveats.push(
      `${story.lost} requests were lost while this was recorded: what they would have told is missing.`,
    );
  if (unfollowed > 0) caveats.push(`${unfollowed} requests were of questions too many to follow one by one.`);
  for (const { first, whole } of story.states.values()) {
    if (whole) continue;
    caveats.push(
      `The routes of ${first.netns.name ?? `namespace ${first.netns.inode}`} were never read whole (there are too many, or they moved all the time): changes of routes were not seen there.`,
    );
  }
  const left = story.ends.reduce((sum, { accounts }) => sum + accounts.filtered, 0);
  if (left > 0) {
    const all = story.ends.reduce((sum, { accounts }) => sum + accounts.seen, 0);
    caveats.push(
      `${left} of ${all} requests were left out of this recording, by a filter or as the table kept only some: all that is counted here is of the others.`,
    );
  }
  if (story.states.size === 0 && story.decisions > 0) {
    caveats.push('No state of any namespace was recorded: changes could not be seen.');
  }
  if (story.ends.length === 0 && story.lastNs !== null) {
    caveats.push(`The recording has no end: it tells nothing after ${clock(story.lastNs)}.`);
  }
  return caveats;
}

function inNetns({ netns }: Justification): string {
  return netns.name === null ? '' : ` in ${netns.name}`;
}

/** Few are named: whoever reads it looks for them. */
function named({ targetCount, targets }: Episode): string {
  const names = targetCount <= mostNamed ? ` (${[...targets].join(', ')})` : '';
  return `${addresses(targetCount)}${names}`;
}

function addresses(count: number): string {
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
