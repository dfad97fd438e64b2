import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { ArpwhyError } from '../errors.js';

/** Where Debian and its relatives keep the tools that we run. The caller's PATH is never asked: we run as root. */
const directories = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The environment of every tool: nothing of the caller's, so that no variable changes what it prints. */
export const toolEnvironment = { PATH: directories.join(':'), LC_ALL: 'C' };

const found = new Map<string, string>();

/**
 * The absolute path of a tool.
 * @throws {ArpwhyError} `host-command` when it is not installed, naming the Debian package that has it.
 */
export function toolPath(tool: string): string {
  const known = found.get(tool);
  if (known) return known;
  for (const directory of directories) {
    const path = `${directory}/${tool}`;
    try {
      accessSync(path, constants.X_OK);
      found.set(tool, path);
      return path;
    } catch {}
  }
  const debianPackage = packages[tool];
  throw new ArpwhyError(
    'host-command',
    `${tool} is not installed (looked in ${directories.join(', ')})${debianPackage ? `: apt-get install ${debianPackage}` : ''}`,
  );
}

const packages: Record<string, string> = {
  ip: 'iproute2',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  arping: 'iputils-arping',
};

export interface RunResult {
  stdout: string;
  stderr: string;
  status: number;
}

/**
 * Run a tool by name and wait for it. The first word is looked up by {@link toolPath}.
 * @throws {ArpwhyError} `host-command` with the tool's own words when it fails, unless `allowFailure` is set.
 */
export async function run(
  command: readonly string[],
  options: { input?: string; allowFailure?: boolean } = {},
): Promise<RunResult> {
  const [tool = '', ...args] = command;
  const child = spawn(toolPath(tool), args, { env: toolEnvironment, stdio: ['pipe', 'pipe', 'pipe'] });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A tool that ends before it has read its input breaks the pipe: its exit status says why, not EPIPE.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const status = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal ? 128 : 1)));
  });
  const result = {
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
    status,
  };
  if (status !== 0 && !options.allowFailure) {
    throw new ArpwhyError(
      'host-command',
      `${command.join(' ')}: ${result.stderr.trim() || `exit ${status}`}`,
      {
        log: result.stderr,
      },
    );
  }
  return result;
}
