import { Command } from 'commander';
import { Results } from './results.js';
import { measure } from './round.js';
import { rows, untraced } from './rows.js';
import { World } from './world.js';

interface Options {
  only?: string[];
  rounds: number;
  arpMs: number;
  udpMs: number;
}

const names = [untraced, ...rows.map(({ name }) => name)];

const command = new Command('bench')
  .description('what it costs to trace, arpwhy and its peers side by side')
  .option('--only <rows>', `these rows alone, separated by commas: ${names.join(', ')}`, (text) =>
    text.split(','),
  )
  .option('--rounds <n>', 'how often each row is measured, after one round to warm up', Number, 5)
  .option('--arp-ms <n>', 'how long a flood of requests lasts', Number, 1000)
  .option('--udp-ms <n>', 'how long a flood of packets lasts', Number, 600);
command.parse();
await bench(command.opts<Options>());

async function bench(options: Options): Promise<void> {
  const chosen = options.only ?? names;
  for (const name of chosen) {
    if (!names.includes(name)) throw new Error(`no row ${name}: there are ${names.join(', ')}`);
  }
  const results = new Results();
  const world = await World.up();
  try {
    for (let round = 0; round <= options.rounds; round++) {
      // another one comes first in each round
      const order = chosen.map((_, i) => chosen[(i + round) % chosen.length] ?? untraced);
      for (const name of order) {
        const row = rows.find((one) => one.name === name) ?? null;
        const plain = row === null || row.package === null;
        process.stderr.write(`\r\x1b[Kround ${round} of ${options.rounds}: ${name}`);
        const measured = await measure(world, row, options, plain);
        if (round > 0) results.add(round, name, measured);
      }
    }
  } finally {
    process.stderr.write('\r\x1b[K');
    await world.down();
  }
  process.stdout.write(results.tables(chosen));
}
