import { type ChildProcess, spawn } from 'node:child_process';
import { toolPath } from '../../../src/host/run.js';
import { arpgen } from '../../kernel/support/arpgen.js';
import { eventually } from '../../kernel/support/eventually.js';

/** What the asker really received: a packet capture of ARP replies, which knows nothing of the router. */
export class Replies {
  readonly #netns: string;
  readonly #child: ChildProcess;
  /** By destination: who sent the frame. */
  readonly #seen = new Map<string, string[]>();
  #rest = '';
  #stderr = '';
  #marks = 0;

  static async listening(netns: string): Promise<Replies> {
    const replies = new Replies(netns);
    await eventually(
      'tcpdump did not listen',
      () => replies.#stderr.includes('listening on') || replies.#stderr,
    );
    return replies;
  }

  private constructor(netns: string) {
    this.#netns = netns;
    this.#child = spawn(
      toolPath('nsenter'),
      [
        `--net=/run/netns/${netns}`,
        ...[toolPath('tcpdump'), '-Z', 'root', '-i', 'eth0', '-n', '-e', '-l', '--immediate-mode'],
        'arp and arp[6:2]=2',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#read(chunk.toString()));
  }

  /** Who has answered the one with this MAC address; empty for nobody. */
  to(mac: string): readonly string[] {
    return this.#seen.get(mac) ?? [];
  }

  /** Wait until everything that has arrived by now is counted: a frame of ours goes through the same capture. */
  async complete(): Promise<void> {
    const mark = `02:ff:00:00:${hex(++this.#marks >> 8)}:${hex(this.#marks & 255)}`;
    const args = [
      '--op',
      '2',
      '--sender',
      '10.99.0.1',
      '--target',
      '10.99.0.2',
      '--to',
      mark,
      '--count',
      '1',
    ];
    await arpgen(this.#netns, args);
    await eventually(`the capture did not see ${mark}`, () => this.#seen.has(mark), 5000, 2);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.on('close', resolve));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await gone;
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, from = '', to = ''] = /([0-9a-f:]{17}) > ([0-9a-f:]{17}|Broadcast)/.exec(line) ?? [];
      this.#seen.set(to, [...(this.#seen.get(to) ?? []), from]);
    }
  }
}

export function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
