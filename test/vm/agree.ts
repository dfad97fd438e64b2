import type { Decision } from '../../src/decision/types.js';

/** What every tier and every kernel have to say alike: a decision without times, numbers of the run, and evidence. */
function comparable(decision: Decision): unknown {
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
      // where a filter dropped it, a hook of the kernel is named
      detail: verdict.reason.startsWith('filtered') ? null : verdict.detail,
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
export function disagreements(a: Decision, b: Decision): string[] {
  const unknown = [...a.unknown, ...b.unknown].flatMap((pointer) =>
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
