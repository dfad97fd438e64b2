import { ArpwhyError } from '../errors.js';
import { blockType, byteOrderMagic, linkType, mostPacketBytes, tag } from './format.js';

/** No block of ours, and none that Wireshark writes, is longer; a length above it is damage. */
const mostBlockBytes = 2 * mostPacketBytes + (1 << 20);
/** Wireshark takes no block that is longer, of whatever kind. */
const mostForeignBytes = 16 << 20;
/** Interfaces of one section: each takes memory. */
const mostInterfaces = 1 << 20;

const sectionHeadBytes = 28;
const packetHeadBytes = 28;

/** A part of a file that could not be read. */
export interface Damage {
  offset: number;
  what: string;
}

/** A packet of the arpwhy interface. The bytes are those of the file's chunk: copy what is to be kept. */
export interface Packet {
  /** Of its block in the file. */
  offset: number;
  /** Wall clock, nanoseconds since 1970. */
  timeNs: bigint;
  data: Buffer;
}

/**
 * Finds the packets of arpwhy in the bytes of a pcapng file, as they come. What is damaged is passed over up to the
 * next block that is whole, and noted. Memory: one chunk, and one block that is not whole yet.
 */
export class BlockScanner {
  readonly #path: string;
  readonly damages: Damage[] = [];
  /** Damages in all; {@link damages} holds the first few. */
  damaged = 0;
  #rest: Buffer = Buffer.alloc(0);
  /** Of the first byte of the rest, in the file. */
  #offset = 0;
  #begun = false;
  /** Link types of the section's interfaces. */
  #links: number[] = [];
  /** Bytes of a block that holds nothing for us, still to come. */
  #skip = 0;
  #lost = false;
  /** A packet of arpwhy was seen. */
  found = false;

