import { describe, expect, it } from 'vitest';
import type { AskedSeen } from '../../src/decision/neighbour/record.js';
import { type Ending, Questions } from '../../src/stream/questions.js';

function asked(id: number, more: Partial<AskedSeen> = {}): AskedSeen {
  const arp = { senderIp: 1, targetIp: 2, destination: 'ff:ff:ff:ff:ff:ff' };
  return { id, endNs: BigInt(id), bySocket: false, task: { stack: [] }, arp, ...more } as never;
}

function started() {
  const ended: [number, Ending['outcome']][] = [];
  const questions = new Questions(({ asked: { id } }, { outcome }) => ended.push([id, outcome]));
  return { questions, ended, later: (ms: number) => questions.tick(performance.now() + ms) };
}

describe('questions', () => {
  it('of several programs wait each for itself', () => {
    const { questions, ended, later } = started();
    questions.add(7, asked(1, { bySocket: true }));
    questions.add(7, asked(2, { bySocket: true }));
    expect(ended).toEqual([]);
    expect([...questions.others(7)].map(({ asked: { id } }) => id)).toEqual([1, 2]);
    later(1100);
    expect(ended).toEqual([
      [1, 'unanswered'],
      [2, 'unanswered'],
    ]);
    expect([...questions.others(7)]).toEqual([]);
  });

  it('of a program and of an entry are two', () => {
    const { questions, ended } = started();
    questions.add(7, asked(1));
    questions.add(7, asked(2, { bySocket: true }));
    const own = questions.get(7);
    if (own) questions.end(own, { outcome: 'answered' });
    expect(ended).toEqual([[1, 'answered']]);
    expect([...questions.others(7)]).toHaveLength(1);
  });

  it('whose entry is settled end so, unless what settled it is told before', () => {
    const { questions, ended, later } = started();
    questions.add(7, asked(1));
    questions.add(8, asked(2));
    for (const key of [7, 8]) {
      const question = questions.get(key);
      if (question) questions.settled(question, { outcome: 'failed' });
    }
    const other = questions.get(8);
    if (other) questions.end(other, { outcome: 'answered' });
    later(200);
    expect(ended).toEqual([
      [2, 'answered'],
      [1, 'failed'],
    ]);
  });
});
