import type { Pass } from '../decision/types.js';
import { body, record } from '../kernel/layout.js';

const ethernetBytes = 14;
const etherTypeArp = 0x0806;
/** In the ARP header. */
const addressesAt = 8;
const reply = 2;

/**
 * The request as it came in: the Ethernet header, and as much of the ARP header as there was. Where the record has
 * no Ethernet source the sender's MAC of the ARP header stands in; VLAN tags, and what follows the header, are in no
 * record.
 */
export function requestFrame(pass: Pass, bytes: Buffer): Buffer {
  const { arpBytes, destination, source, senderMac } = pass.frame;
  const frame = Buffer.alloc(ethernetBytes + arpBytes);
  writeMac(frame, 0, destination ?? 'ff:ff:ff:ff:ff:ff');
  writeMac(frame, 6, source ?? senderMac);
  frame.writeUInt16BE(etherTypeArp, 12);
  const header = record.bytes + body.arp;
  const arp = Buffer.concat([
    bytes.subarray(header, header + addressesAt),
    bytes.subarray(record.senderMac, record.targetIp + 4),
  ]);
  arp.copy(frame, ethernetBytes, 0, arpBytes);
  return frame;
}

/** The reply as arp_send makes it (net/ipv4/arp.c, arp_create). */
export function replyFrame(pass: Pass, mac: string): Buffer {
  const { senderMac, senderIp, targetIp, hardwareType } = pass.frame;
  const frame = Buffer.alloc(ethernetBytes + 28);
  writeMac(frame, 0, senderMac);
  writeMac(frame, 6, mac);
  frame.writeUInt16BE(etherTypeArp, 12);
  frame.writeUInt16BE(hardwareType, 14);
  frame.writeUInt16BE(0x0800, 16);
  frame[18] = 6;
  frame[19] = 4;
  frame.writeUInt16BE(reply, 20);
  writeMac(frame, 22, mac);
  frame.writeUInt32BE(targetIp, 28);
  writeMac(frame, 32, senderMac);
  frame.writeUInt32BE(senderIp, 38);
  return frame;
}

/** "02:00:00:00:00:99", two digits a byte. */
function writeMac(frame: Buffer, at: number, mac: string): void {
  for (let i = 0; i < 6; i++) frame[at + i] = Number.parseInt(mac.slice(3 * i, 3 * i + 2), 16);
}
