import { run } from '../../../src/host/run.js';
import { inside } from '../../../src/lab/namespace.js';
import type { World } from '../scenarios/world.js';
import { collectGarbage } from '../support/neighbour-garbage.js';

/** Run the steps of a row, one after the other. */
export async function steps(world: World, lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const [, where, command = ''] = /^(?:(asker|behind): )?(.*)$/.exec(line) ?? [];
    const netns = where === 'asker' ? world.asker : where === 'behind' ? world.behind : world.router;
    const [word = '', argument = ''] = command.split(' ');
    if (word === 'frame') await world.send({ raw: argument });
    else if (word === 'own-frame') {
      await world.send({ raw: command.split(' ')[2] ?? '', from: 'router', device: argument });
    } else if (word === 'send') await send(netns, argument, command.split(' ')[2]);
    else if (word === 'arping') await arping(netns, argument, command.split(' ')[2]);
    else if (word === 'wait') await new Promise((resolve) => setTimeout(resolve, Number(argument)));
    else if (word === 'collect') {
      await collectGarbage(argument as 'forced', netns, command.split(' ')[2] ?? '', world.behind);
    } else if (word === 'arp-ioctl') await arpIoctl(netns, command.split(' ').slice(1));
    else if (word === 'sysctl-v6') await sysctl6(netns, argument);
    else await world.lines([line]);
  }
}

/** A UDP packet by a program that is called bash. */
async function send(netns: string, ip: string, bytes = '1'): Promise<void> {
  const text = 'x'.repeat(Number(bytes));
  await run(inside(netns, ['bash', '-c', `echo -n ${text} > /dev/udp/${ip}/9`]), { allowFailure: true });
}

async function arping(netns: string, ip: string, device = 'in0'): Promise<void> {
  await run(inside(netns, ['arping', '-c', '1', '-w', '1', '-I', device, ip]), { allowFailure: true });
}

async function sysctl6(netns: string, setting: string): Promise<void> {
  const [path = '', value = ''] = setting.split('=');
  await run(inside(netns, ['tee', `/proc/sys/net/ipv6/${path}`]), { input: value });
}

/** SIOCSARP makes a permanent entry, SIOCDARP deletes one: what `arp` of the net-tools does. */
async function arpIoctl(netns: string, args: string[]): Promise<void> {
  const program = [
    'my ($what, $ip, $device, $mac) = @ARGV;',
    'my $pa = pack "S x2 C4 x8", 2, split(/[.]/, $ip);',
    'my $ha = pack "S H12 x8", 1, $mac =~ s/://gr;',
    'my $request = $pa . $ha . pack("i x16 a16", 6, $device);',
    'socket my $socket, 2, 2, 0 or die "socket: $!";',
    'ioctl $socket, $what eq "set" ? 0x8955 : 0x8953, $request or die "$what: $!";',
  ];
  await run(inside(netns, ['perl', '-e', program.join('\n'), ...args]));
}
