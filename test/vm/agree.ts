import { deviceAlone } from '../../src/decision/kernel-release.js';
import type { Decision } from '../../src/decision/types.js';
import type { RowLine } from './lines.js';

/** The rows whose tiers do not say the same, field by field. */
export function betweenTiers(rows: readonly RowLine[]): string[] {
  const byRow = new Map<string, RowLine[]>();
  for (const line of rows) byRow.set(line.row, [...(byRow.get(line.row) ?? []), line]);
  return [...byRow].flatMap(([row, lines]) => {
    const [first, ...others] = lines.filter(({ state }) => state === 'passed');
    if (!first || first.differs) return [];
    return others.flatMap((other) => compared(`${row}: ${first.tier}, ${other.tier}`, first, other));
  });
}

/** A kernel's rows; its release as `uname -r` prints it. */
export interface Played {
  kernel: string;
  release: string;
  rows: RowLine[];
}

/** The rows that kernels do not judge alike in the same tier. What one of them does not read is not compared. */
export function betweenKernels(all: readonly Played[]): string[] {
  const [oldest, ...later] = all;
  return later.flatMap((result) => {
    const unread = [oldest, result].flatMap((one) => (one ? [...deviceAlone(one.release)] : []));
    const pointers = unread.map((setting) => `/settings/${setting}/all`);
    return result.rows.flatMap((row) => {
      const same = oldest?.rows.find((one) => one.row === row.row && one.tier === row.tier);
      if (
        !same ||
        row.differs ||
        same.before ||
        row.before ||
        same.state !== 'passed' ||
        row.state !== 'passed'
      )
        return [];
      return compared(`${row.row} (${row.tier}): ${oldest?.kernel}, ${result.kernel}`, same, row, pointers);
    });
  });
}

function compared(what: string, a: RowLine, b: RowLine, unread: readonly string[] = []): string[] {
  if (a.decisions.length !== b.decisions.length) return [`${what}: not as many decisions`];
  return a.decisions.flatMap((decision, i) =>
    disagreements(decision, b.decisions[i] as Decision, unread).map((line) => `${what}: /${i}${line}`),
  );
}

/** What every tier and every kernel have to say alike: a decision without times, numbers of the run, and evidence. */
export function comparable(decision: Decision) {
  const { verdict, reply, device, request, steps, because, settings, neighbours, cut } = decision;
  return {
    device: device.name,
    request,
    steps: steps.map(({ evidence: _evidence, route, ...step }) => ({
      ...step,
      route: route && { ...route, device: { name: route.device?.name ?? null } },
    })),
    because,
    verdict: {
      action: verdict.action,
      reason: verdict.reason,
      // of a drop it is a function of the kernel, and the kernel's own name of why: each has its own
      detail: verdict.action === 'dropped' ? null : verdict.detail,
      candidates: verdict.candidates,
      deferred: verdict.deferredNs !== null,
    },
    reply: reply?.mac ?? null,
    settings,
    neighbours,
    cut,
  };
}

/**
 * Where two decisions about the same differ. What either of them names as unknown, or what follows from it, is not
 * compared: that the row expects it to be known is tested elsewhere.
 */
function disagreements(a: Decision, b: Decision, unread: readonly string[]): string[] {
  const unknown = [...a.unknown, ...b.unknown, ...unread].flatMap((pointer) =>
    pointer === '/verdict/reason' ? ['/verdict', '/because', '/settings'] : [pointer],
  );
  return differing(comparable(a), comparable(b)).filter(
    (line) => !unknown.some((pointer) => line.startsWith(`${pointer}:`) || line.startsWith(`${pointer}/`)),
  );
}

/** "/steps/0/rule: a, b" */
function differing(a: unknown, b: unknown, path = ''): string[] {
  if (JSON.stringify(a) === JSON.stringify(b)) return [];
  if (!isObject(a) || !isObject(b)) return [`${path}: ${JSON.stringify(a)}, ${JSON.stringify(b)}`];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
    differing(a[key], b[key], `${path}/${key}`),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
