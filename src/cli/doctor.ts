import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import Table from 'cli-table3';
import type { Command } from 'commander';
import { ArpwhyError, exitCode } from '../errors.js';
import { toolPath } from '../host/run.js';
import { hooksOf } from '../kernel/hooks.js';
import { NeighbourTracer, neighbourHooks } from '../kernel/neighbour-tracer.js';
import { missingRights } from '../kernel/rights.js';
import { type Refusal, Tracer } from '../kernel/tracer.js';
import { version } from '../package-root.js';
import { escapeText } from '../view/escape.js';
import { type Style, styleFor } from '../view/style.js';
import { wrap } from '../view/wrap.js';
import { type Context, outputOf } from './context.js';

interface Check {
  name: string;
  ok: boolean;
  found: string;
}

interface Diagnosis {
  version: string;
  kernel: string;
  node: string;
  checks: Check[];
  /** The tier that a trace would run in; null when none attaches. */
  tier: string | null;
  /** Better tiers, and why they do not work here. */
  refusals: readonly Refusal[];
  refusal: string | null;
  hooks: { name: string; attached: boolean; why: string | null; cost: string }[];
  /** What a host learns and asks (--kind, top --neighbours): an object of its own, whose hooks are all attached, or none. */
  neighbours: { works: boolean; refusal: string | null; hooks: readonly { name: string; cost: string }[] };
  /** What no hook of this tier can see, whatever attaches. */
  limits: string[];
}

export function addDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('try what attaches on this kernel, and say what is missing and what that costs')
    .option('--json', 'as one JSON object')
    .action(async (options: { json?: boolean }) => {
      const { diagnosis, code } = diagnose();
      const output = outputOf(context);
      const style = styleFor(context.stdout, context.environment);
      await output.write(options.json ? `${JSON.stringify(diagnosis)}\n` : report(diagnosis, style));
      output.check();
      context.exitCode = code;
    });
}

const inferredLimit =
  'the rule and the matched prefix of a lookup are inferred from a snapshot that is proven for the request, or left unknown';

const limits = [
  inferredLimit,
  'a throw route, a dead nexthop and no match look the same: no-usable-route',
  'a rule that selects by a full DSCP, or by some bits of a port, may not be shown as such by ip: no rule and no prefix is named',
  'native XDP drops a frame before every hook: no decision appears',
  'bridge neigh_suppress and vxlan proxy answer before ARP sees the request: no decision appears',
];

/** Try for real: load and attach everything, and let it go again. */
function diagnose(): { diagnosis: Diagnosis; code: number } {
  const diagnosis: Diagnosis = {
    version,
    kernel: release(),
    node: process.version,
    checks: checks(),
    tier: null,
    refusals: [],
    refusal: null,
    hooks: hooksOf('tracepoint').map(({ name, cost }) => ({ name, attached: false, why: null, cost })),
    neighbours: { works: false, refusal: 'decisions cannot be traced', hooks: neighbourHooks },
    limits,
  };
  try {
    const tracer = Tracer.open();
    diagnosis.tier = tracer.tier;
    diagnosis.refusals = tracer.refusals;
    if (tracer.tier !== 'tracepoint') diagnosis.limits = limits.filter((limit) => limit !== inferredLimit);
    diagnosis.hooks = tracer.hooks.map(({ hook, attached, error }) => ({
      name: hook.name,
      attached,
      why: error,
      cost: hook.cost,
    }));
    tracer.close();
    diagnosis.neighbours = { ...diagnosis.neighbours, ...tryNeighbours() };
    return { diagnosis, code: exitCode.done };
  } catch (error) {
    if (!(error instanceof ArpwhyError)) throw error;
    diagnosis.refusal = error.message;
    return { diagnosis, code: error.exitCode };
  }
}

