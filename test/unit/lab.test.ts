import { describe, expect, it } from 'vitest';
import { ArpwhyError } from '../../src/errors.js';
import { Lab } from '../../src/lab/lab.js';
import { firstAnswer } from '../../src/lab/requests.js';
import { topologies, topology } from '../../src/lab/topologies.js';

const none = 'unit-none-';

describe('topologies', () => {
  it('are found by name', () => {
    expect(topology('ganeti').router).toBe('node0');
  });

  it('are named when an unknown one is asked for', () => {
    expect(() => topology('gannet')).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/"gannet".*ganeti/) }),
    );
  });

  it.each(topologies)('$name agrees with itself', ({ roles, router, steps }) => {
    expect(new Set(roles).size).toBe(roles.length);
    expect(roles).toContain(router);
    expect(new Set(steps.map((step) => step.name)).size).toBe(steps.length);
    for (const { from } of steps.flatMap((step) => step.expect)) expect(roles).toContain(from);
  });
});

describe('Lab', () => {
  it.each(['', '../x-', 'a b', '-x', '.', 'x'.repeat(33)])('refuses the prefix %j', async (prefix) => {
    await expect(Lab.open(topology('ganeti'), { prefix })).rejects.toMatchObject({ code: 'usage' });
  });

  it('names the cure when it is not up', async () => {
    const refused = Lab.open(topology('ganeti'), { prefix: none });
    await expect(refused).rejects.toBeInstanceOf(ArpwhyError);
    await expect(refused).rejects.toMatchObject({
      code: 'lab',
      message: expect.stringMatching(/arpwhy lab up ganeti/),
    });
  });
});

describe('firstAnswer', () => {
  it('is the MAC of the first reply, in lower case', () => {
    const printed = `ARPING 192.0.2.10 from 192.0.2.66 eth0
Unicast reply from 192.0.2.10 [A0:36:9F:59:BE:EF]  443.100ms
Unicast reply from 192.0.2.10 [02:00:00:00:00:77]  450.000ms
Sent 1 probes (1 broadcast(s))
Received 2 response(s)
`;
    expect(firstAnswer(printed)).toBe('a0:36:9f:59:be:ef');
  });

  it('is null for silence', () => {
    const printed = `ARPING 192.0.2.99 from 192.0.2.66 eth0
Sent 1 probes (1 broadcast(s))
Received 0 response(s)
`;
    expect(firstAnswer(printed)).toBeNull();
  });
});
