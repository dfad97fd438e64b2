import { afterEach, describe, expect, it } from 'vitest';
import type { Decision } from '../../src/decision/types.js';
import { run } from '../../src/host/run.js';
import { batch, inside, waitUp, writeSettings } from '../../src/lab/namespace.js';
import { Cleanup } from './support/cleanup.js';
import { Generator, makeNamespace } from './support/namespaces.js';
import { TraceProcess } from './support/trace.js';

const prefix = `t${process.pid}f-`;
const routers = [1, 2, 3];
/** Each sender asks for so many addresses of its router: eight /24s, each with a verdict of its own. */
const perSender = 2048;
/**
 * Requests whose end may never be seen. Kernels of some sandboxes run no BPF program while a thread of their init is
 * current, nor in a softirq on top of it: then a whole run of the proxy timer is missing, which is a part of its queue.
 */
const mostUnseen = 40;
const senders = ['10', '20', '30'];
const warmUpSender = '40';
const total = 20_000;
const slowRequests = total - routers.length * senders.length * perSender;

/** Router k: what comes in on `in<k>` is looked up in table 9<k>, what is proxied lies behind `out<k>`. */
const routerName = (k: number) => `${prefix}r${k}`;
const askerName = (k: number) => `${prefix}a${k}`;
const routerMac = (k: number) => `02:00:00:00:0${k}:01`;
const senderMac = (k: number, last: string) => `02:00:00:00:0${k}:${last}`;
const senderIp = (k: number, last: string) => `10.10${k}.0.${last}`;

async function makeRouter(cleanup: Cleanup, k: number): Promise<void> {
  const [router, asker] = [
    await makeNamespace(cleanup, routerName(k)),
    await makeNamespace(cleanup, askerName(k)),
  ];
  const sink = await makeNamespace(cleanup, `${prefix}s${k}`);
  await batch(router, [
    `link add in${k} address ${routerMac(k)} type veth peer name p1 netns ${asker}`,
    `link add out${k} type veth peer name eth0 netns ${sink}`,
    ...(k === 2
      ? [`link add slow${k} address 02:00:00:00:0${k}:02 type veth peer name slow netns ${asker}`]
      : []),
  ]);
  await batch(sink, ['link set eth0 up']);
  await batch(asker, [
    // the first asker is behind a bridge: its frames are seen coming in there too, and are never processed
    ...(k === 1
      ? [
          'link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
          'link add ask type veth peer name p0',
          'link set p0 master br0 up',
          'link set p1 master br0 up',
          'link set br0 up',
          'link set ask up',
        ]
      : ['link set p1 name ask', 'link set ask up']),
    ...(k === 2 ? ['link set slow up'] : []),
  ]);
  const devices = [`in${k}`, `out${k}`, ...(k === 2 ? [`slow${k}`] : [])];
  await writeSettings(router, {
    'ipv4/conf/all/forwarding': 1,
    [`ipv4/conf/in${k}/proxy_arp`]: 1,
    [`ipv4/conf/in${k}/rp_filter`]: 0,
    [`ipv4/conf/out${k}/rp_filter`]: 0,
    [`ipv4/neigh/in${k}/proxy_delay`]: 0,
    ...(k === 2 ? slowSettings : {}),
  });
  await batch(router, [
    ...devices.map((device) => `link set ${device} up`),
    `address add 10.20${k}.0.1/24 dev out${k}`,
    `route add 10.10${k}.0.0/24 dev in${k}`,
    `route add 10.${k}.0.0/24 dev out${k} table 9${k}`,
    `route add 10.${k}.1.0/24 dev in${k} table 9${k}`,
    `route add unreachable 10.${k}.3.0/24 table 9${k}`,
    `route add prohibit 10.${k}.4.0/24 table 9${k}`,
    `route add 10.${k}.5.0/24 via 10.20${k}.0.2 dev out${k} table 9${k}`,
    `route add 10.${k}.5.128/25 via 10.20${k}.0.2 dev out${k} table 9${k}`,
    // only for packets, which have a type of service: a request has none
    ...['5.0/25', '5.128/26', '5.192/26'].map(
      (part) => `route add 10.${k}.${part} tos 0x10 via 10.10${k}.0.9 dev in${k} onlink table 9${k}`,
    ),
    `route add 10.${k}.6.0/24 dev out${k}`,
    `rule add pref ${50 + k} to 10.${k}.7.0/24 iif in${k} unreachable`,
    `rule add pref ${100 + k} iif in${k} lookup 9${k}`,
    // ports in a rule make the kernel look into packets; no request has any
    ...(k === 2 ? ['rule add pref 302 ipproto udp dport 9 lookup 92'] : []),
    `neigh add 10.20${k}.0.2 lladdr 02:00:00:00:0${k}:0a dev out${k} nud permanent`,
    `neigh add 10.10${k}.0.9 lladdr 02:00:00:00:0${k}:0b dev in${k} nud permanent`,
    // or the first request of each sender would also ask the local table about it
    ...[...senders, warmUpSender].map(
      (last) => `neigh add ${senderIp(k, last)} lladdr ${senderMac(k, last)} dev in${k} nud permanent`,
    ),
    ...(k === 2
      ? [
          'neigh add 10.92.0.9 lladdr 02:00:00:00:02:0c dev slow2 nud permanent',
          'rule add pref 202 iif slow2 lookup 99',
          'route add 10.2.0.0/16 dev out2 table 99',
          'route add 10.92.0.0/24 dev slow2',
        ]
      : []),
  ]);
  await waitUp(router, devices);
  await waitUp(asker, k === 1 ? ['p0', 'p1', 'ask'] : k === 2 ? ['ask', 'slow'] : ['ask']);
  // receive in batches: what is forwarded is looked up between the arrival of a request and its turn
  if (k === 3) await run(inside(router, ['ethtool', '-K', `in${k}`, 'gro', 'on']));
}

