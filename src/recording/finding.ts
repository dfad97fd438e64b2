import { learningReason } from '../decision/neighbour/reasons.js';
import { suspicions } from '../decision/tally/marks.js';
import type { Clock } from './change-words.js';
import { type Episode, sizeOf, type ThinEpisode } from './episode.js';
import { endedOf } from './episode-ends.js';
import { addresses, askersApart, paragraphOf, thinParagraph, whereText } from './episode-words.js';
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

/** Compute the finding of a story that has been finished. */
export function findingOf(story: Story, clock: Clock): Finding {
  const { all, thin, unfollowed, more } = story.episodes;
  const episodes = byImportance(all);
  const told = episodes.slice(0, mostTold);
  const paragraphs = told.map((episode) => paragraphOf(episode, story, clock));
  const left = episodes.length - told.length + more;
  if (left > 0) paragraphs.push(`${left} more ${left === 1 ? 'answer' : 'answers'} moved.`);
  for (const one of thin.slice(0, mostTold)) paragraphs.push(thinParagraph(one, story, clock));
  // where nothing moved, what stood there all the time may still be what is looked for
  const standing = paragraphs.length > 0 ? [] : suspectGroups(story);
  for (const group of standing.slice(0, mostTold)) paragraphs.push(standingParagraph(group, story, clock));
  const untold = standing.length - mostTold;
  if (untold > 0)
    paragraphs.push(
      `Of this kind there ${untold === 1 ? 'is 1 more answer' : `are ${untold} more answers`}, listed below.`,
    );
  const { all: moves, more: others } = story.moves;
  for (const move of moves.slice(0, mostTold)) paragraphs.push(moveParagraph(move, clock));
  const unsaid = Math.max(0, moves.length - mostTold) + others;
  if (unsaid > 0)
    paragraphs.push(
      `${unsaid === 1 ? 'Once' : `${unsaid} times`} more an address moved from one MAC to another.`,
    );
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
    const { now, kind, targets, fresh, moreTargets } = first;
    const unasked = first.passedBefore
      ? 'had no answer that is known before'
      : story.isPartial
        ? 'are in no earlier request of this recording'
        : 'nobody had asked for before';
    const many = `${moreTargets ? 'more than ' : ''}${addresses(targets.size)}`;
    const end = {
      none: '; that was not seen to end',
      some: '; that was seen to end for some',
      all: '',
    }[endedOf(first)];
    if (kind === 'began') {
      const more = fresh.size > 0 ? `, and answered for ${fresh.size} more that ${unasked}` : '';
      return `${where(now)} began to answer ${whom(first)}for ${many} that it had been silent about${more}${end}`;
    }
    if (kind === 'stopped')
      return `${where(now)} stopped answering ${whom(first)}for ${many}${end || ', and answered again'}`;
    return `${where(now)} went on answering for ${many}, because of ${justificationText(now)}${end}`;
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
    return stayed === noneMoved ? `${stayed}, but ${what}` : `${what}. ${stayed}`;
  }
  if (story.decisions === 0) {
    const some = story.deferred + story.lost + story.leftOut > 0;
    return some ? 'No decision is in this recording' : 'Nothing was asked while this was recorded';
  }
  const { episodes, changes, states } = story;
  if (changes.length > 0 || !episodes.compared) return stayed;
  const unseen = story.lost + story.leftOut + episodes.passed + story.gaps.length > 0;
  return states.size === 0 || unseen
    ? noneMoved
    : `Nothing happened: ${lower(noneMoved)}, and no rule, route or link changed`;
}

/** "192.0.2.1 ", where others are answered otherwise. */
function whom(episode: Episode): string {
  const by = askersApart(episode);
  return by === null ? '' : `${by} `;
}

const noneMoved = 'No answer was seen to move';
const lower = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** No answer was seen to move: whether any would have been. */
function stayedWords({ episodes }: Story): string {
  if (!episodes.compared) {
    const but =
      episodes.passed > 0 ? ', but for what met a full queue, was for another host or is unknown' : '';
    return `No question was decided twice${but}: whether an answer moved is not known`;
  }
  return episodes.bracketed() === false
    ? `${noneMoved}: not every change lies between two decisions of one question`
    : noneMoved;
}

