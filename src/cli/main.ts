import { Command, CommanderError } from 'commander';
import { ArpwhyError, exitCode } from '../errors.js';
import { version } from '../version.js';
import { escapeText } from '../view/escape.js';
import { type Context, outputOf, processContext, say } from './context.js';
import { addDemo } from './demo.js';
import { addDoctor } from './doctor.js';
import { addLab } from './lab.js';
import { addReasons } from './reasons.js';
import { addReplay } from './replay.js';
import { addReport } from './report.js';
import { addTop } from './top.js';
import { addRecord, addTrace } from './trace.js';

/**
 * Run the command line. Never ends the process: what was written is flushed, and the exit code is returned.
 * @param args without the program's name
 */
export async function main(args: readonly string[], context: Context = processContext()): Promise<number> {
  const output = outputOf(context);
  // Whoever closed stderr wants no words: that is no reason to end.
  context.stderr.on('error', () => {});
  const program = new Command('arpwhy')
    .description('why did the kernel answer that ARP request, or stay silent?')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void output.write(text),
      writeErr: (text) => void context.stderr.write(text),
      outputError: (text) => say(context, usageError(text)),
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 usage, 3 not permitted, 4 kernel or platform unsupported, 5 records lost (--strict)',
    );
  addTrace(program, context);
  addTop(program, context);
  addRecord(program, context);
  addReplay(program, context);
  addReport(program, context);
  addDoctor(program, context);
  addLab(program, context);
  addReasons(program, context);
  addDemo(program, context);
  try {
    await parse(program, args);
    await output.flushed();
    output.check();
    return context.exitCode;
  } catch (error) {
    return explain(error, context);
  }
}

/** Help and version are ends as any other: what they could not write is an error too. */
async function parse(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
  }
}

/** Commander's words as one line; its guess at what was meant stands on a line of its own. */
function usageError(text: string): string {
  const words = text
    .trim()
    .replace(/^error: /, '')
    .replaceAll('\n', ' ');
  return `${words.replace(/\.$/, '')}: see arpwhy --help, or --help behind a command`;
}

/** One clear line, and what libbpf said only when it was asked for. */
function explain(error: unknown, context: Context): number {
  if (error instanceof CommanderError) return exitCode.usage;
  if (error instanceof ArpwhyError) {
    say(context, error.message);
    if (error.log && context.environment.ARPWHY_LOG) context.stderr.write(escapeLines(error.log));
    return error.exitCode;
  }
  say(context, `this is a bug in arpwhy: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof Error && error.stack) context.stderr.write(escapeLines(error.stack));
  return exitCode.failed;
}

function escapeLines(text: string): string {
  return `${text.trim().split('\n').map(escapeText).join('\n')}\n`;
}