const slowSettings = {
  'ipv4/conf/slow2/proxy_arp': 1,
  'ipv4/conf/slow2/rp_filter': 0,
  'ipv4/neigh/slow2/proxy_delay': 80,
  'ipv4/neigh/slow2/proxy_qlen': 64,
};

interface Expected {
  action: string;
  reason: string;
  steps: string[];
}

/** The truth about a request on `in<k>`, by the third and the last byte of its target. */
function expectedOf(k: number, block: number, last: number): Expected {
  const [inside, outside] = [`in${k}`, `out${k}`];
  const local = 'target 0 "" 255 no-usable-route';
  const own = `${100 + k} "iif in${k}" 9${k}`;
  const table = `10.${k}.${block}.0/24`;
  const sourceRoute = `source 32766 "" 254 match 10.10${k}.0.0/24 ${inside} -`;
  const sourceOut = ['source 0 "" 255 no-usable-route', sourceRoute];
  const sourceIn = ['source 0 "" 255 no-usable-route', `source ${own} no-usable-route`, sourceRoute];
  const proxied = { action: 'replied', reason: 'proxy-arp' };
  switch (block) {
    case 0:
      return { ...proxied, steps: [local, `target ${own} match ${table} ${outside} -`, ...sourceOut] };
    case 1:
      return {
        action: 'silent',
        reason: 'same-device',
        steps: [local, `target ${own} match ${table} ${inside} -`, ...sourceIn],
      };
    case 2:
      return {
        action: 'silent',
        reason: 'no-route',
        steps: [
          local,
          `target ${own} no-usable-route`,
          'target 32766 "" 254 no-usable-route',
          'target 32767 "" 253 no-table',
        ],
      };
    case 3:
      return {
        action: 'silent',
        reason: 'unreachable',
        steps: [local, `target ${own} unreachable ${table} - -`],
      };
    case 4:
      return {
        action: 'silent',
        reason: 'prohibited',
        steps: [local, `target ${own} prohibit ${table} - -`],
      };
    case 5: {
      const found = last < 128 ? table : `10.${k}.5.128/25`;
      return {
        ...proxied,
        steps: [local, `target ${own} match ${found} ${outside} 10.20${k}.0.2`, ...sourceOut],
      };
    }
    case 6:
      return {
        ...proxied,
        steps: [
          local,
          `target ${own} no-usable-route`,
          `target 32766 "" 254 match ${table} ${outside} -`,
          ...sourceOut,
        ],
      };
    default: {
      const rule = `target ${50 + k} "to 10.${k}.7.0/24 iif in${k}" - unreachable`;
      return { action: 'silent', reason: 'unreachable', steps: [local, rule] };
    }
  }
}

