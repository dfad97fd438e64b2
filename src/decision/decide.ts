import { formatIp, formatPrefix } from './addresses.js';
import { Gates } from './effective.js';
import { neighbourStateName, routeType, routeTypeName } from './kernel-numbers.js';
import { outcomeOf, type Replay, type ReplayedStep, replay } from './rules.js';
import { type Parsed, parseSeries, type Series } from './series.js';
import type {
  Decision,
  DecisionStep,
  Evidence,
  Lookup,
  NameTables,
  NeighbourEvent,
  Pass,
  Prefix,
  Proof,
  Purpose,
  Request,
  SettingName,
  Tier,
} from './types.js';
import { showsAddresses } from './verdict/frame.js';
import { judge } from './verdict/judge.js';
import type { Judgement } from './verdict/judgement.js';

/** What a decision says beside what the passes say. */
export interface Surroundings {
  host: string;
  tier: Tier;
  netnsName: string | null;
  names: NameTables;
  /** Turns CLOCK_MONOTONIC nanoseconds into an RFC 3339 time in UTC with nine digits. */
  wallTime(monotonicNs: bigint): string;
  /** Settings whose `all` the kernel does not read. */
  deviceAlone: ReadonlySet<SettingName>;
  /** The same nanoseconds in decimal digits. */
  digits(monotonicNs: bigint): string;
}

/**
 * Make the decision of a request: its steps, its verdict and the step that justified it.
 * @param proof null when no snapshot is proven for this pass: rules and prefixes are named in `unknown` then
 */
export function decide(request: Request, proof: Proof | null, around: Surroundings): Decision {
  const { pass, first } = request;
  const gates = new Gates(pass, around.deviceAlone);
  const parsed = parseSeries(pass, gates);
  const fitting = proof && knowsDevice(proof, pass) ? proof : null;
  const replays = replayAll(parsed, pass, fitting);
  const judgement = judge({ pass, gates, parsed, replays, snapshot: fitting?.snapshot ?? null });
  const unknown: string[] = [];
  const { steps, because } = stepsOf(pass, parsed, replays, judgement, around.names, unknown);
  const start = pass.startNs ?? pass.endNs;
  const secondPass = pass.secondPass || first !== null;
  const deferredNs =
    pass.firstNs !== null && pass.startNs !== null ? Number(pass.startNs - pass.firstNs) : null;
  if (secondPass && deferredNs === null) unknown.push('/verdict/deferredNs');
  const replied = judgement.action === 'replied' && pass.reply;
  const latencyNs = replied && pass.startNs !== null ? Number(replied.ns - pass.startNs) : null;
  if (replied && latencyNs === null) unknown.push('/reply/latencyNs');
  if (judgement.reason === 'unknown') unknown.push('/verdict/reason');
  if (parsed.ambiguous || parsed.doubtful || pass.cut > 0) unknown.push('/steps');
  return {
    schema: 'arpwhy.decision/1',
    id: request.id,
    host: around.host,
    time: around.wallTime(start),
    monotonicNs: around.digits(start),
    tier: around.tier,
    netns: { inode: pass.netns.inode, name: around.netnsName },
    device: { index: pass.device.index, name: pass.device.name },
    request: requestOf(pass, unknown),
    steps,
    because,
    verdict: {
      action: judgement.action,
      reason: judgement.reason,
      detail: judgement.detail,
      candidates: judgement.candidates,
      evidence: judgement.evidence,
      deferredNs,
    },
    reply: replied ? { mac: replied.mac, latencyNs } : null,
    settings: gates.consulted,
    neighbours: neighboursOf(first, pass, secondPass, unknown),
    stamps: pass.stamps,
    cut: pass.cut,
    unknown,
  };
}

/** A device that was renamed there and back had another name meanwhile, and no rule for it: no counter tells. */
function knowsDevice({ snapshot }: Proof, { device }: Pass): boolean {
  return (snapshot.links.get(device.index)?.name ?? device.name) === device.name;
}

/**
 * The steps of one walk over rules and tables that no request made: the lookups that chose where a packet goes.
 * @param proof null when no snapshot is proven for it
 */
export function stepsOfWalk(
  series: Series,
  pass: Pass,
  proof: Proof | null,
  names: NameTables,
  unknown: string[],
): DecisionStep[] {
  const replays = new Map([[series, proof ? replay(series, pass, proof) : null]]);
  const parsed = { series: [series], ambiguous: false, doubtful: false };
  return stepsOf(pass, parsed, replays, null, names, unknown).steps;
}

/** All replays agree, or none counts: a snapshot that is wrong about one series is wrong. */
function replayAll(parsed: Parsed, pass: Pass, proof: Proof | null): Map<Series, Replay | null> {
  const replays = new Map<Series, Replay | null>();
  const usable = proof !== null && pass.cut === 0 && !parsed.ambiguous && !parsed.doubtful;
  for (const series of parsed.series) {
    replays.set(series, usable ? replay(series, pass, proof) : null);
  }
  if ([...replays.values()].includes(null)) for (const series of replays.keys()) replays.set(series, null);
  return replays;
}

