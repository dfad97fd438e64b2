import { ArpwhyError } from '../errors.js';
import type { Lab } from './lab.js';

/** What the router is to decide about one request. The words are those of the decision's JSON. */
export interface Expectation {
  /** The role of the namespace that asks. */
  from: string;
  /** The address that it asks for. */
  target: string;
  action: string;
  reason: string;
  /**
   * The matched route that justifies the verdict; null where the gate that closed looked nothing up. There is no
   * rule where the namespace never had one of its own.
   */
  because: { prefix: string; device: string; table: number; rule: number | null } | null;
  /** Tables that were tried before it, in order, the local table left out. */
  before?: { table: number; outcome: string; rule: number }[];
}

/** What the router is to ask by itself when a packet goes through it, or from it. The words are those of JSON. */
export interface QuestionExpectation {
  /** The role of the namespace that sends a packet: the router itself, or a host whose packets it forwards. */
  from: string;
  /** Where the packet goes. */
  to: string;
  outcome: string;
  cause: string;
  /** The device by which the who-has leaves. */
  device: string;
  because: NonNullable<Expectation['because']>;
}

/** One thing that happens to the router, and what it answers from then on. */
export interface LabStep {
  name: string;
  summary: string;
  /** Bring the lab into this state, from whichever step it is in; resolves once every link is up again. */
  apply(lab: Lab): Promise<void>;
  expect: Expectation[];
  /** What it asks from then on; absent where nothing is expected of it. */
  asks?: QuestionExpectation[];
}

/** A network as data: its namespaces, how they are wired, and what can happen to it. */
export interface Topology {
  name: string;
  summary: string;
  /** One network namespace for each. */
  roles: string[];
  /** The role whose kernel is traced. */
  router: string;
  /** Wire the empty namespaces; resolves once the first step's expectations hold. */
  build(lab: Lab): Promise<void>;
  steps: LabStep[];
}

/**
 * The step of that name.
 * @throws {ArpwhyError} `usage` when the topology has no such step, naming those that it has.
 */
export function stepOf(topology: Topology, name: string): LabStep {
  const step = topology.steps.find((one) => one.name === name);
  if (step) return step;
  const known = topology.steps.map((one) => one.name).join(', ');
  throw new ArpwhyError(
    'usage',
    `lab ${topology.name} has no step ${JSON.stringify(name)}: known are ${known}`,
  );
}
