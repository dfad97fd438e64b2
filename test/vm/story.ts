import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Decision, Tier } from '../../src/decision/types.js';
import { bondedNode } from '../kernel/scenarios/rows-stacked-devices.js';
import { World } from '../kernel/scenarios/world.js';
import { eventually } from '../kernel/support/eventually.js';
import { Running } from '../kernel/support/running.js';
import { runProgram } from '../kernel/support/trace.js';

/** A row that plays the command line: the incident on a real bond is recorded, and the report tells it. */
export const storyName = 'the incident is recorded, and the report tells who changed the routes';

/** As long as a program may take to start, in a machine. */
const startMs = 60_000;

/** @returns what is wrong with the report; empty when nothing is */
export async function playStory(tier: Tier, prefix: string): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'arpwhy-story-'));
  const file = join(directory, 'incident.pcapng');
  const world = await World.up(prefix, 'bare');
  try {
    await world.lines(bondedNode.setup);
    const recording = new Running(['record', '--netns', world.router, '--tier', tier, '-o', file, '--json']);
    try {
      await recording.until(/arpwhy: listening to .*\n/, 'stderr', startMs);
      await askUntilProven(world, recording, 'same-device');
      await world.lines(bondedNode.flap);
      await askUntilProven(world, recording, 'proxy-arp');
    } finally {
      await recording.stop();
    }
    const { stdout } = await runProgram(['report', '--text', '--utc', file]);
    const text = stdout.replace(/\s+/g, ' ');
    return expected(tier)
      .filter((pattern) => !pattern.test(text))
      .map((pattern) => `no ${pattern} in ${text}`);
  } finally {
    await world.down();
    rmSync(directory, { recursive: true });
  }
}

/** What is asked right after a change may not be proven yet: rules have selectors, and devices names, from snapshots. */
async function askUntilProven(world: World, recording: Running, reason: string): Promise<void> {
  const decided = () =>
    recording.stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{"schema":"arpwhy.decision/1"'));
  for (let tries = 0; tries < 20; tries++) {
    const before = decided().length;
    await world.send(bondedNode.askNobody);
    await eventually('no decision', () => decided().length > before || recording.stderr, startMs);
    const { verdict, unknown } = JSON.parse(decided().at(-1) ?? '') as Decision;
    if (verdict.reason === reason && unknown.length === 0) return;
  }
  throw new Error(`${reason} was not proven: ${decided().at(-1)}`);
}

/** Without hooks nobody sees who did it, and the report does not say. */
function expected(tier: Tier): RegExp[] {
  const told = [
    /table 90 lost 1 route/,
    /\(192\.0\.2\.99\) asked for on bond0\.90 in \S+ was answered because of .* via 10\.0\.0\.1 dev/,
    /replied proxy-arp on \S+ bond0\.90 because of 0\.0\.0\.0\/0 via 10\.0\.0\.1 dev bond0 in table main \(rule 32766\)/,
  ];
  const who =
    /flushed by the kernel because bond0\.90 went down, by ip \(pid \d+\), started by sh \(pid \d+\)/;
  return tier === 'tracepoint' ? [...told, /^(?!.* by ip \(pid)/] : [...told, who];
}
