import { Command, CommanderError } from 'commander';
import { ArpwhyError, exitCode } from '../errors.js';
import { version } from '../version.js';
import { type Context, processContext, say } from './context.js';
import { addDemo } from './demo.js';
import { addDoctor } from './doctor.js';
import { addLab } from './lab.js';
import { addTrace } from './trace.js';

/**
 * Run the command line. Never ends the process: what was written is flushed, and the exit code is returned.
 * @param args without the program's name
 */
export async function main(args: readonly string[], context: Context = processContext()): Promise<number> {
  const program = new Command('arpwhy')
    .description('why did the kernel answer that ARP request, or stay silent?')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 usage, 3 not permitted, 4 kernel or platform unsupported, 5 records lost (--strict)',
    );
  addTrace(program, context);
  addDoctor(program, context);
  addLab(program, context);
  addDemo(program, context);
  try {
    await program.parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return explain(error, context);
  }
}

/** One clear line, and what libbpf said only when it was asked for. */
function explain(error: unknown, context: Context): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCode.done : exitCode.usage;
  }
  if (error instanceof ArpwhyError) {
    say(context, error.message);
    if (error.log && context.environment.ARPWHY_LOG) context.stderr.write(`${error.log.trim()}\n`);
    return error.exitCode;
  }
  say(
    context,
    `this is a bug in arpwhy: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  return exitCode.failed;
}