function stepText({ purpose, rule, table, outcome, route }: Decision['steps'][number]): string {
  const found = route ? ` ${route.prefix} ${route.device?.name ?? '-'} ${route.gateway ?? '-'}` : '';
  return `${purpose} ${rule?.priority} "${rule?.selector}" ${table?.id ?? '-'} ${outcome}${found}`;
}

const slowSteps = [
  'target 0 "" 255 no-usable-route',
  'target 202 "iif slow2" 99 match 10.2.0.0/16 out2 -',
  'source 0 "" 255 no-usable-route',
  'source 32766 "" 254 match 10.92.0.0/24 slow2 -',
];

function checkSlow(decision: Decision): void {
  const { action, reason, candidates, deferredNs } = decision.verdict;
  // a pending one is told at the end, when nothing can be proven for it any more
  if (action !== 'deferred') expect(decision.steps.map(stepText)).toEqual(slowSteps);
  if (action === 'deferred') {
    expect(reason).toBe('proxy-delay');
  } else if (action === 'replied') {
    expect(reason).toBe('proxy-arp');
    expect(deferredNs).toBeGreaterThan(0);
    expect(deferredNs).toBeLessThan(2e9);
    expect(decision.unknown).toEqual([]);
  } else {
    // the queue may have got shorter, on the other CPU, before its length could be read: then it is a candidate
    const full = reason === 'unknown' ? candidates : [reason];
    expect({ action, full }).toEqual({ action: 'dropped', full: ['proxy-queue-full'] });
  }
}

function check(decision: Decision): void {
  const { netns, request, device, verdict } = decision;
  const [, second, block = '', last = ''] = (request.target.ip ?? '').split('.');
  const k = Number(second);
  expect(netns.name).toBe(routerName(k));
  expect(decision.cut).toBe(0);
  if (device.name === 'slow2') {
    checkSlow(decision);
    return;
  }
  expect(decision.unknown).toEqual([]);
  expect(device.name).toBe(`in${k}`);
  const { steps, ...expected } = expectedOf(k, Number(block), Number(last));
  expect({ action: verdict.action, reason: verdict.reason }).toEqual(expected);
  expect(decision.steps.map(stepText)).toEqual(steps);
}

const ofFlood = ({ request }: Decision) => !request.sender.ip?.endsWith(`.${warmUpSender}`);

/** Ask until the rules and routes of a router are known: a flood leaves little time to read them. */
async function warmUp(cleanup: Cleanup, trace: TraceProcess, k: number): Promise<void> {
  const flow = { sender: senderIp(k, warmUpSender), target: `10.${k}.0.1` };
  const requests = { dev: 'ask', ...flow, to: routerMac(k), rate: 50, count: 10_000 };
  const generator = new Generator(cleanup, askerName(k), requests);
  const known = (one: Decision) => one.netns.name === routerName(k) && one.unknown.length === 0;
  await trace.until(`a whole decision of router ${k}`, (decisions) => decisions.some(known));
  await generator.stop();
}

