import { ArpwhyError } from '../errors.js';
import { ipBatch } from '../host/ip.js';
import { namedNamespaces, ownNamespace } from '../host/netns.js';

/**
 * A device filter has to name devices that there are, or a typing error would look like a quiet network. Later
 * they may go and come again.
 * @throws {ArpwhyError} `unknown-device`, naming those that the namespaces in scope have
 */
export async function checkDevices(devices: readonly string[], netns: readonly string[]): Promise<void> {
  if (devices.length === 0) return;
  const own = ownNamespace().inode;
  const places = namedNamespaces().filter(
    ({ name, inode }) =>
      netns.length === 0 || (name !== null && netns.includes(name)) || (netns.includes('.') && inode === own),
  );
  const known = new Set<string>();
  for (const place of places) {
    const batch = await ipBatch(place, ['link show'], 8 << 20);
    for (const link of (batch?.answers[0] ?? []) as { ifname: string }[]) known.add(link.ifname);
  }
  const missing = devices.find((name) => !known.has(name));
  if (missing === undefined) return;
  const scope = netns.length > 0 ? `in ${netns.join(', ')}` : 'in any namespace with a name, or in yours';
  throw new ArpwhyError(
    'unknown-device',
    `no device is named ${missing} ${scope}: there are ${[...known].sort().join(', ')}`,
  );
}
