import { writeSync } from 'node:fs';
import { run } from '../../src/host/run.js';
import { seesLinks } from '../../src/kernel/hooks.js';
import type { ChangeEvent } from '../../src/stream/events.js';
import { Watch } from '../kernel/scenarios/play.js';
import { World } from '../kernel/scenarios/world.js';

/**
 * Inside of the machine: a better tier, whole and without one of the hooks that see changes after the other, on the same
 * changes. Only what the hook is for may be missing. A line of JSON for each hook: what is wrong. The argument is the
 * tier.
 */
const tier = process.argv[2] === 'kprobe' ? 'kprobe' : 'trampoline';

/** Traces at a time: all of them see all. */
const atOnce = 6;

/** One of everything that hooks tell of. */
const changing = [
  'ip route add 192.0.2.0/24 via 10.2.0.9 dev out0 table 90',
  'ip route replace 192.0.2.0/24 via 10.2.0.8 dev out0 table 90',
  'ip route add 198.51.100.0/24 via 10.2.0.9 table 90',
  'ip route del 198.51.100.0/24 table 90',
  'ip rule add iif in0 lookup 90',
  'ip address add 10.9.0.1/24 dev in0',
  'ip address del 10.9.0.1/24 dev in0',
  'ip link set out0 down',
  'ip link set out0 up',
];

/** What an event can show, by a name for it. */
const features: Record<string, (event: ChangeEvent) => boolean> = {
  'a new route': ({ changes }) => changes.some((one) => one.object === 'route' && one.change === 'added'),
  'how a replaced route was': ({ changes }) =>
    changes.some((one) => one.object === 'route' && one.was !== null),
  'a deleted route': ({ cause, changes }) =>
    cause?.kind === 'message' && changes.some((one) => one.object === 'route' && one.change === 'removed'),
  'where a deleted route led': ({ cause, changes }) =>
    cause?.kind === 'message' &&
    changes.some((one) => one.change === 'removed' && / dev out0/.test(one.text)),
  'a flush': ({ flushed }) => flushed.length > 0,
  'a route of a flush': ({ flushed, changes }) =>
    flushed.length > 0 && changes.some((one) => one.object === 'route' && one.text.includes('/')),
  'a rule': ({ changes }) => changes.some(({ object }) => object === 'rule'),
  'a link': ({ changes }) => changes.some(({ object }) => object === 'link'),
  'a link as the cause of a flush': ({ flushed, cause }) => flushed.length > 0 && cause?.kind === 'link-down',
  'an address': ({ changes }) => changes.some(({ object }) => object === 'address'),
  'an address as the cause of a route': ({ cause, changes }) =>
    /address/.test(cause?.kind ?? '') && changes.some(({ object }) => object === 'route'),
};

/** What is missing without a hook, and nothing else. */
const missing: Record<string, string[]> = {
  fib_table_insert: ['a new route', 'how a replaced route was'],
  fib_table_delete: ['a deleted route', 'where a deleted route led'],
  fib_table_flush: ['a flush', 'a route of a flush', 'a link as the cause of a flush'],
  call_fib_notifiers: ['a rule', 'a route of a flush'],
  fib_create_info: ['how a replaced route was'],
  fib_release_info: ['how a replaced route was', 'where a deleted route led'],
  fib_netdev_event: ['a link', 'a link as the cause of a flush'],
  fib_inetaddr_event: ['an address', 'an address as the cause of a route'],
};

let worlds = 0;
const whole = watch([]);
const names = [...whole.stream.start.hooks.attached].filter((name) => kindOf(name) in missing);
for (let from = 0; from < names.length; from += atOnce) {
  const hooks = names.slice(from, from + atOnce);
  const watches = hooks.map((name) => watch([name]));
  const wrong = new Map(hooks.map((name) => [name, [] as string[]]));
  await compareChanges(hooks, watches, wrong);
  for (const one of watches) await one.stop();
  for (const [hook, lines] of wrong) writeSync(1, `${JSON.stringify({ hook, wrong: lines })}\n`);
}
await whole.stop();
writeSync(1, `${JSON.stringify({ hook: 'a hook, 5000 changes at once', ...(await flood(5000)) })}\n`);
writeSync(1, `${JSON.stringify({ end: names.length + 1 })}\n`);

