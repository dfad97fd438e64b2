import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type NetnsPlace, openNamespace } from './netns.js';
import { toolEnvironment, toolPath } from './run.js';

/** A link as the kernel announced it. */
export interface LinkNotice {
  index: number;
  name: string;
  up: boolean;
  carrier: boolean;
  /** When it was read here: CLOCK_MONOTONIC. */
  ns: bigint;
}

/** Processes of ours that may watch at a time. */
const mostMonitors = 64;
let running = 0;

/**
 * Watches the links of a namespace by `ip monitor`. A link that goes down and up again between two snapshots leaves
 * no other trace than the routes that are gone.
 */
export class LinkMonitor {
  #child: ChildProcess | null = null;

  /** @returns null when the namespace is gone, there are too many already, or a tool is missing */
  static start(place: NetnsPlace, onLink: (notice: LinkNotice) => void): LinkMonitor | null {
    if (running >= mostMonitors) return null;
    const fd = openNamespace(place);
    if (fd === null) return null;
    try {
      // it ends with us, however we end
      const command = ['--pdeathsig', 'KILL', toolPath('nsenter'), '--net=/proc/self/fd/3', toolPath('ip')];
      const child = spawn(toolPath('setpriv'), [...command, '-o', 'monitor', 'link'], {
        env: toolEnvironment,
        stdio: ['ignore', 'pipe', 'ignore', fd],
      });
      return new LinkMonitor(child, onLink);
    } catch {
      return null;
    } finally {
      closeSync(fd);
    }
  }

  private constructor(child: ChildProcess, onLink: (notice: LinkNotice) => void) {
    this.#child = child;
    running++;
    child.on('error', () => {});
    child.on('close', () => {
      running--;
      this.#child = null;
    });
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const notice = parseLink(line);
      if (notice) onLink(notice);
    });
  }

  close(): void {
    this.#child?.kill('SIGKILL');
  }
}

/** "4: bond0.90@if3: <BROADCAST,MULTICAST,UP> mtu 1500 ..."; null for any other line. */
export function parseLink(line: string): LinkNotice | null {
  const [, index, name, flags] = /^(\d+): (.+?)(?:@[^:]*)?: <([^>]*)> /.exec(line) ?? [];
  if (index === undefined || name === undefined || flags === undefined) return null;
  const words = flags.split(',');
  return {
    index: Number(index),
    name,
    up: words.includes('UP'),
    carrier: words.includes('LOWER_UP'),
    ns: process.hrtime.bigint(),
  };
}
