import type { ForPacketSeen } from '../decision/neighbour/record.js';
import type { Series } from '../decision/series.js';
import type { Pass } from '../decision/types.js';

/**
 * The last walk over rules and tables that a packet's flow made before its who-has, with what proofs want to know of
 * it; null when none was seen. A packet whose source was not chosen yet is looked up twice: the last one counts.
 */
export function walkOf(seen: ForPacketSeen): { series: Series; pass: Pass } | null {
  if (seen.cut > 0) return null;
  const lookups: ForPacketSeen['lookups'] = [];
  for (const lookup of seen.lookups) {
    // another socket's, to the same address
    if (lookup.mark !== seen.packet.mark) continue;
    const before = lookups.at(-1);
    const goesOn =
      before !== undefined &&
      before.errno === 11 &&
      before.fromAny === lookup.fromAny &&
      before.oif === lookup.oif &&
      before.mark === lookup.mark &&
      lookups[0]?.table !== lookup.table;
    if (!goesOn) lookups.length = 0;
    lookups.push(lookup);
  }
  if (lookups.length === 0) return null;
  const series: Series = { purpose: 'target', lookups, loose: false, direct: false };
  const pass = {
    netns: seen.netns,
    device: seen.device,
    frame: { senderIp: seen.packet.source, targetIp: seen.packet.target },
    startNs: seen.startNs,
    endNs: seen.endNs,
    stamps: seen.stamps,
    stampsMoved: false,
    customRules: seen.customRules,
    lookups,
    route: null,
  } as unknown as Pass;
  return { series, pass };
}