  /** @param path for messages */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The packets that are whole with this chunk.
   * @throws {ArpwhyError} `recording` when the file is no pcapng, or of the other byte order
   */
  *push(chunk: Buffer): Generator<Packet> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#begun && bytes.length < 12) {
      this.#rest = Buffer.from(bytes);
      return;
    }
    if (!this.#begun) this.#begin(bytes);
    const at = yield* this.#walk(bytes);
    // a copy: the chunk is the reader's
    this.#rest = Buffer.from(bytes.subarray(at));
    this.#offset += at;
  }

  /** No more will come: what is left is a block that was cut off, or that lies about its length. */
  *end(): Generator<Packet> {
    if (!this.#begun) throw this.#refuse(this.#rest.length === 0 ? 'is empty' : 'is no pcapng file');
    const bytes = this.#rest;
    this.#ended = true;
    if (bytes.length > 0 && !this.#lost) this.#note(this.#offset, 'the file ends within a block');
    else if (this.#skip > 0) this.#note(this.#offset, 'the file ends within a block');
    this.#lost = bytes.length > 0;
    yield* this.#walk(bytes);
  }
  #ended = false;

  /** Yields the packets of whole blocks; returns where the first byte that is still needed lies. */
  *#walk(bytes: Buffer): Generator<Packet, number> {
    let at = Math.min(this.#skip, bytes.length);
    this.#skip -= at;
    if (this.#lost) at = this.#resume(bytes, at);
    while (!this.#lost && at + 12 <= bytes.length) {
      const type = bytes.readUInt32LE(at);
      const length = bytes.readUInt32LE(at + 4);
      const known = isKnown(type);
      if (length < 12 || length % 4 !== 0 || length > (known ? mostBlockBytes : mostForeignBytes)) {
        at = this.#damaged(bytes, at, `a block that says it is ${length} bytes long`);
        continue;
      }
      if (at + length > bytes.length) {
        if (known || this.#ended) break;
        // whatever it is, it need not fit into memory
        this.#skip = at + length - bytes.length;
        return bytes.length;
      }
      if (bytes.readUInt32LE(at + length - 4) !== length) {
        at = this.#damaged(bytes, at, 'a block whose two lengths differ');
        continue;
      }
      if (type === blockType.packet) {
        const packet = this.#packet(bytes, at, length);
        if (packet) yield packet;
      } else if (type === blockType.interface) this.#interface(bytes, at);
      else if (type === blockType.section) this.#section(bytes, at);
      at += length;
    }
    return at;
  }

  /** Something in a packet is not what it should be. */
  spoiled(packet: Packet, what: string): void {
    this.#note(packet.offset, what);
  }

  #begin(bytes: Buffer): void {
    if (bytes.readUInt32LE(0) !== blockType.section) {
      const magic = bytes.readUInt32LE(0);
      const pcap = [0xa1b2c3d4, 0xa1b23c4d, 0xd4c3b2a1, 0x4d3cb2a1].includes(magic);
      throw this.#refuse(
        pcap ? 'is a pcap file, which holds no decisions: arpwhy record makes pcapng' : 'is no pcapng file',
      );
    }
    if (bytes.readUInt32LE(8) === 0x4d3c2b1a) {
      throw this.#refuse('is in big-endian byte order, which this version does not read');
    }
    if (bytes.readUInt32LE(8) !== byteOrderMagic) throw this.#refuse('is no pcapng file');
    this.#begun = true;
  }

  #refuse(what: string): ArpwhyError {
    return new ArpwhyError('recording', `${this.#path} ${what}`);
  }

  #section(bytes: Buffer, at: number): void {
    const whole = bytes.readUInt32LE(at + 4) >= sectionHeadBytes;
    if (!whole || bytes.readUInt32LE(at + 8) !== byteOrderMagic || bytes.readUInt16LE(at + 12) !== 1) {
      this.#note(this.#offset + at, 'a section of another byte order or version');
    }
    this.#links = [];
  }

  #interface(bytes: Buffer, at: number): void {
    if (this.#links.length >= mostInterfaces) throw this.#refuse('describes more interfaces than can be');
    this.#links.push(bytes.readUInt16LE(at + 8));
  }

  /** Ours by its first tag: also where the description of its interface was damaged. */
  #packet(bytes: Buffer, at: number, length: number): Packet | null {
    const data = at + packetHeadBytes;
    if (length < packetHeadBytes + 12 || bytes.readUInt32BE(data) !== ourMark) return null;
    if (this.#links[bytes.readUInt32LE(at + 8)] === linkType.ethernet) return null;
    const captured = bytes.readUInt32LE(at + 20);
    if (packetHeadBytes + captured + 4 > length) {
      this.#note(this.#offset + at, 'a packet that is longer than its block');
      return null;
    }
    this.found = true;
    const high = bytes.readUInt32LE(at + 12);
    const low = bytes.readUInt32LE(at + 16);
    return {
      offset: this.#offset + at,
      timeNs: (BigInt(high) << 32n) | BigInt(low),
      data: bytes.subarray(data, data + captured),
    };
  }

  #damaged(bytes: Buffer, at: number, what: string): number {
    this.#note(this.#offset + at, what);
    this.#lost = true;
    return this.#resume(bytes, at + 1);
  }

  /**
   * Look for the next whole block behind damage: one whose two lengths are equal. Returns where it lies, or from
   * where to look on when more bytes have come.
   */
  #resume(bytes: Buffer, from: number): number {
    let wait = -1;
    for (let at = from; at + 12 <= bytes.length; at++) {
      const low = bytes[at];
      if (low !== blockType.packet && low !== blockType.interface && low !== (blockType.section & 0xff))
        continue;
      if (!isKnown(bytes.readUInt32LE(at))) continue;
      const length = bytes.readUInt32LE(at + 4);
      if (length < 20 || length % 4 !== 0 || length > mostBlockBytes) continue;
      if (at + length > bytes.length) {
        // it may be whole once more has come
        if (wait < 0 && !this.#ended) wait = at;
      } else if (bytes.readUInt32LE(at + length - 4) === length) {
        this.#lost = false;
        return at;
      }
    }
    if (this.#ended) return bytes.length;
    return wait >= 0 ? wait : Math.max(from, bytes.length - 11);
  }

  #note(offset: number, what: string): void {
    this.damaged++;
    if (this.damages.length < 8) this.damages.push({ offset, what });
  }
}

function isKnown(type: number): boolean {
  return type === blockType.packet || type === blockType.interface || type === blockType.section;
}

/** The head of the tag that every packet of ours begins with. */
const ourMark = ((tag.checksum << 16) | 4) >>> 0;
