import { contains, parseIp } from '../decision/addresses.js';
import { type DecisionFilter, passesNetns } from '../decision/filter.js';
import type { Decision, Prefix } from '../decision/types.js';
import { brief } from './format.js';
import { tagText } from './message.js';

/** What filters ask of a decision, in few bytes: see {@link brief} for their layout. */
export function briefOf(decision: Decision): Buffer {
  const { verdict, netns, device, request } = decision;
  const target = request.target.ip === null ? null : parseIp(request.target.ip);
  const sender = request.sender.ip === null ? null : parseIp(request.sender.ip);
  const text = `${verdict.action}\0${verdict.reason}\0${netns.inode}\0${netns.name ?? ''}\0${device.name ?? ''}`;
  const bytes = Buffer.alloc(brief.text + Buffer.byteLength(text));
  if (target !== null && sender !== null) {
    bytes.writeUInt32BE(target, brief.target);
    bytes.writeUInt32BE(sender, brief.sender);
    bytes[brief.flags] = brief.hasAddresses;
  }
  bytes[brief.flags] =
    (bytes[brief.flags] as number) |
    (netns.name === null ? 0 : brief.hasNetnsName) |
    (device.name === null ? 0 : brief.hasDeviceName);
  bytes.write(text, brief.text);
  return bytes;
}

/** Tests decisions by their briefs: most need not be parsed to know that they were not asked for. */
export class BriefFilter {
  readonly #filter: DecisionFilter;
  /** Of the texts that were seen: there are few, and they come again and again. */
  readonly #texts = new Map<string, boolean>();

  constructor(filter: DecisionFilter) {
    this.#filter = filter;
  }

  passes(bytes: Buffer): boolean {
    if (bytes.length < brief.text) return true;
    const { targets, senders } = this.#filter;
    const known = ((bytes[brief.flags] as number) & brief.hasAddresses) !== 0;
    if (targets.length > 0 && !(known && within(targets, bytes.readUInt32BE(brief.target)))) return false;
    if (senders.length > 0 && !(known && within(senders, bytes.readUInt32BE(brief.sender)))) return false;
    const flags = bytes[brief.flags] as number;
    const text = bytes.toString('latin1', brief.flags);
    let passed = this.#texts.get(text);
    if (passed === undefined) {
      passed = this.#passesText(tagText(bytes.subarray(brief.text)), flags);
      if (this.#texts.size >= mostTexts) this.#texts.clear();
      this.#texts.set(text, passed);
    }
    return passed;
  }

  /** Names of namespaces and devices that were seen, a hundred at most of each. */
  names(): { namespaces: string[]; devices: string[] } {
    const namespaces = new Set<string>();
    const devices = new Set<string>();
    for (const text of this.#texts.keys()) {
      const [, , inode = '', netns = '', device = ''] = tagText(Buffer.from(text.slice(4), 'latin1')).split(
        '\0',
      );
      namespaces.add(netns || `. (${inode})`);
      devices.add(device);
    }
    return { namespaces: [...namespaces].slice(0, 100), devices: [...devices].slice(0, 100) };
  }

  #passesText(text: string, flags: number): boolean {
    const [action = '', reason = '', inode = '', netns = '', device = ''] = text.split('\0');
    const filter = this.#filter;
    return (
      passesNetns(filter, (flags & brief.hasNetnsName) === 0 ? null : netns, Number(inode)) &&
      anyOf(filter.devices, (flags & brief.hasDeviceName) === 0 ? null : device) &&
      anyOf(filter.actions, action) &&
      anyOf(filter.reasons, reason)
    );
  }
}

const mostTexts = 65536;

function within(prefixes: readonly Prefix[], ip: number): boolean {
  return prefixes.some((prefix) => contains(prefix, ip));
}

function anyOf(list: readonly string[], value: string | null): boolean {
  return list.length === 0 || (value !== null && list.includes(value));
}
