import { parseIp } from '../../../src/decision/addresses.js';
import { macs } from '../scenarios/world.js';

export interface ArpFrame {
  operation?: 1 | 2;
  senderIp: string;
  senderMac?: string;
  targetIp: string;
  targetMac?: string;
  destination?: string;
  hardwareType?: number;
}

/** A whole Ethernet frame in hexadecimal; by default a reply from the asker to the router's in0. */
export function arpFrame(frame: ArpFrame): string {
  const sender = frame.senderMac ?? macs.asker;
  return [
    bare(frame.destination ?? macs.in0),
    bare(sender),
    '0806',
    hex(frame.hardwareType ?? 1, 4),
    '08000604',
    hex(frame.operation ?? 2, 4),
    bare(sender),
    hex(parseIp(frame.senderIp) ?? 0, 8),
    bare(frame.targetMac ?? macs.in0),
    hex(parseIp(frame.targetIp) ?? 0, 8),
  ].join('');
}

/** Sender and target are one address. */
export function gratuitous(operation: 1 | 2, ip: string, mac: string = macs.asker): string {
  return arpFrame({
    operation,
    senderIp: ip,
    senderMac: mac,
    targetIp: ip,
    targetMac: operation === 2 ? mac : '00:00:00:00:00:00',
    destination: 'ff:ff:ff:ff:ff:ff',
  });
}

function bare(mac: string): string {
  return mac.replaceAll(':', '');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
