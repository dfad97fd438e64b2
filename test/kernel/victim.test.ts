import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { run } from '../../src/host/run.js';
import { ganeti } from '../../src/lab/ganeti.js';
import { Lab } from '../../src/lab/lab.js';
import { batch, inside, writeSettings } from '../../src/lab/namespace.js';
import type { StreamEvent } from '../../src/stream/events.js';
import { validateLine } from '../schema.js';
import { Cleanup } from './support/cleanup.js';
import { Running } from './support/running.js';
import { runProgram } from './support/trace.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const rogue = 'a0:36:9f:59:be:ef';
const owner = '02:00:00:00:00:77';

/**
 * The incident seen from a neighbour in the VLAN: host1 knows host2 (192.0.2.77); then node0 begins to answer for every
 * address, and host1's entry moves to it.
 */
it('the victim of a rogue proxy and the router, recorded apart, tell one story', async () => {
  const lab = cleanup.add(await Lab.up(ganeti, { prefix: `t${process.pid}v-` }), (one) => one.down());
  const [node0, host1] = [lab.netns('node0'), lab.netns('host1')];
  const directory = cleanup.add(mkdtempSync(join(tmpdir(), 'arpwhy-victim-')), (made) =>
    rmSync(made, { recursive: true, force: true }),
  );
  const [router, victim] = [join(directory, 'router.pcapng'), join(directory, 'victim.pcapng')];
  await lab.step('flush');
  await writeSettings(host1, { 'ipv4/neigh/eth0/locktime': 0 });
  await batch(host1, [`neigh replace 192.0.2.77 lladdr ${owner} dev eth0 nud reachable`]);
  const ofRouter = cleanup.add(await Running.attached(['record', '--netns', node0, '-o', router]), (one) =>
    one.kill(),
  );
  const ofVictim = cleanup.add(
    await Running.attached([
      ...['record', '--netns', host1, '--kind', 'learning,solicitation,neighbour', '--json', '-o', victim],
    ]),
    (one) => one.kill(),
  );
  await run(inside(host1, ['arping', '-c', '2', '-w', '3', '-I', 'eth0', '192.0.2.77']), {
    allowFailure: true,
  });
  expect(await ofVictim.stop()).toBe(0);
  expect(await ofRouter.stop()).toBe(0);

  const merged = await runProgram(['replay', '--json', router, victim]);
  expect(merged.status, merged.stderr).toBe(0);
  const events = merged.stdout.trimEnd().split('\n').map(validateLine);
  const learning = events.find(
    (one): one is Extract<StreamEvent, { schema: 'arpwhy.learning/1' }> =>
      one.schema === 'arpwhy.learning/1' && one.moved?.to === rogue,
  );
  expect(learning).toMatchObject({
    claim: { operation: 'reply', ip: '192.0.2.77', mac: rogue },
    moved: { from: owner, to: rogue },
    verdict: { action: 'updated', reason: 'locktime-passed', evidence: 'observed' },
    asked: { by: 'user-space' },
  });
  const decision = events.find(
    (one) =>
      one.schema === 'arpwhy.decision/1' &&
      one.request.target.ip === '192.0.2.77' &&
      one.reply?.mac === rogue &&
      one.request.sender.ip === learning?.claim.target.ip,
  );
  expect(decision).toMatchObject({ verdict: { action: 'replied', reason: 'proxy-arp' } });
  // each recording alone, byte for byte as it was told
  const alone = await runProgram(['replay', '--json', victim]);
  expect(alone.stdout).toBe(ofVictim.stdout);

  const report = await runProgram(['report', '--text', '--utc', router, victim]);
  const text = report.stdout.replaceAll(/\s+/g, ' ');
  expect(text).toMatch(
    /192\.0\.2\.77 moved from 02:00:00:00:00:77 to a0:36:9f:59:be:ef at \d\d:\d\d:\d\d\.\d/,
  );
  expect(text).toMatch(/It was sent by \S*node0, which answered on bond0\.90 because of .*0\.0\.0\.0\/0/);
});
