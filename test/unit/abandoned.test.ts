import { expect, it } from 'vitest';
import { abandonedPrefixes, ownPrefix } from '../../src/lab/abandoned.js';

it('takes labs of commands whose process is gone, and no other', () => {
  const names = [
    'demo12-node0',
    'demo12-gw',
    'run13-node0',
    'run14-gw',
    'lab-node0',
    'node0',
    'demo-x',
    'xdemo15-gw',
  ];
  expect(abandonedPrefixes(names, (pid) => pid === 14)).toEqual(['demo12-', 'run13-']);
});

it('leaves our own', () => {
  expect(abandonedPrefixes([`${ownPrefix('demo')}node0`])).toEqual([]);
});
