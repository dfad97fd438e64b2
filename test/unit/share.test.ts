import { expect, it } from 'vitest';
import { shareRoutes } from '../../src/recording/share.js';
import { nexthop, other, route, snapshot } from './builders.js';

const routes = () => [
  route(254, '192.0.2.0/24', other),
  route(254, '192.0.2.0/24', other, { tos: 8 }),
  route(90, 'default', other),
];

it('shares the routes that two states have in common, and counts the others', () => {
  const before = snapshot({ routes: routes() });
  const dead = route(254, '192.0.2.0/24', other, { nexthops: [nexthop(other, { dead: true })] });
  const after = snapshot({ routes: [dead, ...routes().slice(1), route(91, 'default', other)] });
  const copy = structuredClone(after);
  expect(shareRoutes(before, after)).toBe(2);
  expect(after).toEqual(copy);
  expect(after.routes.get(254)?.[1]).toBe(before.routes.get(254)?.[1]);
  expect(after.routes.get(254)?.[0]).not.toBe(before.routes.get(254)?.[0]);
  expect(after.routes.get(90)?.[0]).toBe(before.routes.get(90)?.[0]);
});