/** Packets with the addresses and the device of requests, on both CPUs, with and without a type of service. */
function forward(cleanup: Cleanup, k: number): void {
  const kinds = [
    { cpu: 0, tos: 0 },
    { cpu: 1, tos: 16 },
    { cpu: k % 2, tos: 16 },
  ];
  for (const kind of kinds) {
    const flow = { sender: senderIp(k, senders[kind.cpu] ?? ''), target: `10.${k}.5.0`, targets: 256 };
    const packets = { ...flow, ...kind, to: routerMac(k), rate: 4000, count: 10_000_000 };
    new Generator(cleanup, askerName(k), { dev: 'ask', udp: true, ...packets });
  }
}

/** Each sender asks once for each address, the second one by broadcast. */
function ask(cleanup: Cleanup, k: number): Generator[] {
  return senders.map((last, i) => {
    const sender = { sender: senderIp(k, last), 'sender-mac': senderMac(k, last) };
    const targets = { target: `10.${k}.0.0`, targets: perSender, count: perSender };
    const cast = i === 1 ? {} : { to: routerMac(k) };
    return new Generator(cleanup, askerName(k), {
      dev: 'ask',
      ...sender,
      ...targets,
      ...cast,
      rate: 1500,
      cpu: (i + k) % 2,
    });
  });
}

/** By broadcast, to a device that takes its time to answer for others. */
function askSlowly(cleanup: Cleanup): Generator {
  const targets = { target: '10.2.0.0', targets: slowRequests, count: slowRequests };
  return new Generator(cleanup, askerName(2), { dev: 'slow', sender: '10.92.0.9', ...targets, rate: 1200 });
}

const noAccounts = { folded: 0, filtered: 0, lost: 0 };

describe('a flood', () => {
  const cleanup = new Cleanup();
  afterEach(() => cleanup.run());

  it('is told request by request, each with the steps of its own namespace', async () => {
    for (const k of routers) await makeRouter(cleanup, k);
    const trace = cleanup.add(
      await TraceProcess.start(...routers.flatMap((k) => ['--netns', routerName(k)])),
      (one) => one.kill(),
    );
    await Promise.all(routers.map((k) => warmUp(cleanup, trace, k)));
    for (const k of routers) forward(cleanup, k);
    const requests = [...routers.flatMap((k) => ask(cleanup, k)), askSlowly(cleanup)];
    const sent = await Promise.all(requests.map((one) => one.sent()));
    expect(sent.reduce((sum, one) => sum + one)).toBe(total);
    // what is deferred longer than any delay is counted as pending or abandoned: it is in the accounts
    const patient = Date.now() + 3000;
    const enough = () => (Date.now() > patient ? total - mostUnseen : total);
    await trace.until('a decision for each request', (all) => all.filter(ofFlood).length >= enough(), 30_000);
    expect(await trace.stop()).toBe(0);

    const all = trace.decisions.length;
    const { accounts, cut } = trace.end;
    const pending = trace.decisions.filter(({ verdict }) => verdict.action === 'deferred').length;
    const { abandoned } = accounts;
    expect(pending + abandoned).toBeLessThanOrEqual(mostUnseen);
    expect(accounts).toEqual({
      ...noAccounts,
      seen: all + abandoned,
      delivered: all - pending,
      pending,
      abandoned,
    });
    expect(cut).toBe(0);
    expect(trace.events.filter(({ schema }) => schema === 'arpwhy.lost/1')).toEqual([]);
    expect(new Set(trace.decisions.map(({ id }) => id)).size).toBe(all);
    const decisions = trace.decisions.filter(ofFlood);
    expect(decisions.length).toBeGreaterThanOrEqual(total - mostUnseen);
    const asked = decisions.map(
      ({ request: { sender, target } }) => `${sender.ip} ${sender.mac} ${target.ip}`,
    );
    expect(new Set(asked).size).toBe(decisions.length);
    for (const decision of decisions) check(decision);
    const slow = decisions.filter(({ device }) => device.name === 'slow2');
    expect(slow.length).toBeGreaterThanOrEqual(slowRequests - mostUnseen);
    const actions = new Set(slow.map(({ verdict }) => verdict.action));
    actions.delete('deferred');
    expect(actions).toEqual(new Set(['replied', 'dropped']));
  });
});
