import type { Command } from 'commander';
import { learningReason, learningReasons } from '../decision/neighbour/reasons.js';
import { reason, reasons } from '../decision/reasons.js';
import { ArpwhyError } from '../errors.js';
import { learningDetail, reasonDetail, reasonList, unknownDetail, verdictsPage } from '../view/reasons.js';
import { type Context, outputOf } from './context.js';

export function addReasons(program: Command, context: Context): void {
  program
    .command('reasons [code]')
    .description('what each reason means, what to check, and what changes it')
    .option('--json', 'the table as JSON')
    .option('--markdown', 'the page docs/verdicts.md')
    .action(async (code: string | undefined, options: { json?: boolean; markdown?: boolean }) => {
      const output = outputOf(context);
      await output.write(text(code, options));
      output.check();
    });
}

function text(code: string | undefined, options: { json?: boolean; markdown?: boolean }): string {
  if (options.markdown) return verdictsPage();
  if (code === undefined)
    return options.json ? `${JSON.stringify([...reasons, ...learningReasons])}\n` : reasonList();
  if (code === 'unknown') return unknownDetail();
  const found = reason(code);
  const learned = learningReason(code);
  if (!found && !learned) {
    throw new ArpwhyError('usage', `there is no reason ${code}: arpwhy reasons lists them all`);
  }
  if (options.json) return `${JSON.stringify(found ?? learned)}\n`;
  return [found && reasonDetail(found), learned && learningDetail(learned)].filter((one) => one).join('');
}
