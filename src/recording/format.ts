/**
 * The format of a recording, as docs/recording.md describes it: pcapng in little-endian byte order, one section a
 * file. A new major version is one that an older reader would misunderstand.
 */
export const formatMajor = 2;
export const formatMinor = 0;

/** pcapng block types. */
export const blockType = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
export const byteOrderMagic = 0x1a2b3c4d;

/** pcapng option codes. */
export const option = {
  comment: 1,
  sectionHardware: 2,
  sectionOs: 3,
  sectionApplication: 4,
  interfaceName: 2,
  interfaceDescription: 3,
  interfaceResolution: 9,
  packetFlags: 2,
  packetId: 5,
} as const;

/** LINKTYPE_ETHERNET, and LINKTYPE_WIRESHARK_UPPER_PDU: a list of tags, then what the tag `dissector` names. */
export const linkType = { ethernet: 1, upperPdu: 252 } as const;

/** Wireshark refuses packets that are larger, whatever the interface says. */
export const mostPacketBytes = 262144;

/** JSON that is longer goes into several packets, one behind another. */
export const mostJsonBytes = 200_000;
/** No message is longer: the state of a namespace with a table that is still read whole takes some megabytes. */
export const mostParts = 320;

/** Decisions that later ones refer to at a time: their numbers are less. And what the packets of one of them take. */
export const mostBases = 4096;
export const mostBaseBytes = 16_384;

/** The name of the interface that bears everything but frames. */
export const interfaceName = 'arpwhy';

/** Tags of an upper PDU: Wireshark's own, and above 0xa500 ours, which it shows as unknown. */
export const tag = {
  end: 0,
  dissector: 12,
  ipv4Source: 20,
  ipv4Destination: 21,
  protocolColumn: 33,
  infoColumn: 36,
  /** CRC-32 of everything behind it in the packet: u32, big-endian. */
  checksum: 0xa501,
  /** What filters ask for, see {@link brief}. */
  brief: 0xa502,
  /** The wire record of the deciding pass, and of the pass that deferred the request. */
  record: 0xa503,
  firstRecord: 0xa504,
  /** What the decision was proven with: JSON. */
  evidence: 0xa505,
  /** A message in several packets: which one this is, from 0, and of how many; u16 each, big-endian. */
  part: 0xa506,
  /** Later decisions of this file may refer to this one, by a number: u16, big-endian. The next of that number replaces it. */
  base: 0xa507,
  /** The decision is like the one of this number, but for what it says itself: u16, big-endian. */
  alike: 0xa508,
} as const;

/**
 * The value of the tag `brief`: target and sender as 4 bytes each, a byte of flags, three bytes of 0, then action,
 * reason, inode, namespace and device as UTF-8, each ended by a 0 byte but the last.
 */
export const brief = {
  target: 0,
  sender: 4,
  flags: 8,
  text: 12,
  hasAddresses: 1,
  hasNetnsName: 2,
  hasDeviceName: 4,
} as const;
