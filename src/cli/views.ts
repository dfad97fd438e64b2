import { type Command, Option } from 'commander';
import { LineView } from '../view/line.js';
import { styleFor } from '../view/style.js';
import { type Context, widthOf } from './context.js';
import { decisionFilter, type FilterOptions, isAsked } from './options.js';
import { TextTeller } from './tell.js';

/** How decisions are shown, live or recorded. */
export interface ViewOptions {
  utc?: boolean;
  fold?: boolean;
  verbose?: boolean;
  quiet?: boolean;
}

export function addViews(command: Command): Command {
  return command
    .option('--fold', 'count decisions that repeat instead of telling each (in text unless --no-fold)')
    .option('--no-fold', 'tell each decision (in JSON unless --fold)')
    .addOption(new Option('-v, --verbose', 'text: all steps, settings and the rest').conflicts('json'))
    .addOption(new Option('-q, --quiet', 'text: one line for each').conflicts(['json', 'verbose']))
    .option('--utc', 'text: show times in UTC');
}

/** Silent decisions are a count, unless they were asked for. */
export function textTeller(options: FilterOptions & ViewOptions, context: Context): TextTeller {
  const view = new LineView({
    utc: options.utc ?? false,
    style: styleFor(context.stdout, context.environment),
    detail: options.verbose ? 'whole' : options.quiet ? 'brief' : 'usual',
    ...widthOf(context),
  });
  return new TextTeller(view, options.silent || isAsked(decisionFilter(options)));
}