/** So many routes come by messages, and go by a flush: each is told, counted or lost, and none twice. */
async function flood(count: number): Promise<{ wrong: string[]; note: string }> {
  const untracedMs = await addRoutes(await World.up(`w${++worlds}-`), count);
  const one = watch([]);
  const world = await World.up(`w${++worlds}-`);
  const wrong: string[] = [];
  const tracedMs = await addRoutes(world, count, async () => {
    await world.lines(['ip link set out0 down']);
    await one.stream.settled(2000, world.router);
  });
  const { changesLost } = await one.stream.stop('closed');
  const ofTable = one.changes.filter(({ changes }) => changes.some(({ table }) => table?.id === 77));
  const sum = (events: ChangeEvent[], change: string) =>
    events.reduce(
      (all, { changes, more }) => all + more + changes.filter((one) => one.change === change).length,
      0,
    );
  const added = sum(
    ofTable.filter(({ cause }) => cause?.kind === 'message'),
    'added',
  );
  const flushed = ofTable.flatMap((event) => event.flushed).filter(({ table }) => table.id === 77);
  const gone = sum(
    ofTable.filter((event) => event.flushed.length > 0),
    'removed',
  );
  if (added + changesLost < count || added > count)
    wrong.push(`${added} added, ${changesLost} lost, of ${count}`);
  if (flushed.length !== 1 || flushed[0]?.routes !== count) wrong.push(`flushed: ${JSON.stringify(flushed)}`);
  if (gone < count) wrong.push(`${gone} of a flush of ${count}`);
  const each = (ms: number) => `${((1000 * ms) / count).toFixed(0)} us`;
  const note = `a route by ip -batch: ${each(untracedMs)} untraced, ${each(tracedMs)} traced; ${changesLost} counted as lost`;
  return { wrong, note };
}

/** How long it takes to add so many routes in one batch; the world goes after that. */
async function addRoutes(world: World, count: number, then = async () => {}): Promise<number> {
  try {
    const routes = Array.from({ length: count }, (_, i) => `172.16.${i >> 8}.${i & 255}`);
    const input = routes.map((ip) => `route add ${ip} dev out0 table 77\n`).join('');
    const start = performance.now();
    await run(['ip', '-n', world.router, '-batch', '-'], { input });
    const took = performance.now() - start;
    await then();
    return took;
  } finally {
    await world.down();
  }
}

/** "fib_table_flush" of "fexit/fib_table_flush" */
function kindOf(hook: string): string {
  return hook.split('/')[1] ?? '';
}

function watch(leaveOut: string[]): Watch {
  return new Watch({ tier, leaveOut, ringBytes: 1 << 20 }, () => {});
}

async function compareChanges(
  hooks: string[],
  watches: Watch[],
  wrong: Map<string, string[]>,
): Promise<void> {
  const world = await World.up(`w${++worlds}-`);
  try {
    await world.lines(changing);
    await Promise.all([whole, ...watches].map(({ stream }) => stream.settled(2000, world.router)));
    const shown = ({ changes }: Watch) => {
      const told = changes.filter(({ netns }) => netns.name === world.router);
      return new Set(Object.keys(features).filter((name) => told.some(features[name] as () => boolean)));
    };
    const all = shown(whole);
    for (const name of Object.keys(features)) {
      if (!all.has(name)) for (const lines of wrong.values()) lines.push(`with every hook: no ${name}`);
    }
    for (const [i, watch] of watches.entries()) {
      const hook = hooks[i] as string;
      const gone = [...all].filter((name) => !shown(watch).has(name)).sort();
      const wanted = [...(missing[kindOf(hook)] ?? [])].sort();
      if (JSON.stringify(gone) !== JSON.stringify(wanted)) {
        wrong
          .get(hook)
          ?.push(`of changes it lacks ${gone.join(', ') || 'nothing'}; expected ${wanted.join(', ')}`);
      }
      if (watch.stream.start.hooks.attached.includes(hook))
        wrong.get(hook)?.push('it was attached all the same');
      if (hook.endsWith('/fib_netdev_event') && seesLinks(watch.stream.start.hooks.attached))
        wrong.get(hook)?.push('links are taken for seen');
    }
  } finally {
    await world.down();
  }
}
