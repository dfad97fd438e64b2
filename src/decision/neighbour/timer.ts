import { nud, type TimerSeen } from './record.js';

/**
 * The state in which neigh_timer_handler found the entry that it left so; null: it changed nothing, or what changed it
 * meanwhile was no timer; undefined: it changed, and from what cannot be told.
 * @param known the state that the entry was last seen in, null when it was not; a packet that makes a stale entry
 * delay, or a failed one incomplete, is not seen
 */
export function stateBeforeTimer(
  { entry, probes }: Pick<TimerSeen, 'entry' | 'probes'>,
  known: number | null,
): number | null | undefined {
  switch (entry.state) {
    case nud.delay:
      return nud.reachable;
    case nud.probe:
      // the first probe is sent in the same run; one that was set to probe by hand is known
      return probes <= 1 && known !== nud.probe ? nud.delay : null;
    case nud.reachable:
      return known === nud.delay || known === nud.stale ? nud.delay : null;
    case nud.stale:
      if (known === null) return undefined;
      // one that another agent keeps valid (NTF_EXT_EXT_VALIDATED) goes from probe to stale
      return known === nud.reachable || known === nud.probe ? known : null;
    case nud.failed:
      return beforeFailed(entry.mac, known);
    default:
      return null;
  }
}

function beforeFailed(mac: string, known: number | null): number | undefined {
  switch (known) {
    case nud.incomplete:
    case nud.failed:
      return nud.incomplete;
    case nud.probe:
    case nud.delay:
    case nud.stale:
      return nud.probe;
    default:
      // what was never resolved was never probed
      return mac === '00:00:00:00:00:00' ? nud.incomplete : undefined;
  }
}
