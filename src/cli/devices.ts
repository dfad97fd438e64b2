import { ArpwhyError } from '../errors.js';
import { ipBatch } from '../host/ip.js';
import { namedNamespaces, ownNamespace, reachableNamespaces } from '../host/netns.js';

/**
 * A device filter has to name devices that there are, or a typing error would look like a quiet network. Later
 * they may go and come again.
 * @throws {ArpwhyError} `unknown-device`, naming those that the namespaces in scope have
 */
export async function checkDevices(devices: readonly string[], netns: readonly string[]): Promise<void> {
  if (devices.length === 0) return;
  const own = ownNamespace().inode;
  const places =
    netns.length === 0
      ? reachableNamespaces()
      : namedNamespaces().filter(
          ({ name, inode }) =>
            (name !== null && netns.includes(name)) || (netns.includes('.') && inode === own),
        );
  // that there is no such namespace is told by whoever asks for it
  if (places.length === 0) return;
  const missing = new Set(devices);
  const known = new Set<string>();
  for (const place of places) {
    if (missing.size === 0) return;
    const batch = await ipBatch(place, ['link show'], 8 << 20);
    for (const link of (batch?.answers[0] ?? []) as { ifname: string }[]) {
      known.add(link.ifname);
      missing.delete(link.ifname);
    }
  }
  const [first] = missing;
  if (first === undefined) return;
  const scope = netns.length > 0 ? `in ${netns.join(', ')}` : 'in any namespace';
  throw new ArpwhyError(
    'unknown-device',
    `no device is named ${first} ${scope}: there are ${[...known].sort().join(', ')}`,
  );
}
