import { isNeighbourEvent } from '../../decision/neighbour/types.js';
import { NeighbourTally } from '../../decision/tally/neighbours.js';
import { styleFor } from '../../view/style.js';
import { neighbourTable } from '../../view/top/neighbours.js';
import { type Context, outputOf } from '../context.js';
import type { Moment, TopSource } from './source.js';
import { Terminal, type TerminalOutput } from './terminal.js';

const frameMs = 500;

/**
 * The view by neighbour: drawn twice a second on a terminal until q is pressed; else one table at the end.
 * @returns records that were lost
 */
export async function topOfNeighbours(
  source: TopSource,
  options: { once: boolean; utc: boolean },
  context: Context,
): Promise<number> {
  const tally = new NeighbourTally();
  let lost = 0;
  const take = ({ events }: Moment) => {
    for (const event of events) {
      if (event.schema === 'arpwhy.lost/1') lost += event.count;
      else if (event.schema === 'arpwhy.decision/1' || isNeighbourEvent(event)) tally.take(event);
    }
  };
  const style = styleFor(context.stdout, context.environment);
  if (options.once) {
    for await (const moment of source.moments()) take(moment);
    const output = outputOf(context);
    await output.write(`${neighbourTable(tally.rows(), style, options.utc).join('\n')}\n`);
    output.check();
    return lost;
  }
  const draw = () => {
    const rows = tally.rows().slice(0, terminal.rows - 3);
    terminal.draw([
      `arpwhy top  ${source.start.host}  by neighbour: who holds which address; ! it moved, or is disputed; q quits`,
      ...neighbourTable(rows, style, options.utc),
    ]);
  };
  const quit = () => source.stop('signal');
  const terminal: Terminal = new Terminal(
    context.stdin as never,
    context.stdout as unknown as TerminalOutput,
    {
      onKey: (key) => {
        if (key === 'q' || key === 'ctrl-c' || key === 'escape') quit();
      },
      onResize: draw,
      onResume: draw,
      onGone: quit,
    },
  );
  const moments = source.moments();
  terminal.open();
  const timer = setInterval(draw, frameMs);
  try {
    draw();
    for await (const moment of moments) take(moment);
  } finally {
    clearInterval(timer);
    terminal.close();
  }
  return lost;
}