/** The others ask one table directly, without rules (inet_addr_type_dev_table, __ip_dev_find). */
function walksRules(series: Series): boolean {
  return !series.direct;
}

/** Who asked for what, as far as the frame showed it. `unknown` takes pointers to what it did not. */
export function requestOf(pass: Pass, unknown: string[] = []): Decision['request'] {
  const { frame } = pass;
  const whole = showsAddresses(pass);
  if (!whole) unknown.push('/request/sender/ip', '/request/sender/mac', '/request/target/ip');
  if (frame.destination === null) unknown.push('/request/destination');
  return {
    sender: { ip: whole ? formatIp(frame.senderIp) : null, mac: whole ? frame.senderMac : null },
    target: { ip: whole ? formatIp(frame.targetIp) : null },
    destination: frame.destination,
    cast: frame.cast,
  };
}

function stepsOf(
  pass: Pass,
  parsed: Parsed,
  replays: Map<Series, Replay | null>,
  judgement: Pick<Judgement, 'because'> | null,
  names: NameTables,
  unknown: string[],
): { steps: DecisionStep[]; because: number | null } {
  const steps: DecisionStep[] = [];
  let because: number | null = null;
  // of arp_filter the walk comes last, of source validation the strict check decides
  const reason = parsed.series.findLast(({ purpose, loose }) => purpose === judgement?.because && !loose);
  for (const series of parsed.series) {
    const replayed = replays.get(series) ?? null;
    const certain = !parsed.ambiguous && !parsed.doubtful;
    const explained =
      replayed?.steps ??
      series.lookups.map((lookup, i, all) =>
        unexplained(lookup, certain && !series.direct && i < all.length - 1),
      );
    for (const [i, step] of explained.entries()) {
      const final = series.purpose === 'target' && i === explained.length - 1 ? pass.route : null;
      const needsRule = walksRules(series) && pass.customRules && replayed === null;
      steps.push(
        stepOf(
          series.purpose,
          step,
          replayed !== null,
          needsRule,
          pass,
          final,
          names,
          `/steps/${steps.length}`,
          unknown,
        ),
      );
    }
    if (series === reason && explained.length > 0) because = steps.length - 1;
  }
  return { steps, because };
}

/** @param goesOn the walk went on behind it: then a rule took a match away again */
function unexplained(lookup: Lookup, goesOn: boolean): ReplayedStep {
  const suppressed = lookup.seen?.suppressed || (goesOn && lookup.errno === 0);
  return {
    rule: null,
    table: lookup.table,
    outcome: suppressed ? 'suppressed' : outcomeOf(lookup.errno),
    errno: lookup.errno,
    lookup,
    route: undefined,
  };
}

/** The rule of a step, from the snapshot, from what was seen, or from both. */
function ruleOf(step: ReplayedStep, pass: Pass): { rule: DecisionStep['rule']; evidence: Evidence } {
  const seen = step.lookup?.seen?.rule ?? null;
  if (!step.rule)
    return { rule: seen === null ? null : { priority: seen, selector: null }, evidence: 'observed' };
  const { priority, selector } = step.rule;
  const alone = pass.rulesSeen?.some((one) => one.rule === priority && one.errno === step.errno) ?? false;
  const observed = step.lookup ? seen !== null : alone;
  return { rule: { priority, selector }, evidence: observed ? 'observed' : 'inferred' };
}

function stepOf(
  purpose: Purpose,
  step: ReplayedStep,
  proven: boolean,
  needsRule: boolean,
  pass: Pass,
  final: Pass['route'],
  names: NameTables,
  pointer: string,
  unknown: string[],
): DecisionStep {
  const { rule, evidence: ruleEvidence } = ruleOf(step, pass);
  if (rule?.selector === null) unknown.push(`${pointer}/rule/selector`);
  if (needsRule && !rule) unknown.push(`${pointer}/rule`);
  const observed = step.lookup
    ? step.outcome !== 'suppressed' || step.lookup.seen?.suppressed === true
    : ruleEvidence === 'observed';
  return {
    purpose,
    rule,
    table: step.table === null ? null : { id: step.table, name: names.table(step.table) },
    outcome: step.outcome,
    errno: step.errno,
    ...routeOf(step, final, proven, pass.customRules, names, pointer, unknown, {
      ...(rule ? { rule: ruleEvidence } : {}),
      outcome: observed ? 'observed' : 'inferred',
    }),
  };
}

