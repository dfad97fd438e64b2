import type { Command } from 'commander';
import { Lab } from '../lab/lab.js';
import { topologies, topology } from '../lab/topologies.js';
import type { Expectation } from '../lab/topology.js';
import { type Context, outputOf } from './context.js';

export function addLab(program: Command, context: Context): void {
  const lab = program.command('lab').description('topologies in network namespaces, to see incidents happen');
  const print = async (text: string) => {
    const output = outputOf(context);
    await output.write(text);
    output.check();
  };
  lab
    .command('list')
    .description('the topologies and their steps')
    .action(() => print(list()));
  lab
    .command('up [topology]')
    .description('build a topology (ganeti)')
    .action(async (name = 'ganeti') => {
      const up = await Lab.up(topology(name));
      const router = up.netns(up.topology.router);
      await print(
        `${name} is up: ${up.topology.roles.map((role) => up.netns(role)).join(', ')}\n` +
          `Watch it:  arpwhy trace --netns ${router}\nThen:      arpwhy lab step ${up.topology.steps.map((step) => step.name).join(' | ')}\n`,
      );
    });
  lab
    .command('down [topology]')
    .description('remove a topology, also what an earlier one left')
    .action(async (name = 'ganeti') => {
      await Lab.down(topology(name));
      await print(`${name} is down\n`);
    });
  lab
    .command('step <step> [topology]')
    .description('make something happen')
    .action(async (step: string, name = 'ganeti') => {
      const opened = await Lab.open(topology(name));
      const done = await opened.step(step);
      const expected = done.expect.map(
        (one) => `  ${opened.netns(one.from)} asks for ${one.target}: ${expectedText(one)}\n`,
      );
      await print(
        `${step}: ${done.summary}\nNow expect, on ${opened.netns(opened.topology.router)}:\n${expected.join('')}`,
      );
    });
}

function list(): string {
  return topologies
    .map(({ name, summary, steps }) => {
      const width = Math.max(...steps.map((step) => step.name.length));
      return `${name}: ${summary}\n${steps.map((step) => `  ${step.name.padEnd(width)}  ${step.summary}\n`).join('')}`;
    })
    .join('');
}

/** "replied proxy-arp because 192.0.2.10/32 dev tap0, table 90, rule 32765" */
export function expectedText(expected: Expectation): string {
  const { because } = expected;
  const why = because
    ? ` because ${because.prefix} dev ${because.device}, table ${because.table}, rule ${because.rule}`
    : '';
  return `${expected.action} ${expected.reason}${why}`;
}