function tryNeighbours(): { works: boolean; refusal: string | null } {
  try {
    NeighbourTracer.open({ netns: null, devices: null }).close();
    return { works: true, refusal: null };
  } catch (error) {
    if (!(error instanceof ArpwhyError)) throw error;
    return { works: false, refusal: error.message };
  }
}

function checks(): Check[] {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'latin1').trim();
    } catch {
      return null;
    }
  };
  const tool = (name: string): Check => {
    try {
      return { name, ok: true, found: toolPath(name) };
    } catch (error) {
      return { name, ok: false, found: (error as Error).message };
    }
  };
  const missing = process.geteuid?.() === 0 ? missingRights() : 'no: tracing needs root';
  const btf = existsSync('/sys/kernel/btf/vmlinux');
  const lockdown = /\[(\w+)\]/.exec(read('/sys/kernel/security/lockdown') ?? '')?.[1];
  const kptr = read('/proc/sys/kernel/kptr_restrict');
  return [
    { name: 'root', ok: missing === null, found: missing ?? 'yes' },
    {
      name: 'kernel BTF',
      ok: btf,
      found: btf ? '/sys/kernel/btf/vmlinux' : 'missing: CONFIG_DEBUG_INFO_BTF',
    },
    { name: 'lockdown', ok: lockdown !== 'confidentiality', found: lockdown ?? 'not shown by this kernel' },
    { name: 'kptr_restrict', ok: kptr !== '2', found: kptr ?? 'unknown' },
    tool('ip'),
    tool('nsenter'),
  ];
}

/** The answer first; what it rests on below. */
function report(diagnosis: Diagnosis, style: Style): string {
  const tried = diagnosis.tier !== null || diagnosis.hooks.some(({ why }) => why !== null);
  const state = (ok: boolean) => (ok ? style('green', 'ok') : style('red', 'no'));
  const prerequisites = table(['prerequisite', '', 'found']);
  for (const { name, ok, found } of diagnosis.checks) {
    prerequisites.push([name, state(ok), wrap(escapeText(found), 50).join('\n')]);
  }
  const attached = table(['hook', '', 'if it is missing']);
  for (const hook of diagnosis.hooks) {
    const cost = hook.why === null ? hook.cost : `${hook.cost} (${hook.why})`;
    attached.push([hook.name, tried ? state(hook.attached) : '?', wrap(escapeText(cost), 50).join('\n')]);
  }
  const verdict = diagnosis.tier
    ? `Tracing works here, in the ${diagnosis.tier} tier.`
    : `Tracing does not work here: ${diagnosis.refusal}`;
  const { neighbours } = diagnosis;
  const others = table(['hook for --kind', '', 'without it is not told']);
  for (const { name, cost } of neighbours.hooks) {
    others.push([name, tried ? state(neighbours.works) : '?', wrap(escapeText(cost), 43).join('\n')]);
  }
  const both = neighbours.works
    ? 'What this host learns and asks can be told, too: --kind, and top --neighbours.'
    : `What this host learns and asks cannot be told (--kind, top --neighbours)${diagnosis.tier ? '; decisions can' : ''}: ${neighbours.refusal}`;
  const limitLines = diagnosis.limits.flatMap((limit) =>
    wrap(limit, 74).map((line, i) => `${i === 0 ? '  - ' : '    '}${line}`),
  );
  return [
    style('bold', escapeText(verdict)),
    ...diagnosis.refusals.map(({ tier, why }) => escapeText(`Not in the ${tier} tier: ${why}.`)),
    ...wrap(escapeText(both), 78),
    `arpwhy ${diagnosis.version}, kernel ${diagnosis.kernel}, Node ${diagnosis.node}`,
    prerequisites.toString(),
    attached.toString(),
    others.toString(),
    'What this tier cannot see:',
    ...limitLines,
    '',
  ].join('\n');
}

/** Fits 80 columns, without a rule under each row. */
function table(head: string[]): InstanceType<typeof Table> {
  const chars = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  return new Table({ head, chars, style: { head: [], border: [] } });
}
