import { boot, nodeWords } from './boot.js';
import { fetchKernel, NotToBeHad } from './fetch.js';
import { kernels } from './kernels.js';

/**
 * `make test-vm-changes`: what a better tier tells of changes without one of the hooks that see them. The kernel is 6.12,
 * or KERNEL; the tier is trampoline, or TIER.
 */
const name = process.env.KERNEL || '6.12';
const tier = process.env.TIER || 'trampoline';
const kernel = kernels.find((one) => one.name === name);
if (!kernel) {
  console.error(`KERNEL=${name}: there are ${kernels.map((one) => one.name).join(', ')}`);
  process.exit(2);
}
let tried = 0;
let failed = 0;
let complete = false;
try {
  const image = fetchKernel(kernel);
  console.log(`kernel ${kernel.name}: ${image.release} (Debian ${image.version}), ${tier}`);
  const { console: said, ended } = await boot(image, {
    tree: process.cwd(),
    command: `node ${nodeWords} test/vm/unseen-guest.js '${tier}' 2> /dev/ttyS0`,
    onLine: take,
    timeoutMs: 1_800_000,
  });
  if (!ended) console.log(`the machine did not come to its end:\n${said.slice(-2000)}`);
  complete = complete && ended;
} catch (error) {
  if (!(error instanceof NotToBeHad)) throw error;
  console.log(`SKIPPED kernel ${name}: ${error.message}`);
  complete = true;
}
console.log(`${tried - failed} passed, ${failed + (complete ? 0 : 1)} failed`);
process.exitCode = failed > 0 || !complete ? 1 : 0;

function take(text: string): void {
  const line = JSON.parse(text) as { hook: string; wrong: string[]; note?: string } | { end: number };
  if ('end' in line) {
    complete = line.end === tried && tried > 0;
    return;
  }
  tried++;
  if (line.wrong.length > 0) failed++;
  console.log(`  ${line.wrong.length > 0 ? 'failed' : 'passed'} without ${line.hook}`);
  if (line.note) console.log(`    ${line.note}`);
  for (const one of line.wrong) console.log(`    ${one}`);
}
