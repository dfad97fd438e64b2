import { crc32 } from 'node:zlib';
import { blockType, byteOrderMagic, mostJsonBytes, mostPacketBytes, option, tag } from './format.js';
import type { DecisionImage, ImageFill } from './image.js';

/** A packet of the arpwhy interface: JSON, and what stands in tags before it. */
export interface Message {
  /** Wall clock, nanoseconds since 1970. */
  timeNs: bigint;
  json: string;
  /** What the packet list of Wireshark shows. */
  info: string;
  packetId?: number;
  sender?: number;
  target?: number;
  tags?: readonly (readonly [code: number, value: Uint8Array | string])[];
}

/**
 * Writes pcapng blocks one behind another into one growing buffer: no copy is made but the one into it. The buffer
 * holds whole blocks only, at any time that a caller can see it.
 */
export class BlockWriter {
  #buffer: Buffer;
  #view: DataView;
  #at = 0;

  constructor(bytes = 1 << 20) {
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
    this.#view = viewOf(this.#buffer);
  }

  get length(): number {
    return this.#at;
  }

  /** Hand out what was written; the writer goes on in another buffer. */
  take(next: Buffer = Buffer.allocUnsafeSlow(this.#buffer.length)): Buffer {
    const full = this.#buffer.subarray(0, this.#at);
    this.#buffer = next;
    this.#view = viewOf(next);
    this.#at = 0;
    return full;
  }

  section(application: string, os: string, comment: string): void {
    const start = this.#open(blockType.section, application.length + os.length + comment.length);
    this.#u32(byteOrderMagic);
    this.#u16(1);
    this.#u16(0);
    this.#u32(0xffffffff);
    this.#u32(0xffffffff);
    this.#textOption(option.sectionOs, os);
    this.#textOption(option.sectionApplication, application);
    this.#textOption(option.comment, comment);
    this.#close(start);
  }

  interface(link: number, name: string, description: string): void {
    const start = this.#open(blockType.interface, name.length + description.length);
    this.#u16(link);
    this.#u16(0);
    this.#u32(mostPacketBytes);
    this.#textOption(option.interfaceName, name);
    this.#textOption(option.interfaceDescription, description);
    this.#u16(option.interfaceResolution);
    this.#u16(1);
    this.#u32(9);
    this.#close(start);
  }

  /** @param direction 1 in, 2 out */
  frame(
    interfaceId: number,
    timeNs: bigint,
    frame: Uint8Array,
    direction: 1 | 2,
    packetId: number,
    comments: readonly string[],
  ): void {
    let text = 0;
    for (const comment of comments) text += comment.length + 8;
    const start = this.#open(blockType.packet, frame.length + text);
    this.#packetHead(interfaceId, timeNs);
    this.#u32(frame.length);
    this.#u32(frame.length);
    this.#bytes(frame);
    this.#pad();
    for (const comment of comments) this.#textOption(option.comment, comment);
    this.#u16(option.packetFlags);
    this.#u16(4);
    this.#u32(direction);
    this.#packetId(packetId);
    this.#close(start);
  }

  /** A copy of what was written from there on. */
  since(at: number): Buffer {
    return Buffer.from(this.#buffer.subarray(at, this.#at));
  }

  /** The blocks of a decision that says what another said before. */
  again(image: DecisionImage, fill: ImageFill): void {
    this.#reserve(image.mostBytes);
    this.#at = image.write(this.#buffer, this.#view, this.#at, fill);
  }

  /** One packet, or several where Wireshark would refuse it as too large. */
  message(interfaceId: number, message: Message): void {
    if (message.json.length <= mostJsonBytes / 3) {
      this.#message(interfaceId, message, message.json, 'json');
      return;
    }
    const bytes = Buffer.from(message.json);
    const count = Math.ceil(bytes.length / mostJsonBytes);
    if (count === 1) {
      this.#message(interfaceId, message, bytes, 'json');
      return;
    }
    for (let i = 0; i < count; i++) {
      const part = Buffer.alloc(4);
      part.writeUInt16BE(i);
      part.writeUInt16BE(count, 2);
      // behind the brief, which readers look for in the first place
      const tags = [...(i === 0 ? (message.tags ?? []) : []), [tag.part, part] as const];
      const info = `${message.info} (part ${i + 1} of ${count})`;
      const slice = bytes.subarray(i * mostJsonBytes, (i + 1) * mostJsonBytes);
      this.#message(interfaceId, { ...message, info, tags }, slice, 'data-text-lines');
    }
  }

  #message(
    interfaceId: number,
    message: Omit<Message, 'json'>,
    json: Uint8Array | string,
    dissector: string,
  ): void {
    const { tags = [], info } = message;
    let bytes = 0;
    for (const [, value] of tags) bytes += value.length + 8;
    const start = this.#open(blockType.packet, json.length + info.length + bytes + 64);
    this.#packetHead(interfaceId, message.timeNs);
    this.#at += 8; // both lengths, once they are known
    const data = this.#at;
    this.#tag(tag.checksum, 4);
    const sumAt = this.#at;
    this.#at += 4;
    for (const [code, value] of tags) this.#valueTag(code, value);
    this.#valueTag(tag.dissector, dissector);
    this.#valueTag(tag.protocolColumn, 'arpwhy');
    this.#valueTag(tag.infoColumn, info);
    if (message.sender !== undefined) this.#addressTag(tag.ipv4Source, message.sender);
    if (message.target !== undefined) this.#addressTag(tag.ipv4Destination, message.target);
    this.#tag(tag.end, 0);
    if (typeof json === 'string') this.#text(json);
    else this.#bytes(json);
    const length = this.#at - data;
    this.#view.setUint32(sumAt, crc32(this.#buffer.subarray(sumAt + 4, this.#at)));
    this.#view.setUint32(data - 8, length, true);
    this.#view.setUint32(data - 4, length, true);
    this.#pad();
    if (message.packetId !== undefined) this.#packetId(message.packetId);
    this.#close(start);
  }

  /** @param characters of text and bytes that the block will hold, but for its fixed parts */
  #open(type: number, characters: number): number {
    // UTF-8 takes three bytes for a UTF-16 unit at most
    this.#reserve(3 * characters + 512);
    const start = this.#at;
    this.#u32(type);
    this.#at += 4;
    return start;
  }

