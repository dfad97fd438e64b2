import { expect, it, vi } from 'vitest';
import { DeviceSubnets } from '../../src/host/subnets.js';

it('every namespace that is asked for is read, however many there are, and each once', async () => {
  const read: number[] = [];
  const subnets = new DeviceSubnets(async (netns) => {
    read.push(netns);
    return [{ ifindex: 2, addr_info: [{ local: '192.0.2.1', prefixlen: 24 }] }];
  });
  const all = Array.from({ length: 200 }, (_, i) => i + 1);
  // as a screen that is drawn: each is asked for, again and again
  const missing = () => all.filter((netns) => subnets.of(netns, 2) === null);
  await vi.waitFor(() => expect(missing()).toEqual([]));
  expect(read).toEqual(all);
  expect(subnets.of(200, 2)).toEqual([{ ip: 0xc0000200, length: 24 }]);
  expect(subnets.of(200, 3)).toBeNull();
});
