import { arrange, type State, wire } from './segments-wires.js';
import type { Expectation, LabStep, QuestionExpectation, Topology } from './topology.js';

/** One of the two connected routes of the /24: without anything more detailed, the router goes by the first one. */
const connected = { prefix: '192.0.2.0/24', device: 'seg-a', table: 254, rule: null };
const detailed = (host: string, device: string) => ({
  prefix: `${host}/32`,
  device,
  table: 254,
  rule: null,
});

/** Within a segment who has the address answers, and the router is silent. */
const withinA: Expectation = {
  from: 'a1',
  target: '192.0.2.12',
  action: 'silent',
  reason: 'same-device',
  because: connected,
};

/** To the router's routes everybody is in segment A, too, who asks from there. */
const acrossFromA: Expectation = { ...withinA, target: '192.0.2.21' };
const acrossFromB: Expectation = {
  from: 'b1',
  target: '192.0.2.11',
  action: 'silent',
  reason: 'proxy-arp-off',
  because: null,
};
const gateway: Expectation = {
  from: 'a1',
  target: '192.0.2.1',
  action: 'replied',
  reason: 'local-address',
  because: { prefix: '192.0.2.1/32', device: 'seg-a', table: 254, rule: null },
};

/** For the same cause it takes the neighbours of segment B for far away; were it to proxy, it would answer. */
const withinB: Expectation = { ...acrossFromB, target: '192.0.2.22' };

const across: Expectation[] = [acrossFromA, acrossFromB];

const bare: State = {
  forwarding: true,
  proxyArp: false,
  routesInRouter: false,
  gatewayInHosts: false,
  routesInHosts: false,
};

/** Without detailed routes the router looks for segment B's hosts in segment A, whoever sends: nobody is there. */
const wrongSegment: QuestionExpectation = {
  from: 'router',
  to: '192.0.2.21',
  outcome: 'failed',
  cause: 'packet-sent',
  device: 'seg-a',
  because: connected,
};
const wrongSegmentForwarded: QuestionExpectation = {
  ...wrongSegment,
  from: 'a1',
  to: '192.0.2.22',
  cause: 'packet-forwarded',
};

/** With them its who-has leaves into the segment where the host is. */
const rightSegment: QuestionExpectation = {
  ...wrongSegment,
  outcome: 'answered',
  device: 'seg-b',
  because: detailed('192.0.2.21', 'seg-b'),
};
const rightSegmentForwarded: QuestionExpectation = {
  ...rightSegment,
  from: 'a1',
  to: '192.0.2.22',
  cause: 'packet-forwarded',
  because: detailed('192.0.2.22', 'seg-b'),
};

function step(
  name: string,
  summary: string,
  state: Partial<State>,
  expect: Expectation[],
  asks: QuestionExpectation[] = [],
): LabStep {
  return { name, summary, apply: (lab) => arrange(lab, { ...bare, ...state }), expect, asks };
}

const steps: LabStep[] = [
  step('plain', 'nothing configured: hosts reach their own segment, and the other one not at all', {}, [
    withinA,
    withinB,
    ...across,
  ]),
  step(
    'gateway',
    'a default gateway in the hosts: it changes nothing, as the other segment is on-link to them',
    { gatewayInHosts: true },
    [...across, gateway],
  ),
  step(
    'routes-in-hosts',
    'routes via the router in the hosts: they need only ask for the router; the far hosts stay unanswered',
    { routesInHosts: true },
    [gateway, ...across],
    [wrongSegment, wrongSegmentForwarded],
  ),
  step(
    'proxy',
    'proxy ARP and a route for every host in the router: it answers for the other segment with its own MAC',
    { proxyArp: true, routesInRouter: true },
    [
      { ...withinA, because: detailed('192.0.2.12', 'seg-a') },
      { ...withinA, from: 'b1', target: '192.0.2.22', because: detailed('192.0.2.22', 'seg-b') },
      {
        from: 'a1',
        target: '192.0.2.21',
        action: 'replied',
        reason: 'proxy-arp',
        because: detailed('192.0.2.21', 'seg-b'),
      },
      {
        from: 'b2',
        target: '192.0.2.11',
        action: 'replied',
        reason: 'proxy-arp',
        because: detailed('192.0.2.11', 'seg-a'),
      },
    ],
    [rightSegment, rightSegmentForwarded],
  ),
  step(
    'no-forwarding',
    'forwarding off in the router: proxy ARP and routes alone answer nothing',
    { forwarding: false, proxyArp: true, routesInRouter: true },
    [
      { from: 'a1', target: '192.0.2.21', action: 'silent', reason: 'forwarding-off', because: null },
      { from: 'b2', target: '192.0.2.11', action: 'silent', reason: 'forwarding-off', because: null },
    ],
  ),
];

/**
 * One network split in two: both segments have addresses of the same /24, and a router stands between them. Its
 * hosts take each other for on-link, so only an answer in the other's name brings them together.
 */
export const segments: Topology = {
  name: 'segments',
  summary: 'one /24 on two segments: a router answers by proxy ARP across, by a route for every host',
  roles: ['router', 'seg-a', 'seg-b', 'a1', 'a2', 'b1', 'b2'],
  router: 'router',
  async build(lab) {
    await wire(lab);
    await arrange(lab, bare);
  },
  steps,
};
