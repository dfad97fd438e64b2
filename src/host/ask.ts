import { formatIp } from '../decision/addresses.js';
import type { FibMatch } from '../decision/types.js';
import { spawnIp } from './ip.js';
import type { NetnsPlace } from './netns.js';
import { readRoute } from './snapshot.js';
import type { Tool } from './tool.js';

/** A lookup to be asked for again: as it came in on a device. */
export interface Question {
  target: number;
  sender: number;
  /** Name of the in device. */
  device: string;
  mark: number;
}

const idleMs = 500;

/**
 * Asks the kernel of one namespace which route a lookup meets (`ip route get fibmatch`), through one child that
 * answers in well under a millisecond. The child is ended after half a second without a question, because it
 * keeps its namespace alive.
 */
export class FibAsker {
  readonly #place: NetnsPlace;
  readonly #indexes: () => Map<string, number>;
  #child: Tool | null = null;
  /** The question at the head is with the child; the others wait, because a failure and an answer come on two
   * pipes, and which came first could not be told. */
  #waiting: { command: string; resolve: (match: FibMatch | null) => void }[] = [];
  #stdout = '';
  #idle: NodeJS.Timeout | null = null;

  /** @param indexes device indexes by name, as they are now */
  constructor(place: NetnsPlace, indexes: () => Map<string, number>) {
    this.#place = place;
    this.#indexes = indexes;
  }

  /** Null when the kernel refused (no route, a rejecting one, an invalid source) or the namespace is gone. */
  ask(question: Question): Promise<FibMatch | null> {
    const mark = question.mark === 0 ? '' : ` mark ${question.mark}`;
    const command = `route get fibmatch ${formatIp(question.target)} from ${formatIp(question.sender)} iif ${question.device}${mark}\n`;
    const answer = new Promise<FibMatch | null>((resolve) => this.#waiting.push({ command, resolve }));
    if (this.#waiting.length === 1) this.#send();
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.close(), idleMs);
    return answer;
  }

  close(): void {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = null;
    this.#child?.stdin.end();
    this.#child = null;
  }

  #send(): void {
    const head = this.#waiting[0];
    if (!head) return;
    const child = this.#child ?? this.#start();
    if (child) child.stdin.write(head.command);
    else this.#resolve(null);
  }

  #resolve(match: FibMatch | null): void {
    this.#waiting.shift()?.resolve(match);
    this.#send();
  }

  #start(): Tool | null {
    const child = spawnIp(this.#place, ['-4', '-N', '-j', '-force', '-batch', '-']);
    if (!child) return null;
    this.#child = child;
    this.#stdout = '';
    child.stdout.on('data', (chunk: Buffer) => this.#read(chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => {
      if (chunk.includes('Command failed')) this.#resolve(null);
    });
    void child.ended.then(() => {
      if (this.#child !== child) return;
      this.#child = null;
      for (const { resolve } of this.#waiting.splice(0)) resolve(null);
    });
    return child;
  }

  #read(text: string): void {
    this.#stdout += text;
    let end = this.#stdout.indexOf('\n');
    while (end >= 0) {
      const line = this.#stdout.slice(0, end);
      this.#stdout = this.#stdout.slice(end + 1);
      if (line.startsWith('[{')) this.#resolve(this.#parse(line));
      end = this.#stdout.indexOf('\n');
    }
  }

  #parse(line: string): FibMatch | null {
    try {
      const [json] = JSON.parse(line) as Record<string, unknown>[];
      if (!json) return null;
      const route = readRoute(json, this.#indexes());
      const nexthop = route.nexthops.length === 1 ? route.nexthops[0] : undefined;
      return {
        table: route.table,
        prefix: route.prefix,
        type: route.type,
        protocol: route.protocol,
        metric: route.metric,
        device: nexthop?.device ?? null,
        gateway: nexthop?.gatewayFamily === 2 ? nexthop.gateway : null,
      };
    } catch {
      return null;
    }
  }
}
