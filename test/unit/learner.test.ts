import { describe, expect, it } from 'vitest';
import { Learner } from '../../src/decision/neighbour/learner.js';
import type { LearnedSeen } from '../../src/decision/neighbour/record.js';
import { EventJson } from '../../src/view/json.js';
import { learned, update } from './support/learned.js';

const learner = () =>
  new Learner({
    host: 'host-1',
    tier: 'tracepoint',
    wallTime: (ns) => `wall ${ns}`,
    digits: String,
    idOf: (id) => `trace-n${id}`,
  });

const first = learned();
/** The same from the same storm: what the kernel side says alike is one object. */
const storm = (more: Partial<LearnedSeen> = {}): LearnedSeen => ({
  ...first,
  id: 2,
  endNs: 9_000_000n,
  startNs: 8_000_000n,
  ...more,
});

describe('learnings that the kernel side tells alike', () => {
  it('share what they have in common', () => {
    const one = learner();
    const [a, b] = [one.learn(first, false, 'n'), one.learn(storm(), false, 'n')];
    expect(b.verdict).toBe(a.verdict);
    expect(b.claim).toBe(a.claim);
    expect(b.settings).toBe(a.settings);
    expect(b).toEqual({ ...a, id: 'trace-n2', time: 'wall 8000000', monotonicNs: '8000000' });
  });

  it('do not share what differs: the name of the namespace, the cast, the entry, what is known of it', () => {
    const one = learner();
    const a = one.learn(first, false, null);
    expect(one.learn(storm(), false, 'later').netns.name).toBe('later');
    expect(one.learn(storm({ cast: 'broadcast', alike: {} }), false, null).claim.cast).toBe('broadcast');
    expect(one.learn(storm(), true, null).verdict.reason).toBe('unknown');
    expect(one.learn(storm({ update: update() }), false, null).verdict.reason).toBe('same-address');
    expect(a.verdict.reason).toBe('no-entry');
  });

  it('are JSON as JSON.stringify has it', () => {
    const one = learner();
    const json = new EventJson();
    const asked = { id: 7, ns: 7_000_000n, bySocket: true };
    const other = '02:00:00:00:01:77';
    const moved = update({ before: { state: 4, mac: other }, override: true });
    for (const seen of [
      first,
      storm(),
      storm({ asked }),
      storm({ update: update() }),
      storm({ update: moved }),
      storm({ update: moved, created: true }),
      storm({ arp: { ...first.arp, senderIp: 1, senderMac: other } }),
    ]) {
      for (const name of ['n', 'a "quoted" name']) {
        const event = one.learn(seen, false, name);
        expect(json.of(event)).toBe(JSON.stringify(event));
      }
    }
  });
});
