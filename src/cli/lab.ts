import Table from 'cli-table3';
import type { Command } from 'commander';
import { exitCode } from '../errors.js';
import { ownPrefix, removeAbandoned } from '../lab/abandoned.js';
import { Lab } from '../lab/lab.js';
import { topologies, topology } from '../lab/topologies.js';
import { type Expectation, type QuestionExpectation, stepOf } from '../lab/topology.js';
import { LiveStream } from '../stream/live.js';
import { stepText } from '../view/explain.js';
import { type Context, outputOf, say } from './context.js';
import { asExpected, askedAsExpected, type Played, type PlayedQuestion, Player } from './play.js';
import { Progress } from './progress.js';

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
    .description(`build a topology: ${topologies.map(({ name }) => name).join(', ')}`)
    .action(async (name = 'ganeti') => {
      const up = await Lab.up(topology(name));
      const router = up.netns(up.topology.router);
      await print(
        `${name} is up: ${up.topology.roles.map((role) => up.netns(role)).join(', ')}\n` +
          `Watch it:  arpwhy trace --netns ${router}\nAsk:       ${askCommand(up, firstQuestion(up))}\nThen:      arpwhy lab step ${up.topology.steps.map((step) => step.name).join(' | ')}\n`,
      );
    });
  lab
    .command('down [topology]')
    .description('remove a topology, also what an earlier one left')
    .action(async (name = 'ganeti') => {
      await Lab.down(topology(name));
      const abandoned = await removeAbandoned();
      const also = abandoned.length > 0 ? `, and what killed commands left (${abandoned.join(', ')})` : '';
      await print(`${name} is down${also}\n`);
    });
  lab
    .command('step <step> [topology]')
    .description('make something happen')
    .action(async (step: string, name = 'ganeti') => {
      const wanted = topology(name);
      stepOf(wanted, step); // a name that is none is the first thing to say, whether the lab is up or not
      const opened = await Lab.open(wanted);
      const done = await opened.step(step);
      const expected = done.expect.map((one) => `  ${askCommand(opened, one)}\n    ${expectedText(one)}\n`);
      await print(
        `${step}: ${done.summary}\nNow expect, on ${opened.netns(opened.topology.router)}:\n${expected.join('')}`,
      );
    });
  lab
    .command('run [topology]')
    .description('play all steps in a lab of its own, and compare what is decided with what is expected')
    .action(async (name = 'ganeti') => {
      const { played, questions } = await runAll(name, context);
      await print(`${comparison(played)}\n`);
      if (questions.length > 0) await print(`What the router asks by itself:\n${questionTable(questions)}\n`);
      if (!played.every(asExpected) || !questions.every(askedAsExpected)) {
        context.exitCode = exitCode.failed;
      }
    });
}

async function runAll(
  name: string,
  context: Context,
): Promise<{ played: Played[]; questions: PlayedQuestion[] }> {
  const lab = await Lab.up(topology(name), { prefix: ownPrefix('run'), command: `run ${name}` });
  const played: Played[] = [];
  const questions: PlayedQuestion[] = [];
  const asks = lab.topology.steps.some((step) => step.asks);
  const progress = new Progress(context);
  let stopped = false;
  context.onStop(() => {
    stopped = true;
  });
  try {
    const stream = LiveStream.open({
      netns: [lab.netns(lab.topology.router)],
      ...(asks ? { kinds: ['decision', 'solicitation'] } : {}),
    });
    try {
      const player = new Player(lab, stream);
      const { steps } = lab.topology;
      for (const [i, { name: step, summary }] of steps.entries()) {
        if (stopped) break;
        say(context, `${step}: ${summary}`);
        const so = `step ${i + 1} of ${steps.length}, ${step}`;
        progress.show(so);
        const applied = await player.apply(step);
        // before anybody asks the router, which makes it know its neighbours
        for await (const one of player.questions(applied)) questions.push(one);
        const { length } = applied.expect;
        progress.show(`${so}: asking, 1 of ${length}`);
        let asked = 1;
        for await (const one of player.requests(applied)) {
          played.push(one);
          if (asked++ < length) progress.show(`${so}: asking, ${asked} of ${length}`);
        }
        progress.clear();
      }
    } finally {
      await stream.stop('closed');
    }
  } finally {
    await lab.down();
  }
  return { played, questions };
}

/** The same of what the router asks. */
function questionTable(questions: readonly PlayedQuestion[]): string {
  const table = new Table({
    head: ['step', 'packet', 'seen', 'as expected'],
    style: { head: [], border: [] },
  });
  for (const one of questions) {
    const { solicitation, expected } = one;
    const { request, device, end, cause, because, steps } = solicitation;
    const step = because === null ? undefined : steps[because];
    const asked = `who-has ${request.target.ip} on ${device.name}: ${end.outcome}, ${cause.code}`;
    const seen = step ? `${asked}\n${stepText(step)}` : asked;
    table.push([
      one.step,
      `${expected.from} to ${expected.to}`,
      seen,
      askedAsExpected(one) ? 'yes' : `NO:\n${questionText(expected)}`,
    ]);
  }
  return table.toString();
}

function questionText({ outcome, cause, device, because }: QuestionExpectation): string {
  return `on ${device}: ${outcome}, ${cause}\n${because.prefix} dev ${because.device}, table ${because.table}`;
}

/** Expected is shown only where something else was seen: then the table fits a terminal. */
function comparison(played: readonly Played[]): string {
  const table = new Table({
    head: ['step', 'who-has', 'tell', 'seen', 'as expected'],
    style: { head: [], border: [] },
  });
  for (const one of played) {
    const { decision, expected } = one;
    const because = decision.because === null ? undefined : decision.steps[decision.because];
    const seen = `${decision.verdict.action} ${decision.verdict.reason}${because ? `\n${stepText(because)}` : ''}`;
    const wanted = `NO:\n${expectedText(expected).replace(' because ', '\n')}`;
    table.push([one.step, expected.target, expected.from, seen, asExpected(one) ? 'yes' : wanted]);
  }
  return table.toString();
}

function firstQuestion(lab: Lab): Expectation {
  const [question] = lab.topology.steps.flatMap((step) => step.expect);
  if (!question) throw new Error(`${lab.topology.name} expects nothing`);
  return question;
}

/** What makes a host of the lab ask. */
function askCommand(lab: Lab, { from, target }: Expectation): string {
  return `ip netns exec ${lab.netns(from)} arping -c 1 -I eth0 ${target}`;
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
    ? ` because ${because.prefix} dev ${because.device}, table ${because.table}${ruleText(because.rule)}`
    : '';
  return `${expected.action} ${expected.reason}${why}`;
}

const ruleText = (priority: number | null) => (priority === null ? '' : `, rule ${priority}`);
