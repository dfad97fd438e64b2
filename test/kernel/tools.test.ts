import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { toolPath } from '../../src/host/run.js';
import { startTool, type Tool } from '../../src/host/tool.js';
import { spawnTool } from '../../src/kernel/spawn.js';

/** Tools are started by the native library: it needs no BPF. */
async function outcome(tool: Tool): Promise<{ status: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  tool.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  tool.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return { status: await tool.ended, stdout, stderr };
}

const shell = (script: string, keep = -1) => spawnTool([toolPath('sh'), '-c', script], keep);
/** Descriptors and processes of our own. */
const descriptors = () => readdirSync('/proc/self/fd').length;
const children = () => readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1').trim();

it('tells what a tool said, and how it ended', async () => {
  expect(await outcome(shell('echo out; echo err >&2; exit 3'))).toEqual({
    ...{ status: 3, stdout: 'out\n', stderr: 'err\n' },
  });
  expect((await outcome(shell('kill -TERM $$'))).status).toBe(128 + 15);
});

it('hands on what it is told', async () => {
  const tool = spawnTool([toolPath('cat')], -1);
  tool.stdin.end('one\ntwo\n');
  expect(await outcome(tool)).toEqual({ status: 0, stdout: 'one\ntwo\n', stderr: '' });
});

it('gives a tool what Node would give it: the environment of tools, one descriptor, and nothing else', async () => {
  process.env.ARPWHY_SECRET = '1';
  const fd = openSync('/proc/self/ns/net', 'r');
  const script = 'env | sort; ls /proc/self/fd; readlink /proc/self/fd/3';
  const { stdout } = await outcome(shell(script, fd));
  expect(stdout).not.toContain('ARPWHY_SECRET');
  expect(stdout).toMatch(/\nnet:\[\d+\]\n$/);
  expect(stdout).toBe((await outcome(startTool([toolPath('sh'), '-c', script], fd))).stdout);
  closeSync(fd);
});

it('does not ignore what Node ignores: a tool whose reader goes ends', async () => {
  const { stdout } = await outcome(shell('kill -PIPE $$; echo still here'));
  expect(stdout).toBe('');
});

it('ends a tool by force, once', async () => {
  const tool = spawnTool([toolPath('sleep'), '1000'], -1);
  tool.kill();
  expect((await outcome(tool)).status).toBe(128 + 9);
  tool.kill();
});

it('says why a tool cannot be started', () => {
  expect(() => spawnTool(['/nowhere/tool'], -1)).toThrow('cannot start /nowhere/tool: ENOENT');
});

it('leaves nothing behind', async () => {
  await outcome(shell('true'));
  const before = { descriptors: descriptors(), children: children() };
  for (let i = 0; i < 20; i++) await outcome(shell('true'));
  expect(() => spawnTool(['/nowhere/tool'], -1)).toThrow();
  expect({ descriptors: descriptors(), children: children() }).toEqual(before);
});
