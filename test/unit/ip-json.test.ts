import { describe, expect, it } from 'vitest';
import { parseIpJson } from '../../src/host/ip.js';

describe('parseIpJson', () => {
  it('parses what ip prints', () => {
    expect(parseIpJson('[{"ifindex":2,"ifname":"eth0"}]')).toEqual([{ ifindex: 2, ifname: 'eth0' }]);
  });

  it('takes names with control characters, which ip does not escape', () => {
    expect(parseIpJson('[{"ifname":"e\u001b[7m\u0001"}]')).toEqual([{ ifname: 'e\u001b[7m\u0001' }]);
  });

  it('leaves escapes of ip alone', () => {
    expect(parseIpJson('[{"ifname":"a\\\\u001b\\"\\n"}]')).toEqual([{ ifname: 'a\\u001b"\n' }]);
  });

  it.each(['', '[', 'Cannot find device'])('refuses %j', (line) => {
    expect(() => parseIpJson(line)).toThrow(SyntaxError);
  });
});
