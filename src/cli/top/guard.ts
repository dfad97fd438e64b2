import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/**
 * Told "in" when the screen is taken and "out" when it is given back. When nobody can tell any more while it is
 * taken, as after kill -9, it puts the terminal back as it was. It runs in a session of its own, so that neither ^C
 * nor ^Z nor the end of ours reaches it.
 */
const script = `
state=out
while read -r line; do state=$line; done
if [ "$state" = in ]; then
  printf '%b' "$1" >&3
  stty "$2" <&3
fi`;

/** A process that watches over the terminal as long as it is not as others expect it. */
export class Guard {
  readonly #child: ChildProcess;

  /**
   * @param fd a descriptor of the terminal, in the state to come back to
   * @param restore what to write to it
   */
  constructor(fd: number, restore: string) {
    const saved = spawnSync('stty', ['-g'], { stdio: [fd, 'pipe', 'ignore'], encoding: 'utf8' });
    const escaped = restore.replaceAll('\u001b', '\\033');
    this.#child = spawn('/bin/sh', ['-c', script, 'sh', escaped, saved.stdout?.trim() || 'sane'], {
      stdio: ['pipe', 'ignore', 'ignore', fd],
      detached: true,
    });
    this.#child.on('error', () => {}); // without a shell there is nobody to guard it
    this.#child.stdin?.on('error', () => {});
    this.#child.unref();
  }

  /** A pipe takes a word at once, so this may be the last thing that the process does. */
  tell(state: 'in' | 'out'): void {
    this.#child.stdin?.write(`${state}\n`);
  }

  /** It is not needed any more. */
  dismiss(): void {
    this.#child.stdin?.end();
  }
}
