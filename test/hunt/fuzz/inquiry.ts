import type { Configuration } from './configuration.js';
import { type Flip, flipOf, rejectingRule, sameCause, settingFlips } from './flips.js';
import type { Answer } from './truths.js';
import { rank } from './truths.js';

/** Lines to run on the router, then requests to send again, by their place in the configuration. */
export interface Turn {
  change: string[];
  ask: number[];
}

/** Gates that may be closed one behind the other. */
const mostGates = 8;

/**
 * Ask everything once; then, for each request, open gate after gate as its verdicts name them until the kernel
 * answers, and close each one alone again: a gate that was named has to keep the kernel silent by itself.
 */
export async function* inquire(
  configuration: Configuration,
  complain: (words: string, answers: Answer[]) => void,
): AsyncGenerator<Turn, void, Answer[]> {
  const first = yield { change: [], ask: configuration.requests.map((_, i) => i) };
  for (const [request, answer] of first.entries()) {
    if (answer.decision.verdict.reason === 'unknown') {
      yield* candidates(request, answer, configuration, complain);
      continue;
    }
    yield* ladder(request, answer, configuration, complain);
    yield* ruleOf(request, answer, configuration, complain);
  }
}

async function* ladder(
  request: number,
  first: Answer,
  configuration: Configuration,
  complain: (words: string, answers: Answer[]) => void,
): AsyncGenerator<Turn, void, Answer[]> {
  const rungs: { flip: Flip; closed: Answer }[] = [];
  let current = first;
  while (rungs.length < mostGates) {
    const flip = flipOf(current.decision, configuration);
    if (!flip || rungs.some((rung) => rung.flip.cause === flip.cause)) break;
    const [next] = yield { change: flip.open, ask: [request] };
    if (!next) break;
    rungs.push({ flip, closed: current });
    if (sameCause(next.decision, current.decision, flip))
      complain(`not changed by: ${flip.open}`, [current, next]);
    if (
      flip.setting &&
      current.decision.verdict.action !== 'replied' &&
      rank(next.decision) < rank(current.decision)
    ) {
      complain(`an earlier gate, after: ${flip.open}`, [current, next]);
    }
    const wasReplied = current.decision.verdict.action === 'replied';
    current = next;
    if (wasReplied || current.decision.verdict.action === 'replied') break;
  }
  const answers = current.decision.verdict.action === 'replied' && rungs.length > 1;
  for (const [i, { flip, closed }] of answers ? rungs.entries() : []) {
    // a route made for a later gate may lead past this one
    if (!flip.setting && rungs.slice(i + 1).some((later) => !later.flip.setting)) continue;
    const [alone] = yield { change: flip.close, ask: [request] };
    if (alone && !stillCloses(alone, closed, flip)) {
      complain(`it alone does not keep it silent: ${flip.close}`, [closed, alone]);
    }
    yield { change: flip.open, ask: [] };
  }
  yield { change: rungs.toReversed().flatMap(({ flip }) => flip.close), ask: [] };
}

/** What is not proven this time may be told as unknown, or without its route, but not as something else. */
function stillCloses(alone: Answer, closed: Answer, flip: Flip): boolean {
  if (alone.replies.length > 0) return false;
  const { reason, candidates } = alone.decision.verdict;
  const { verdict } = closed.decision;
  if (reason === 'unknown') return candidates?.includes(verdict.reason) ?? false;
  if (sameCause(alone.decision, closed.decision, flip)) return true;
  return reason === verdict.reason && alone.decision.unknown.length > 0;
}

/** When the rule that is said to have led to the last table rejects instead, the kernel has to reject. */
async function* ruleOf(
  request: number,
  answer: Answer,
  configuration: Configuration,
  complain: (words: string, answers: Answer[]) => void,
): AsyncGenerator<Turn, void, Answer[]> {
  const step = answer.decision.steps.findLast(({ purpose }) => purpose === 'target');
  const flip = step?.outcome === 'match' ? rejectingRule(step, configuration) : null;
  if (!flip) return;
  const [rejected] = yield { change: flip.open, ask: [request] };
  const refusal = configuration.settings.get('in0/forwarding') ? 'Invalid argument' : 'No route to host';
  if (rejected && rejected.decision.verdict.action !== 'dropped') {
    const { reason, candidates } = rejected.decision.verdict;
    if (
      ![reason, ...(candidates ?? [])].includes('blackholed') ||
      !rejected.fibmatch.refusal?.includes(refusal)
    ) {
      complain(`it is not the rule that led there: ${flip.open}`, [answer, rejected]);
    }
  }
  yield { change: flip.close, ask: [] };
}

/** A setting that alone makes the kernel answer was the reason: it has to be among the candidates. */
async function* candidates(
  request: number,
  answer: Answer,
  configuration: Configuration,
  complain: (words: string, answers: Answer[]) => void,
): AsyncGenerator<Turn, void, Answer[]> {
  if (answer.decision.verdict.action !== 'silent') return;
  for (const [reason, flip] of settingFlips(configuration)) {
    const [next] = yield { change: flip.open, ask: [request] };
    if (next && next.replies.length > 0 && !answer.decision.verdict.candidates?.includes(reason)) {
      complain(`${reason} is not among the candidates, but is it: ${flip.open}`, [answer, next]);
    }
    yield { change: flip.close, ask: [] };
  }
}
