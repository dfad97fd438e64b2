import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ArpwhyError } from '../../../src/errors.js';
import { toolEnvironment, toolPath } from '../../../src/host/run.js';

/**
 * The table of neighbours is one for all namespaces, and so is its limit. A shell of its own lowers the limit and
 * puts it back: when its standard input ends, which it does however this process ends, and after some seconds at the
 * latest. Old entries make room for new ones, so it adds some until the kernel refuses one, and takes
 * them away again before they are old themselves, after five seconds.
 */
const script = `
limit=/proc/sys/net/ipv4/neigh/default/gc_thresh3
exec 9<"$1"
flock 9
old=$(cat $limit) || exit 1
trap 'echo $old > $limit' EXIT
trap : INT TERM HUP
echo 0 > $limit || exit 1
n=0
while ip -n "$2" neigh add 10.2.$((100 + n / 250)).$((1 + n % 250)) lladdr 02:00:00:00:0b:0b dev "$3" nud stale 2>&-
do
  n=$((n + 1))
  [ $n -lt 2000 ] || exit 1
done
ip -n "$2" neigh flush dev "$3" nud stale
echo full
timeout "$4" cat > /dev/null
`;

/** A neighbour table without room, until {@link restore}. The whole host has no room then: be quick. */
export class FullNeighbourTable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  /**
   * @param device one of the namespace, for the entries that show it is full
   * @param seconds how long at most
   * @throws {ArpwhyError} `host-command` when it cannot be filled here
   */
  static async fill(netns: string, device: string, seconds: number): Promise<FullNeighbourTable> {
    const table = new FullNeighbourTable(netns, device, seconds);
    const said = new Promise((resolve) => table.#child.stdout?.once('data', resolve));
    if ((await Promise.race([said, table.#exited.then(() => null)])) === null) {
      throw new ArpwhyError('host-command', 'net.ipv4.neigh.default.gc_thresh3 cannot be lowered here');
    }
    return table;
  }

  private constructor(netns: string, device: string, seconds: number) {
    const lock = fileURLToPath(new URL('.', import.meta.url));
    this.#child = spawn(toolPath('sh'), ['-c', script, 'sh', lock, netns, device, String(seconds)], {
      env: toolEnvironment,
      stdio: ['pipe', 'pipe', 'ignore'],
      // an interrupt at the terminal is not for it
      detached: true,
    });
    this.#exited = new Promise((resolve) => this.#child.on('close', resolve));
  }

  async restore(): Promise<void> {
    this.#child.stdin?.end();
    await this.#exited;
  }
}
