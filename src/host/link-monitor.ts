import { createInterface } from 'node:readline';
import { enter, inNamespace } from './ip.js';
import type { NetnsPlace } from './netns.js';
import { toolPath } from './run.js';
import type { Tool } from './tool.js';

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
  #tool: Tool | null;

  /** @returns null when the namespace is gone, there are too many already, or a tool is missing */
  static start(place: NetnsPlace, onLink: (notice: LinkNotice) => void): LinkMonitor | null {
    if (running >= mostMonitors) return null;
    try {
      // it ends with us, however we end
      const command = [
        toolPath('setpriv'),
        '--pdeathsig',
        'KILL',
        toolPath('nsenter'),
        ...enter,
        toolPath('ip'),
      ];
      const tool = inNamespace(place, [...command, '-o', 'monitor', 'link']);
      return tool && new LinkMonitor(tool, onLink);
    } catch {
      return null;
    }
  }

  private constructor(tool: Tool, onLink: (notice: LinkNotice) => void) {
    this.#tool = tool;
    running++;
    void tool.ended.then(() => {
      running--;
      this.#tool = null;
    });
    createInterface({ input: tool.stdout }).on('line', (line) => {
      const notice = parseLink(line);
      if (notice) onLink(notice);
    });
  }

  close(): void {
    this.#tool?.kill();
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
