import { Command, CommanderError, Help, type Option } from 'commander';
import { ArpwhyError, exitCode } from '../errors.js';
import { version } from '../package-root.js';
import { escapeText } from '../view/escape.js';
import { type Context, outputOf, processContext, say } from './context.js';
import { keepHeapSmall } from './heap.js';

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
    .configureHelp({ optionDescription })
    .configureOutput({
      writeOut: (text) => void output.write(text),
      writeErr: (text) => void context.stderr.write(text),
      outputError: (text) => say(context, usageError(text)),
    })
    .addHelpText(
      'after',
      '\nTo begin with: arpwhy top, as root; Enter on a row tells why, ? what it all means. To watch one address:\narpwhy trace --target ADDRESS. To keep what happens: arpwhy record -o FILE, then arpwhy report FILE.\n\nExit codes: 0 done, 1 failed, 2 usage, 3 not permitted, 4 kernel or platform unsupported, 5 records lost (--strict)',
    );
  for (const add of await commandsFor(args)) add(program, context);
  try {
    await parse(program, args);
    await output.flushed();
    output.check();
    return context.exitCode;
  } catch (error) {
    return explain(error, context);
  }
}

/** An empty list is what a filter has by default: help has nothing to say of it. */
function optionDescription(option: Option): string {
  return Array.isArray(option.defaultValue) ? option.description : new Help().optionDescription(option);
}

type AddCommand = (program: Command, context: Context) => void;

/** In the order of the help. */
const commands: Record<string, () => Promise<AddCommand>> = {
  trace: async () => (await import('./trace.js')).addTrace,
  top: async () => (await import('./top.js')).addTop,
  record: async () => (await import('./trace.js')).addRecord,
  replay: async () => (await import('./replay.js')).addReplay,
  report: async () => (await import('./report.js')).addReport,
  doctor: async () => (await import('./doctor.js')).addDoctor,
  lab: async () => (await import('./lab.js')).addLab,
  reasons: async () => (await import('./reasons.js')).addReasons,
  demo: async () => (await import('./demo.js')).addDemo,
};
const tracing: readonly string[] = ['trace', 'top', 'record'];

/** Who runs one command waits for its code alone; help and mistakes take all of them. */
async function commandsFor([name = '', ...args]: readonly string[]): Promise<AddCommand[]> {
  const one = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!one) return Promise.all(Object.values(commands).map((load) => load()));
  const adding = one();
  if (tracing.includes(name) && !args.includes('--help') && !args.includes('-h')) await beginTracing();
  return [await adding];
}

/** The code of a command that traces is loaded while what it needs of the kernel is read. */
async function beginTracing(): Promise<void> {
  keepHeapSmall();
  if (process.geteuid?.() === 0) (await import('../kernel/begin.js')).beginReading();
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
