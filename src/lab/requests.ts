import { ArpwhyError } from '../errors.js';
import { run } from '../host/run.js';
import type { Lab } from './lab.js';
import { inside } from './namespace.js';

/** arping gives up a second after its last request; the longest proxy delay of a stock kernel is 0.8 s. */
const deadlineSeconds = 2;

/**
 * Ask from a role's eth0 who has an address, and say who answered first. Silence is no error.
 * Exactly one request is sent, by broadcast.
 * @param options.broadcast false: two are sent a second apart, the second one by unicast to whoever answered the
 * first, as a host does that confirms a neighbour.
 * @throws {ArpwhyError} `lab` when nothing could be asked.
 */
export async function whoHas(
  lab: Lab,
  from: string,
  target: string,
  options: { broadcast?: boolean } = {},
): Promise<{ answeredBy: string | null }> {
  const count = options.broadcast === false ? 2 : 1;
  const limits = ['-c', String(count), '-w', String(deadlineSeconds + count - 1)];
  const command = ['arping', ...limits, '-I', 'eth0', target];
  const { stdout, stderr, status } = await run(inside(lab.netns(from), command), { allowFailure: true });
  // arping says 1 for silence, and 2 when it could not ask.
  if (status > 1 || (status === 1 && stderr.trim() !== '')) {
    throw new ArpwhyError('lab', `cannot ask for ${target} from ${lab.netns(from)}: ${stderr.trim()}`, {
      log: stderr,
    });
  }
  return { answeredBy: firstAnswer(stdout) };
}

/**
 * Send one UDP packet from a role's namespace, to the discard port.
 * @throws {ArpwhyError} `lab` when it could not be sent
 */
export async function sendPacket(lab: Lab, from: string, to: string): Promise<void> {
  const program = `const s = require('node:dgram').createSocket('udp4');
s.send('x', 9, '${to}', (error) => { s.close(); if (error) throw error; });`;
  const command = ['nsenter', `--net=/run/netns/${lab.netns(from)}`, process.execPath, '-e', program];
  const { status, stderr } = await run(command, { allowFailure: true });
  if (status !== 0) {
    throw new ArpwhyError('lab', `cannot send to ${to} from ${lab.netns(from)}: ${stderr.trim()}`, {
      log: stderr,
    });
  }
}

/** The MAC of the first reply in what iputils' arping prints, in lower case; null where there is none. */
export function firstAnswer(printed: string): string | null {
  const reply = /^(?:Unicast|Broadcast) reply from \S+ \[([0-9A-F:]+)\]/im.exec(printed);
  return reply?.[1]?.toLowerCase() ?? null;
}
