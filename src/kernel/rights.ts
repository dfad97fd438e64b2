import { existsSync, readFileSync } from 'node:fs';
import { ArpwhyError } from '../errors.js';

/** CAP_* bits of /proc/PID/status. */
const sysAdmin = 1n << 21n;
const perfmon = 1n << 38n;
const bpf = 1n << 39n;

/** @throws {ArpwhyError} when this process cannot load BPF at all, before anything is tried */
export function checkPlatform(): void {
  if (process.platform !== 'linux') {
    throw new ArpwhyError('unsupported', `tracing needs Linux, this is ${process.platform}`);
  }
  if (process.geteuid?.() !== 0) {
    throw new ArpwhyError(
      'not-permitted',
      'tracing needs root (CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN): run it with sudo',
    );
  }
  const missing = missingRights();
  if (missing !== null) throw new ArpwhyError('not-permitted', missing);
  if (!existsSync('/sys/kernel/btf/vmlinux')) {
    throw new ArpwhyError(
      'unsupported',
      'the kernel has no BTF (/sys/kernel/btf/vmlinux is missing): it takes a kernel with CONFIG_DEBUG_INFO_BTF=y',
    );
  }
}

/**
 * What keeps root from tracing, as it does in most containers; null when nothing does. The kernel asks for these
 * rights in the first user namespace and answers EPERM without a word about which one was missing.
 */
export function missingRights(
  status = readOrEmpty('/proc/self/status'),
  uidMap = readOrEmpty('/proc/self/uid_map'),
): string | null {
  if (uidMap !== '' && uidMap.trim().split(/\s+/).join(' ') !== '0 0 4294967295') {
    return 'this is root of a user namespace only, and BPF asks for root of the host: run it outside of that container';
  }
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (effective === undefined) return null;
  const held = BigInt(`0x${effective}`);
  if (held & sysAdmin || (held & bpf && held & perfmon)) return null;
  return 'root lacks CAP_SYS_ADMIN (or CAP_BPF and CAP_PERFMON) here, and BPF asks for them: give them to the container, or run it on the host';
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
