import { isNeighbourEvent } from '../../decision/neighbour/types.js';
import { NeighbourTally } from '../../decision/tally/neighbours.js';
import { cut } from '../../view/spans.js';
import { styleFor } from '../../view/style.js';
import { type NeighbourReport, type NeighbourView, neighbourTable } from '../../view/top/neighbours.js';
import { type Context, outputOf } from '../context.js';
import type { Moment, TopSource } from './source.js';
import { Terminal, type TerminalOutput } from './terminal.js';

const frameMs = 500;

export interface NeighbourOptions extends Omit<NeighbourView, 'style' | 'columns'> {
  once: boolean;
  json: boolean;
}

/**
 * The view by neighbour: drawn twice a second on a terminal until q is pressed; else one table, or one object, at the
 * end.
 * @returns records that were lost
 */
export async function topOfNeighbours(
  source: TopSource,
  options: NeighbourOptions,
  context: Context,
): Promise<number> {
  const tally = new NeighbourTally();
  let lost = 0;
  let time = source.start.time;
  const take = ({ events }: Moment) => {
    for (const event of events) {
      if (event.schema === 'arpwhy.lost/1') lost += event.count;
      else if (event.schema === 'arpwhy.decision/1' || isNeighbourEvent(event)) tally.take(event);
      if ('time' in event) time = event.time;
    }
  };
  const view = { ...options, style: styleFor(context.stdout, context.environment) };
  if (options.once) {
    for await (const moment of source.moments()) take(moment);
    const output = outputOf(context);
    const { host, kernel } = source.start;
    const report: NeighbourReport = {
      schema: 'arpwhy.neighbours/1',
      host,
      kernel,
      time,
      lost,
      dropped: tally.dropped,
      neighbours: tally.rows(),
    };
    const table = () => neighbourTable(report.neighbours, view).join('\n');
    await output.write(`${options.json ? JSON.stringify(report) : table()}\n`);
    output.check();
    return lost;
  }
  const draw = () => {
    const { columns } = terminal;
    const rows = tally.rows().slice(0, terminal.rows - 3);
    const head = `arpwhy top  ${source.start.host}  by neighbour: who holds which address; ! it moved, or is disputed`;
    terminal.draw([
      cut(head, columns, options.glyphs),
      ...neighbourTable(rows, { ...view, columns }),
      ...Array<string>(Math.max(0, terminal.rows - rows.length - 3)).fill(''),
      cut(`${tally.rows().length} neighbours, ${lost} records lost  q quit`, columns, options.glyphs),
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
