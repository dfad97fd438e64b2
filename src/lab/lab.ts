import { existsSync } from 'node:fs';
import { ArpwhyError } from '../errors.js';
import { run } from '../host/run.js';
import { namespaceDirectory, plainSettings } from './namespace.js';
import { forgetTables } from './tables.js';
import { type LabStep, stepOf, type Topology } from './topology.js';

/** Which of several labs of one topology: the prefix of its namespaces' names. */
export interface LabOptions {
  /** `lab-` unless told. */
  prefix?: string;
  /** Of `arpwhy lab`, for a message; absent: `up`. */
  command?: string;
}

/** A topology that stands, as network namespaces of this host. Nothing of it exists outside of them. */
export class Lab {
  readonly topology: Topology;
  readonly prefix: string;

  private constructor(topology: Topology, options: LabOptions) {
    this.topology = topology;
    this.prefix = options.prefix ?? 'lab-';
    // The names become paths below /run/netns and /etc/netns.
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(this.prefix)) {
      throw new ArpwhyError(
        'usage',
        `${JSON.stringify(this.prefix)} cannot begin the names of namespaces: use up to 32 letters, digits, - and _`,
      );
    }
  }

  /**
   * Build a lab. When anything fails, what was made so far is removed.
   * @throws {ArpwhyError} `lab` when one stands already, or when it cannot be built.
   */
  static async up(topology: Topology, options: LabOptions = {}): Promise<Lab> {
    const lab = new Lab(topology, options);
    needRoot(options.command ?? 'up');
    const [standing] = lab.#standing();
    if (standing) {
      throw new ArpwhyError(
        'lab',
        `namespace ${standing} exists already: take the old lab down with "arpwhy lab down"`,
      );
    }
    const made: string[] = [];
    try {
      for (const netns of lab.#names()) {
        await run(['ip', 'netns', 'add', netns]);
        made.push(netns);
      }
      await Promise.all(made.map(plainSettings));
      await topology.build(lab);
    } catch (error) {
      // Only what this call made: a lab that came up at the same time under the same names is not ours.
      const left = await remove(made);
      const outcome = left.length === 0 ? 'all of it was removed again' : left.join('; ');
      const why = error instanceof Error ? error.message : String(error);
      throw new ArpwhyError('lab', `cannot build lab ${topology.name}, ${outcome}: ${why}`, {
        cause: error,
        log: error instanceof ArpwhyError ? error.log : null,
      });
    }
    return lab;
  }

  /**
   * The lab that is up already.
   * @throws {ArpwhyError} `lab` when it is not, or not whole.
   */
  static async open(topology: Topology, options: LabOptions = {}): Promise<Lab> {
    const lab = new Lab(topology, options);
    const standing = lab.#standing();
    if (standing.length === 0) {
      throw new ArpwhyError('lab', `lab ${topology.name} is not up: run "arpwhy lab up ${topology.name}"`);
    }
    const missing = lab.#names().filter((netns) => !standing.includes(netns));
    if (missing.length > 0) {
      throw new ArpwhyError(
        'lab',
        `lab ${topology.name} is not whole, ${missing.join(', ')} missing: run "arpwhy lab down", then up again`,
      );
    }
    return lab;
  }

  /** Remove a lab, whole or what is left of one. Fine when there is none. */
  static async down(topology: Topology, options: LabOptions = {}): Promise<void> {
    await new Lab(topology, options).down();
  }

  /** Remove this lab; fine when it is gone. */
  async down(): Promise<void> {
    needRoot('down');
    const left = await remove(this.#names());
    if (left.length > 0) throw new ArpwhyError('lab', left.join('; '));
  }

  /**
   * Apply a step, and return it with what is to be expected from now on.
   * @throws {ArpwhyError} `usage` when the topology has no such step, naming those that it has.
   */
  async step(name: string): Promise<LabStep> {
    const step = stepOf(this.topology, name);
    needRoot(`step ${name}`);
    await step.apply(this);
    return step;
  }

  /**
   * The name of a role's namespace, as `ip netns` and /run/netns know it.
   * @throws {ArpwhyError} `usage` when the topology has no such role.
   */
  netns(role: string): string {
    if (!this.topology.roles.includes(role)) {
      const known = this.topology.roles.join(', ');
      throw new ArpwhyError(
        'usage',
        `lab ${this.topology.name} has no ${JSON.stringify(role)}: known are ${known}`,
      );
    }
    return this.prefix + role;
  }

  #names(): string[] {
    return this.topology.roles.map((role) => this.netns(role));
  }

  #standing(): string[] {
    return this.#names().filter(stands);
  }
}

/** Remove all that can be removed; returns what could not, and why. */
async function remove(names: readonly string[]): Promise<string[]> {
  const left: string[] = [];
  for (const netns of names) {
    const { stderr } = await run(['ip', 'netns', 'del', netns], { allowFailure: true });
    if (stands(netns)) left.push(`cannot remove namespace ${netns}: ${stderr.trim()}`);
    forgetTables(netns);
  }
  return left;
}

function stands(netns: string): boolean {
  return existsSync(`${namespaceDirectory}/${netns}`);
}

function needRoot(what: string): void {
  if (process.geteuid?.() === 0) return;
  throw new ArpwhyError('not-permitted', `network namespaces need root: run "sudo arpwhy lab ${what}"`);
}
