import { ArpwhyError } from '../../../src/errors.js';
import { run, toolPath } from '../../../src/host/run.js';
import { inside } from '../../../src/lab/namespace.js';

/** A command of a script: words, and what it reads. */
export interface ScriptCommand {
  words: readonly string[];
  input?: string;
}

/**
 * Run commands one after the other in one shell, stopping at the first that fails: a process of ours that starts
 * many others is what takes time.
 * @throws {ArpwhyError} `host-command` with the command that failed and what it said
 */
export async function runScript(commands: readonly ScriptCommand[]): Promise<void> {
  if (commands.length === 0) return;
  const lines = commands.map(({ words: [tool = '', ...args], input }, i) => {
    const command = [toolPath(tool), ...args].map(quoted).join(' ');
    const source = input === undefined ? ' < /dev/null' : ` <<'END'\n${input.replace(/\n?$/, '\n')}END`;
    return `{ ${command}; } > /dev/null${source}\n[ $? = 0 ] || { echo "command ${i}" >&2; exit 1; }`;
  });
  const { status, stderr } = await run(['sh'], { input: `${lines.join('\n')}\n`, allowFailure: true });
  if (status === 0) return;
  const failed = commands[Number(/^command (\d+)$/m.exec(stderr)?.[1])];
  const said = stderr.replace(/^command \d+$/m, '').trim() || `exit ${status}`;
  throw new ArpwhyError('host-command', `${failed?.words.join(' ') ?? 'sh'}: ${said}`, { log: stderr });
}

/** Writing sysctls of a namespace, in their order, named by their path below `/proc/sys/net`. */
export function settingCommands(netns: string, settings: Readonly<Record<string, number>>): ScriptCommand[] {
  const lines = Object.entries(settings).map(
    ([path, value]) => `echo ${value} > ${quoted(`/proc/sys/net/${path}`)}`,
  );
  return lines.length === 0 ? [] : [{ words: inside(netns, ['sh', '-e']), input: lines.join('\n') }];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
