import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/**
 * Waits for us to end without a word, as by kill -9, and then puts the terminal back as it was. In a session of its
 * own, so that neither ^C nor ^Z nor the end of ours reaches it.
 */
const script = `
if ! read -r bye; then
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
    (this.#child.stdin as { unref?(): void } | null)?.unref?.();
  }

  /** All is well: it need not do anything. */
  dismiss(): void {
    this.#child.stdin?.end('bye\n');
  }
}
