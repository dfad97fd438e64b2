import { fileURLToPath } from 'node:url';
import { run, toolPath } from '../../../src/host/run.js';

/**
 * Garbage is collected for all namespaces at once, by limits that the first one has: they are lowered until the entry is
 * gone, and put back however this ends. Forced: at a new entry, where there are more than gc_thresh2 and none was forced
 * for five seconds. Periodic: every half of base_reachable_time, which is 15 seconds.
 */
const script = `
how=$2 router=$3 address=$4 behind=$5
ip=$6 # a shell may have one of its own
limits=/proc/sys/net/ipv4/neigh/default
exec 9<"$1"
flock 9
first=$(cat $limits/gc_thresh1) && second=$(cat $limits/gc_thresh2) || exit 1
trap 'echo $first > $limits/gc_thresh1; echo $second > $limits/gc_thresh2' EXIT
trap 'exit 1' INT TERM HUP
echo 0 > $limits/gc_thresh1 || exit 1
[ $how = periodic ] || echo 1 > $limits/gc_thresh2
n=0
while true
do
  left=$($ip -n $router neigh show $address) || exit 1
  [ -n "$left" ] || exit 0
  n=$((n + 1))
  [ $n -lt 400 ] || { echo "not collected" >&2; exit 1; }
  [ $how = periodic ] || $ip -n $behind neigh replace 10.2.$((100 + n / 250)).$((1 + n % 250)) lladdr 02:00:00:00:0b:0b dev eth0 nud stale
  sleep 0.05
done
`;

/**
 * Have an entry, which nothing uses, collected, and wait until it is.
 * @param behind a namespace whose eth0 may have entries
 * @throws {ArpwhyError} `host-command` when it was not within 20 seconds
 */
export async function collectGarbage(
  how: 'forced' | 'periodic',
  router: string,
  ip: string,
  behind: string,
): Promise<void> {
  const lock = fileURLToPath(new URL('.', import.meta.url));
  await run(['sh', '-c', script, 'sh', lock, how, router, ip, behind, toolPath('ip')]);
}
