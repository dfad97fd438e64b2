import { run } from '../../../src/host/run.js';
import { inside, stockSettings, waitUp } from '../../../src/lab/namespace.js';
import { arpgen } from '../support/arpgen.js';
import { withDropProgram } from '../support/drop-program.js';
import { eventually } from '../support/eventually.js';
import { FullNeighbourTable } from '../support/neighbour-table.js';
import { runScript, type ScriptCommand, settingCommands } from '../support/script.js';
import type { Row, Traffic } from './row.js';

/**
 * Three namespaces for one row:
 *
 *   asker eth0 (10.1.0.9) -- in0 router out0 -- eth0 behind (10.2.0.9)
 *
 * The router has 10.1.0.1/24 on in0 and 10.2.0.1/24 on out0, forwards, and has stock settings else; with
 * `world: 'bare'` it has the devices, but no address and no route.
 */
export class World {
  readonly router: string;
  readonly asker: string;
  readonly behind: string;
  readonly #fullSeconds: number;
  #fullTable: FullNeighbourTable | null = null;

  /** @param fullSeconds how long the table of neighbours of the whole host may be full */
  static async up(prefix: string, kind: Row['world'] = 'plain', fullSeconds = 5): Promise<World> {
    const world = new World(prefix, fullSeconds);
    try {
      await world.#build(kind === 'bare');
    } catch (error) {
      await world.down();
      throw error;
    }
    return world;
  }

  private constructor(prefix: string, fullSeconds: number) {
    this.#fullSeconds = fullSeconds;
    this.router = `${prefix}router`;
    this.asker = `${prefix}asker`;
    this.behind = `${prefix}behind`;
  }

  /** Run the lines of a row. @throws {ArpwhyError} `host-command` for one that fails */
  async lines(lines: readonly string[]): Promise<void> {
    let commands: ScriptCommand[] = [];
    const before = async () => {
      await runScript(commands);
      commands = [];
    };
    for (const line of lines) {
      const [, where, command = ''] = /^(?:(asker|behind): )?(.*)$/.exec(line) ?? [];
      const netns = where === 'asker' ? this.asker : where === 'behind' ? this.behind : this.router;
      const setting = /^sysctl (\S+)=(-?\d+)$/.exec(command);
      const drop = /^drop-by-(xdp|tc) (\S+) (\S+)$/.exec(command);
      if (setting) commands.push(...settingCommands(netns, { [`ipv4/${setting[1]}`]: Number(setting[2]) }));
      else if (drop) {
        await before();
        await dropAll(netns, drop[1] as 'xdp' | 'tc', String(drop[2]), String(drop[3]));
      } else if (command.startsWith('wait-up ')) {
        await before();
        await waitUp(netns, command.split(' ').slice(1));
      } else if (command.startsWith('wait-down ')) {
        await before();
        const device = command.split(' ')[1] ?? '';
        await eventually(`${device} did not go down`, async () => {
          const { stdout } = await run(['ip', '-n', netns, '-j', 'link', 'show', 'dev', device]);
          const state = (JSON.parse(stdout) as { operstate: string }[])[0]?.operstate;
          return state === 'DOWN' || state;
        });
      } else if (command === 'neighbour-table full') {
        await before();
        this.#fullTable = await FullNeighbourTable.fill(this.behind, 'eth0', this.#fullSeconds);
      } else if (command === 'neighbour-table restored') {
        await before();
        await this.#fullTable?.restore();
      } else commands.push({ words: inside(netns, command.split(' ')) });
    }
    await before();
  }

  async send(traffic: Traffic): Promise<void> {
    const netns =
      traffic.from === 'behind' ? this.behind : traffic.from === 'router' ? this.router : this.asker;
    const device = traffic.device ?? 'eth0';
    if (traffic.raw !== undefined) {
      const frame = traffic.raw.replaceAll(' ', '');
      return arpgen(netns, ['--raw', frame, '--count', String(traffic.count ?? 1)], device);
    }
    const to = traffic.to ?? 'router';
    const args = ['--sender', traffic.sender ?? '10.1.0.9', '--target', traffic.target ?? '10.2.0.5'];
    args.push('--to', to === 'router' ? macs.in0 : to === 'broadcast' ? 'ff:ff:ff:ff:ff:ff' : to);
    if (traffic.senderMac) args.push('--sender-mac', traffic.senderMac);
    if (traffic.targets) args.push('--targets', String(traffic.targets));
    await arpgen(netns, [...args, '--count', String(traffic.count ?? 1)], device);
  }

  async down(): Promise<void> {
    await this.#fullTable?.restore();
    const input = [this.router, this.asker, this.behind].map((name) => `netns del ${name}\n`).join('');
    await run(['ip', '-force', '-batch', '-'], { input, allowFailure: true });
  }

  async #build(bare: boolean): Promise<void> {
    const all = [this.router, this.asker, this.behind];
    const lines = [
      `link add in0 address ${macs.in0} type veth peer name eth0 address ${macs.asker} netns ${this.asker}`,
      `link add out0 address ${macs.out0} type veth peer name eth0 address ${macs.behind} netns ${this.behind}`,
      'link set lo up',
    ];
    if (!bare) lines.push('address add 10.1.0.1/24 dev in0', 'address add 10.2.0.1/24 dev out0');
    lines.push('link set in0 up', 'link set out0 up');
    await runScript([
      { words: ['ip', '-batch', '-'], input: all.map((name) => `netns add ${name}\n`).join('') },
      // before there are devices, which take theirs from what they find
      ...settingCommands(this.router, { ...stockSettings(), 'ipv4/ip_forward': 1 }),
      ...[this.asker, this.behind].flatMap((netns) => settingCommands(netns, stockSettings())),
      batchIn(this.router, lines),
      batchIn(this.asker, ['link set lo up', 'link set eth0 up']),
      batchIn(this.behind, ['link set lo up', 'link set eth0 up', 'address add 10.2.0.9/24 dev eth0']),
    ]);
    await waitUp(this.router, ['in0', 'out0']);
  }
}

function batchIn(netns: string, lines: readonly string[]): ScriptCommand {
  return { words: ['ip', '-n', netns, '-batch', '-'], input: lines.join('\n') };
}

/** @param where for xdp `generic` or `drv`, for tc `ingress` or `egress` */
async function dropAll(netns: string, by: 'xdp' | 'tc', device: string, where: string): Promise<void> {
  if (by === 'xdp') {
    await withDropProgram('xdp', (file) =>
      run(inside(netns, ['ip', 'link', 'set', device, `xdp${where}`, 'object', file, 'section', 'xdp'])),
    );
    return;
  }
  await run(inside(netns, ['tc', 'qdisc', 'replace', 'dev', device, 'clsact']));
  const filter = ['tc', 'filter', 'add', 'dev', device, where, 'bpf', 'direct-action'];
  await withDropProgram('classifier', (file) =>
    run(inside(netns, [...filter, 'object-file', file, 'section', 'classifier'])),
  );
}

export const macs = {
  in0: '02:00:00:00:01:01',
  out0: '02:00:00:00:02:01',
  asker: '02:00:00:00:01:09',
  behind: '02:00:00:00:02:09',
} as const;
