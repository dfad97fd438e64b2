import { contains, parseIp } from '../addresses.js';
import { type DecisionFilter, passesBecause, passesNetns } from '../filter.js';
import type { Prefix } from '../types.js';
import type { NeighbourEventTold } from './types.js';

/** The filters of decisions, for what a host learns and asks: what an event does not have, no filter finds in it. */
export function passesNeighbour(event: NeighbourEventTold, filter: DecisionFilter): boolean {
  const { target, sender, action, reason } = fieldsOf(event);
  return (
    passesNetns(filter, event.netns.name, event.netns.inode) &&
    any(filter.devices, (name) => event.device.name === name) &&
    any(filter.targets, (prefix) => within(prefix, target)) &&
    any(filter.senders, (prefix) => within(prefix, sender)) &&
    any(filter.actions, (one) => action === one) &&
    any(filter.reasons, (one) => reason === one) &&
    passesBecause(event.schema === 'arpwhy.solicitation/1' ? event : noSteps, filter)
  );
}

const noSteps = { steps: [], because: null };

/** The words that a person filters by: an entry's own address is target and sender. */
function fieldsOf(event: NeighbourEventTold): {
  target: string;
  sender: string;
  action: string;
  reason: string;
} {
  switch (event.schema) {
    case 'arpwhy.learning/1':
      return { target: event.claim.target.ip, sender: event.claim.ip, ...event.verdict };
    case 'arpwhy.solicitation/1':
      return {
        target: event.request.target.ip,
        sender: event.request.sender.ip,
        action: event.end.outcome,
        reason: event.cause.code,
      };
    case 'arpwhy.neighbour/1':
      return {
        target: event.entry.ip,
        sender: event.entry.ip,
        action: event.entry.is === null ? 'removed' : event.entry.is.state,
        reason: event.cause.code,
      };
  }
}

function any<T>(list: readonly T[], test: (one: T) => boolean): boolean {
  return list.length === 0 || list.some(test);
}

function within(prefix: Prefix, text: string): boolean {
  const ip = parseIp(text);
  return ip !== null && contains(prefix, ip);
}