function routeOf(
  step: ReplayedStep,
  final: Pass['route'],
  proven: boolean,
  customRules: boolean,
  names: NameTables,
  pointer: string,
  unknown: string[],
  evidence: DecisionStep['evidence'],
): Pick<DecisionStep, 'route' | 'evidence'> {
  const { lookup, route } = step;
  if (step.outcome !== 'match' && step.outcome !== 'suppressed') {
    // what rejected, or the throw route that ended the table, is only known from a snapshot
    if (!route) {
      if (route === undefined) unknown.push(`${pointer}/route`);
      return { route: null, evidence };
    }
    return {
      route: {
        type: routeTypeName(route.type),
        prefix: formatPrefix(route.prefix),
        device: null,
        gateway: null,
        protocol: names.protocol(route.protocol),
        metric: route.metric,
      },
      evidence: { ...evidence, prefix: 'inferred' },
    };
  }
  if (!lookup) return { route: null, evidence };
  const missing = (field: string) => {
    unknown.push(`${pointer}/route/${field}`);
    return null;
  };
  const info =
    lookup.info ?? (route ? { type: route.type, protocol: route.protocol, metric: route.metric } : null);
  const seenPrefix = prefixSeen(lookup);
  const prefix = seenPrefix ?? (proven && route ? route.prefix : null);
  // without rules local is merged with main, and only the route itself says in which of them it lies
  if (seenPrefix && !proven && !customRules) unknown.push(`${pointer}/route/table`);
  // The kernel picks among several nexthops after the lookup: the one shown may not be the one used.
  const several = lookup.info ? lookup.info.nexthops > 1 : route?.nexthops.length !== 1;
  const chosen = several && final?.type === routeType.unicast ? final.device : null;
  const deviceIndex = several ? chosen : lookup.device;
  const gateway = gatewayOf(lookup, several, missing);
  const device = deviceIndex === null ? null : { index: deviceIndex, name: names.device(deviceIndex) };
  // each device has a name: not to know it is not to have seen it
  if (device?.name === null) missing('device/name');
  return {
    route: {
      type: info ? routeTypeName(info.type) : missing('type'),
      prefix: prefix ? formatPrefix(prefix) : missing('prefix'),
      device: device ?? missing('device'),
      gateway,
      protocol: info ? names.protocol(info.protocol) : missing('protocol'),
      metric: info ? info.metric : missing('metric'),
      ...(proven && route && route.table !== step.table
        ? { table: { id: route.table, name: names.table(route.table) } }
        : {}),
    },
    evidence: {
      ...evidence,
      ...(prefix ? { prefix: seenPrefix ? ('observed' as const) : ('inferred' as const) } : {}),
      ...(deviceIndex === null ? {} : { device: 'observed' as const }),
      ...(gateway === null && (several || lookup.gatewayFamily === 10)
        ? {}
        : { gateway: 'observed' as const }),
    },
  };
}

/** fib_table_lookup tells how long the prefix is that matched; the address was asked for. */
function prefixSeen({ seen, daddr }: Lookup): Prefix | null {
  if (!seen || seen.prefixLength === null) return null;
  const { prefixLength: length } = seen;
  return { ip: length === 0 ? 0 : (daddr & (-1 << (32 - length))) >>> 0, length };
}

function gatewayOf(lookup: Lookup, several: boolean, missing: (field: string) => null): string | null {
  if (several || lookup.gatewayFamily === 10) return missing('gateway');
  return lookup.gatewayFamily === 2 ? formatIp(lookup.gateway) : null;
}

/** What both passes did to the neighbour table: arp_process touches the entry of the sender, and no other. */
function neighboursOf(
  first: Pass | null,
  pass: Pass,
  secondPass: boolean,
  unknown: string[],
): Decision['neighbours'] {
  const all: Decision['neighbours'] = [];
  for (const [one, number] of [[first, 1] as const, [pass, secondPass ? 2 : 1] as const]) {
    const events = one?.neighbours ?? [];
    const last = events.at(-1);
    if (!one || !last) continue;
    // an update whose end was not seen
    if (!last.created && !last.after) {
      unknown.push(`/neighbours/${all.length}/mac`, `/neighbours/${all.length}/state`);
    }
    const created = events.some((event) => event.created);
    all.push(neighbourOf(one, last, created, number));
  }
  return all;
}

function neighbourOf(
  pass: Pass,
  event: NeighbourEvent,
  created: boolean,
  number: 1 | 2,
): Decision['neighbours'][number] {
  const { before, after } = event;
  const moved = after !== null && before.mac !== after.mac;
  const failed = event.errno !== 0;
  return {
    ip: formatIp(pass.frame.senderIp),
    change: created ? 'created' : failed ? 'failed' : moved ? 'updated' : 'refreshed',
    mac: after ? after.mac : null,
    was: !created && moved ? before.mac : null,
    state: neighbourStateName((after ?? before).state),
    pass: number,
  };
}