  #close(start: number): void {
    this.#u32(0); // opt_endofopt
    const length = this.#at + 4 - start;
    this.#view.setUint32(start + 4, length, true);
    this.#u32(length);
  }

  #packetHead(interfaceId: number, timeNs: bigint): void {
    this.#u32(interfaceId);
    this.#u32(Number(timeNs >> 32n));
    this.#u32(Number(timeNs & 0xffffffffn));
  }

  #packetId(id: number): void {
    this.#u16(option.packetId);
    this.#u16(8);
    this.#u32(id >>> 0);
    this.#u32(Math.floor(id / 2 ** 32));
  }

  #textOption(code: number, text: string): void {
    this.#u16(code);
    const lengthAt = this.#at;
    this.#at += 2;
    const length = this.#text(text.length > 16384 ? text.slice(0, 16384) : text);
    this.#view.setUint16(lengthAt, length, true);
    this.#pad();
  }

  /** Tags are big-endian, and padded so that the next one is aligned. */
  #tag(code: number, length: number): void {
    this.#view.setUint16(this.#at, code);
    this.#view.setUint16(this.#at + 2, length);
    this.#at += 4;
  }

  #valueTag(code: number, value: Uint8Array | string): void {
    const head = this.#at;
    this.#at += 4;
    let length = value.length;
    if (typeof value === 'string') length = this.#text(value);
    else this.#bytes(value);
    while (length % 4 !== 0) {
      this.#buffer[this.#at++] = 0;
      length++;
    }
    this.#view.setUint16(head, code);
    this.#view.setUint16(head + 2, length);
  }

  #addressTag(code: number, ip: number): void {
    this.#tag(code, 4);
    this.#view.setUint32(this.#at, ip);
    this.#at += 4;
  }

  #text(text: string): number {
    const length = this.#buffer.write(text, this.#at, 'utf8');
    this.#at += length;
    return length;
  }

  #bytes(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #pad(): void {
    while (this.#at % 4 !== 0) this.#buffer[this.#at++] = 0;
  }

  #u16(value: number): void {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  #u32(value: number): void {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#buffer.length, this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}