/** What is wrong now comes first: answers by a route that should not have been taken, and what has not ended. */
export function byImportance(episodes: readonly Episode[]): Episode[] {
  const rank = (episode: Episode) => {
    const { kind, now } = episode;
    const goesOn = endedOf(episode) === 'all' ? 3 : 0;
    const isWide = now.prefix === '0.0.0.0/0' || (now.prefix === null && now.outcome === 'match');
    if (kind !== 'stopped' && isWide) return goesOn + (kind === 'began' ? 0 : 0.5);
    return goesOn + (kind === 'began' ? 1 : 2);
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

function standingParagraph(group: Group, story: Story, clock: Clock): string {
  const { justification: now, firstNs, lastNs, samples } = group;
  const device = now.device.name ?? String(now.device.index);
  const sentences = [
    `From ${clock(firstNs)} to ${clock(lastNs)}${story.leftOut > 0 ? ', in what this recording holds of it' : ''}, ${addressesText(group)} asked for ${whereText(now, story)} ${group.targets.size === 1 ? 'was' : 'were'} answered because of ${justificationText(now)}.`,
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
      `${story.lost} ${story.lost === 1 ? 'request was' : 'requests were'} lost while this was recorded: what they would have told is missing.`,
    );
  if (unfollowed > 0) caveats.push(`${unfollowed} requests were of questions too many to follow one by one.`);
  for (const { first, whole } of story.states.values()) {
    if (whole) continue;
    caveats.push(
      `The routes of ${first.netns.name ?? `namespace ${first.netns.inode}`} were never read whole (there are too many, or they moved all the time): changes of routes were not seen there.`,
    );
  }
  const { moreChanges } = story.episodes;
  if (moreChanges > 0)
    caveats.push(
      `${moreChanges} more ${moreChanges === 1 ? 'change was' : 'changes were'} not compared with what was decided: there were too many.`,
    );
  if (story.episodes.untried || story.unheld > 0)
    caveats.push(
      'Some answers that moved were not tried again on the recorded states, which are too many: there a cause is told by what it touches.',
    );
  const missed = story.ends
    .flatMap((end) => end.missed ?? [])
    .reduce((sum, { count: some }) => sum + some, 0);
  if (missed > 0)
    caveats.push(
      `The kernel kept ${missed === 1 ? 'an event' : `${missed} events`} from the programs that ran just then: a request among them is in no count.`,
    );
  for (const { text } of story.gaps) caveats.push(text(clock));
  for (const host of story.overlaps)
    caveats.push(`Two recordings of ${host} overlap: what both hold is counted twice.`);
  const full = story.episodes.passed - count;
  if (full > 0)
    caveats.push(
      `${full} ${full === 1 ? 'request' : 'requests'} met a full queue or neighbour table, or came in a frame that was malformed or for another host: such answers are not compared with others.`,
    );
  const left = story.leftOut;
  if (left > 0) {
    const all = story.ends.reduce((sum, { accounts }) => sum + accounts.seen, 0);
    caveats.push(
      `${left} of ${all} requests were left out of this recording, by a filter or as the table kept only some: all that is counted here is of the others.`,
    );
  }
  if (story.states.size === 0 && story.decisions > 0) {
    caveats.push('No state of any namespace was recorded: changes could not be seen.');
  }
  for (const host of story.hosts.size > 0 ? story.hosts.keys() : ['']) {
    const lastNs = host === '' ? story.lastNs : story.lastOf(host);
    if (lastNs === null || story.ends.some((end) => host === '' || end.host === host)) continue;
    const whose = story.hosts.size > 1 ? ` of ${host}` : '';
    caveats.push(`The recording${whose} has no end: it tells nothing after ${clock(lastNs)}.`);
  }
  return caveats;
}
