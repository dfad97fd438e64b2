import { Socket } from 'node:net';
import { ArpwhyError } from '../errors.js';
import { toolEnvironment } from '../host/run.js';
import type { Tool } from '../host/tool.js';
import { nativeLibrary } from './library.js';
import { errnoName } from './native-words.js';

/** Its output has ended, so it is about to: asked this often. */
const reapMs = 1;
const again = -11;

/**
 * A way to start tools that takes a millisecond, however much memory we hold: Node forks, which copies the map of it
 * all, and each page that is written to afterwards is to be mapped anew.
 * @throws {ArpwhyError} `host-command` when it cannot be started
 */
export function spawnTool(command: readonly string[], keep: number): Tool {
  const streams = Buffer.alloc(12);
  const variables = Object.entries(toolEnvironment).map(([name, value]) => `${name}=${value}`);
  const pid = nativeLibrary().arpwhy_spawn(wordList(command), wordList(variables), keep, streams);
  if (pid < 0) throw new ArpwhyError('host-command', `cannot start ${command[0]}: ${errnoName(pid)}`);
  return new SpawnedTool(pid, [0, 4, 8].map((at) => streams.readInt32LE(at)) as [number, number, number]);
}

class SpawnedTool implements Tool {
  readonly stdin: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly ended: Promise<number>;
  readonly #pid: number;
  #reaped = false;

  constructor(pid: number, [stdin, stdout, stderr]: [number, number, number]) {
    this.#pid = pid;
    this.stdin = new Socket({ fd: stdin, readable: false, writable: true });
    this.stdout = new Socket({ fd: stdout, readable: true, writable: false });
    this.stderr = new Socket({ fd: stderr, readable: true, writable: false });
    const closed = [this.stdout, this.stderr].map(
      (stream) => new Promise<void>((resolve) => stream.once('close', () => resolve())),
    );
    this.ended = Promise.all(closed).then(() => this.#reap());
  }

  kill(): void {
    if (!this.#reaped) process.kill(this.#pid, 'SIGKILL'); // until it is reaped no other has its number
  }

  async #reap(): Promise<number> {
    this.stdin.destroy();
    for (;;) {
      const status = nativeLibrary().arpwhy_reap(this.#pid);
      if (status !== again) {
        this.#reaped = true;
        return status;
      }
      await new Promise((resolve) => setTimeout(resolve, reapMs));
    }
  }
}

/** Each ended by NUL, the last one empty. */
function wordList(words: readonly string[]): Buffer {
  return Buffer.from(`${words.join('\0')}\0\0`);
}
