import type { Decision } from '../decision/types.js';
import type { StartEvent } from '../stream/events.js';

/** Two hosts hear one broadcast within microseconds; their clocks may differ by so much and still be told. */
const windowNs = 5_000_000_000n;
const mostQuestions = 65536;
const mostSamples = 4096;

/**
 * How far apart the clocks of several hosts are, told by the requests that both of them saw: a broadcast reaches all
 * hosts of a segment at the same moment.
 */
export class Skew {
  readonly #hosts = new Set<string>();
  readonly #asked = new Map<string, Map<string, bigint>>();
  readonly #samples = new Map<string, number[]>();

  host({ host }: StartEvent): void {
    this.#hosts.add(host);
  }

  get hosts(): string[] {
    return [...this.#hosts];
  }

  decision({ host, request, verdict }: Decision, timeNs: bigint): void {
    if (this.#hosts.size < 2 || request.cast !== 'broadcast' || verdict.action === 'deferred') return;
    const question = `${request.sender.mac} ${request.sender.ip} ${request.target.ip}`;
    const arrivedNs = timeNs - BigInt(Math.round(verdict.deferredNs ?? 0));
    let times = this.#asked.get(question);
    if (!times) {
      if (this.#asked.size >= mostQuestions) this.#asked.clear();
      times = new Map();
      this.#asked.set(question, times);
    }
    const before = times.get(host);
    times.set(host, arrivedNs);
    // who asks again and again may be seen by the one host the first time, by the other the second
    if (before !== undefined && arrivedNs - before < 2n * windowNs) return;
    for (const [other, otherNs] of times) {
      const apart = arrivedNs - otherNs;
      if (other !== host && apart < windowNs && apart > -windowNs) this.#sample(host, other, apart);
    }
  }

  /** Nanoseconds that the clock of `host` is ahead of that of `other`; null when no request was seen by both. */
  between(host: string, other: string): { ns: number; requests: number } | null {
    const [first, second] = [host, other].sort() as [string, string];
    const samples = this.#samples.get(`${first} ${second}`);
    if (!samples) return null;
    const sorted = samples.toSorted((a, b) => a - b);
    const median = sorted[sorted.length >> 1] as number;
    return { ns: host === first ? median : -median, requests: sorted.length };
  }

  #sample(host: string, other: string, apart: bigint): void {
    const [first, second] = [host, other].sort() as [string, string];
    const key = `${first} ${second}`;
    const samples = this.#samples.get(key) ?? [];
    if (samples.length < mostSamples) samples.push(Number(host === first ? apart : -apart));
    this.#samples.set(key, samples);
  }
}

/** A line for each host but the first. */
export function skewText(skew: Skew): string[] {
  const [first, ...others] = skew.hosts;
  return others.map((host) => {
    const found = skew.between(host, first as string);
    if (!found) {
      return `the clocks of ${first} and ${host} were taken as they are: no broadcast request was seen by both`;
    }
    const ms = Math.abs(found.ns) / 1e6;
    const size =
      ms < 0.1
        ? 'agree to 0.1 ms'
        : `differ: ${host} is ${ms.toFixed(1)} ms ${found.ns > 0 ? 'ahead' : 'behind'}`;
    return `the clocks of ${first} and ${host} ${size} (by ${found.requests} requests that both saw)`;
  });
}
