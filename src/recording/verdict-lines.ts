import type { NeighbourEventTold } from '../decision/neighbour/types.js';
import type { Decision } from '../decision/types.js';
import { escapeText } from '../view/escape.js';
import { explanation } from '../view/line.js';
import { neighbourText } from '../view/neighbour-lines.js';

/** The verdict of a decision for the comments of its frames: what, because of what, and which decision it is. */
export function verdictLines(decision: Decision): string[] {
  const { verdict } = decision;
  const detail = verdict.detail === null ? '' : ` (${verdict.detail})`;
  const delay = verdict.deferredNs === null ? '' : `, delayed ${Math.round(verdict.deferredNs / 1e6)} ms`;
  return [
    escapeText(`${verdict.action.toUpperCase()} ${verdict.reason}${detail}${delay}`),
    ...explanation(decision).map(([label, text]) => escapeText(`${label} ${text}`)),
    `arpwhy decision ${decision.id}`,
  ];
}

/** One line for a list of packets. */
export function verdictInfo(decision: Decision): string {
  const { request, verdict, reply } = decision;
  const asked = `who-has ${request.target.ip ?? '?'} tell ${request.sender.ip ?? '?'}`;
  const answer = reply ? ` is-at ${reply.mac}` : '';
  return escapeText(`${verdict.action.toUpperCase()} ${verdict.reason}: ${asked}${answer}`);
}

/** The same for what a host learned or asked. */
export function neighbourInfo(event: NeighbourEventTold): string {
  const { action, reason, question, said } = neighbourText(event, false);
  return escapeText(`${action.toUpperCase()} ${reason}: ${question} ${said}`.trimEnd());
}
