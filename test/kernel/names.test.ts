import { spawn } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';
import { run, toolPath } from '../../src/host/run.js';
import { arpgen } from './support/arpgen.js';
import { Cleanup } from './support/cleanup.js';
import { eventually } from './support/eventually.js';
import { makeNamespace } from './support/namespaces.js';
import { TraceProcess } from './support/trace.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

it('names a namespace without a name by a process that lives in it, and still proves what is asked there', async () => {
  const asker = `t${process.pid}n-asker`;
  await makeNamespace(cleanup, asker);
  const inhabitant = cleanup.add(
    spawn(toolPath('unshare'), ['--net', 'sleep', '60'], { stdio: 'ignore' }),
    (child) => child.kill('SIGKILL'),
  );
  const inside = ['nsenter', `--net=/proc/${inhabitant.pid}/ns/net`];
  await eventually('a namespace of its own', async () => {
    const { stdout } = await run(['readlink', `/proc/${inhabitant.pid}/ns/net`, '/proc/self/ns/net']);
    const [theirs, ours] = stdout.trim().split('\n');
    return theirs !== ours;
  });
  await run([
    'ip',
    '-n',
    asker,
    'link',
    'add',
    'eth0',
    'type',
    'veth',
    'peer',
    'name',
    'in0',
    'netns',
    String(inhabitant.pid),
  ]);
  await run([...inside, 'ip', 'address', 'add', '10.9.0.1/24', 'dev', 'in0']);
  await run([...inside, 'ip', 'link', 'set', 'in0', 'up']);
  await run(['ip', '-n', asker, 'link', 'set', 'eth0', 'up']);
  const trace = cleanup.add(await TraceProcess.start('--dev', 'in0', '--target', '10.9.0.1'), (one) =>
    one.kill(),
  );
  const ask = () => arpgen(asker, ['--sender', '10.9.0.9', '--target', '10.9.0.1', '--count', '1']);
  await eventually('a proven decision', async () => {
    await ask();
    return trace.decisions.some(({ unknown }) => unknown.length === 0);
  });
  const decision = trace.decisions.at(-1);
  expect(decision?.netns.name).toBe(`sleep[${inhabitant.pid}]`);
  expect(decision?.verdict).toMatchObject({ action: 'replied', reason: 'local-address' });
});
