import { run } from '../../../src/host/run.js';
import { inside, waitUp, writeSettings } from '../../../src/lab/namespace.js';
import type { World } from '../../kernel/scenarios/world.js';
import { eventually } from '../../kernel/support/eventually.js';
import type { Configuration, Question } from './configuration.js';
import { Replies } from './replies.js';

/** What the kernel itself says about a route, asked apart from any request. */
export interface Fibmatch {
  /** What `ip` says when the kernel refuses; null when it answers. */
  refusal: string | null;
  prefix: string | null;
  table: number | null;
  devices: string[];
  gateways: string[];
}

function markFrames(mark: number): string[] {
  return [
    'nft add table arp marks',
    'nft add chain arp marks hooked { type filter hook input priority -10; }',
    `nft add rule arp marks hooked meta mark set ${mark}`,
  ];
}

/** The kernel tells that a link is missing a while after the device came up, and that is a change, too. */
async function noCarrier(netns: string): Promise<void> {
  await eventually('alt0 is not without a link', async () => {
    const { stdout } = await run(['ip', '-n', netns, '-o', 'link', 'show', 'alt0']);
    return / state LOWERLAYERDOWN /.test(stdout) || stdout;
  });
}

/** A world with a random configuration, and the ways to move it. */
export class Router {
  readonly world: World;
  readonly configuration: Configuration;
  readonly replies: Replies;

  static async configured(world: World, configuration: Configuration): Promise<Router> {
    const replies = await Replies.listening(world.asker);
    const router = new Router(world, configuration, replies);
    const settings: Record<string, number> = { 'ipv4/neigh/in0/proxy_delay': 0 };
    for (const [path, value] of configuration.settings) settings[`ipv4/conf/${path}`] = value;
    await writeSettings(world.router, settings);
    const { status, stderr } = await run(['ip', '-n', world.router, '-force', '-batch', '-'], {
      input: configuration.ip.map((line) => `${line}\n`).join(''),
      allowFailure: true,
    });
    // what the kernel refuses is passed over, what `ip` does not understand ends the batch
    if (status > 2) throw new Error(`ip -batch: ${stderr}`);
    if (configuration.mark) await world.lines(markFrames(configuration.mark));
    await world.lines(configuration.nft);
    if (configuration.ip.includes('link set alt1 up')) await waitUp(world.router, ['alt0']);
    else if (configuration.ip.includes('link set alt0 up')) await noCarrier(world.router);
    return router;
  }

  private constructor(world: World, configuration: Configuration, replies: Replies) {
    this.world = world;
    this.configuration = configuration;
    this.replies = replies;
  }

  /** `ip route get fibmatch TARGET from SENDER iif in0` */
  async fibmatch({ target, sender }: Question): Promise<Fibmatch> {
    const question = ['route', 'get', 'fibmatch', target, 'from', sender, 'iif', 'in0'];
    // it would ask as UDP; there is no asking without a protocol, and no rule here is for this one
    question.push('ipproto', 'icmp');
    if (this.configuration.mark) question.push('mark', String(this.configuration.mark));
    const { status, stdout, stderr } = await run(
      inside(this.world.router, ['ip', '-4', '-N', '-j', ...question]),
      { allowFailure: true },
    );
    const [route] = status === 0 ? (JSON.parse(stdout) as FibmatchJson[]) : [];
    if (!route) {
      const refusal = stderr.replace('RTNETLINK answers:', '').trim();
      return { refusal, prefix: null, table: null, devices: [], gateways: [] };
    }
    const nexthops = route.nexthops ?? [route];
    return {
      refusal: null,
      prefix: route.dst === 'default' ? '0.0.0.0/0' : route.dst.includes('/') ? route.dst : `${route.dst}/32`,
      table: Number(route.table ?? 254),
      devices: nexthops.flatMap(({ dev }) => dev ?? []),
      gateways: nexthops.flatMap(({ gateway }) => gateway ?? []),
    };
  }

  async down(): Promise<void> {
    await this.replies.stop();
    await this.world.down();
  }
}

interface FibmatchJson {
  dst: string;
  table?: string;
  dev?: string;
  gateway?: string;
  nexthops?: { dev?: string; gateway?: string }[];
}
