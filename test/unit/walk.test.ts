import { describe, expect, it } from 'vitest';
import type { ForPacketSeen } from '../../src/decision/neighbour/record.js';
import { History } from '../../src/stream/history.js';
import { walkOf } from '../../src/stream/walk.js';

const stamps = { fib: 1, rules: 1, genid: 1, nexthop: 0 };
const ms = (count: number) => BigInt(count) * 1_000_000n;

/** A send whose only lookup was made at one time, and whose who-has was out at another. */
function sent(startNs: bigint | null, endNs: bigint): ForPacketSeen {
  const lookup = { fromAny: false, table: 254, errno: 0, oif: 0, mark: 0 };
  return {
    startNs,
    endNs,
    stamps,
    cut: 0,
    packet: { source: 1, target: 2, mark: 0 },
    lookups: [lookup],
  } as never;
}

function seenAt(...times: bigint[]): History {
  const history = new History();
  for (const ns of times) history.add({ key: 'same', rulesKey: 'same', stamps, ns } as never);
  return history;
}

describe('the walk of a send', () => {
  it('began with its first lookup: what held since shortly before proves it', () => {
    const walk = walkOf(sent(ms(110), ms(111)));
    expect(walk && seenAt(ms(100), ms(130)).covers(walk.pass).state).toBe('held');
  });

  it('is proven by nothing that was seen after it began', () => {
    const walk = walkOf(sent(ms(99), ms(111)));
    expect(walk && seenAt(ms(100), ms(130)).covers(walk.pass).state).toBe('moved');
  });

  it('is of the packet: a lookup with another mark is another socket’s', () => {
    const seen = sent(ms(110), ms(111));
    expect(walkOf({ ...seen, packet: { ...seen.packet, mark: 1 } })).toBeNull();
  });

  it('is proven by nothing where its begin is not known', () => {
    const walk = walkOf(sent(null, ms(111)));
    expect(walk && seenAt(ms(100), ms(130)).covers(walk.pass).state).toBe('moved');
  });
});
