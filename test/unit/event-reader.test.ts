import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EventReader } from '../../src/recording/event-reader.js';
import { eventFrom } from '../../src/recording/events-from-json.js';
import { Random } from '../hunt/fuzz/random.js';

const directory = fileURLToPath(new URL('../recordings/', import.meta.url));
const lines = readdirSync(directory)
  .filter((name) => name.endsWith('.ndjson'))
  .flatMap((name) =>
    readFileSync(directory + name, 'utf8')
      .trimEnd()
      .split('\n'),
  )
  .filter((line) => line.startsWith('{"schema":"arpwhy.decision/1"'));

/** What a reader that parses each one whole would give. */
function plainly(bytes: Buffer): unknown {
  try {
    return eventFrom(JSON.parse(bytes.toString('utf8')));
  } catch {
    return 'none';
  }
}

function alike(reader: EventReader, bytes: Buffer): unknown {
  try {
    return reader.read(bytes);
  } catch {
    return 'none';
  }
}

const digits = ['0', '7', '01', '00', '1234567', '123456789012345', '1e3', '1.5', '-4', ''];
const ids = ['a-1', 'b"-2', 'c\\u0041-3', 'd\t-4', ''];
const targets = ['10.9.8.7', '1.2.3.4', '1"2.3.4', '1.2.3.4","x":"5.6.7.8', ''];
const more = [' ', '\n', ',"later":1', '}', '"steps":[],'];

/** A line with other values in the places that differ among decisions that are alike, sound ones or not. */
function varied(random: Random): Buffer {
  let text = random.pick(lines);
  const put = (field: RegExp, before: string, values: readonly string[], behind = '"') => {
    if (random.chance(0.5)) text = text.replace(field, () => `${before}${random.pick(values)}${behind}`);
  };
  put(/"id":"[^"]*"/, '"id":"', ids);
  put(/"target":\{"ip":"[^"]*"/, '"target":{"ip":"', targets);
  put(/"latencyNs":\d+/, '"latencyNs":', digits, '');
  put(/"deferredNs":\d+/, '"deferredNs":', digits, '');
  const at = random.below(text.length);
  return Buffer.from(random.chance(0.6) ? text : text.slice(0, at) + random.pick(more) + text.slice(at));
}

describe('recorded decisions that are alike', () => {
  it('are read as if each were parsed whole', () => {
    const reader = new EventReader();
    for (const line of [...lines, ...lines]) {
      const bytes = Buffer.from(line);
      expect(reader.read(bytes)).toEqual(JSON.parse(line));
    }
  });

  it('are read so whatever stands in the places that differ, and none is made of what is no event', () => {
    const reader = new EventReader();
    const random = new Random(7);
    for (let i = 0; i < 5000; i++) {
      const bytes = varied(random);
      const read = alike(reader, bytes);
      // more than one line is JSON, and no decision of a recording
      if (bytes.includes(10)) expect(read).toBe('none');
      else expect(read).toEqual(plainly(bytes));
    }
  });

  it('are read so with any byte changed', () => {
    const reader = new EventReader();
    for (const line of lines.slice(0, 6)) {
      reader.read(Buffer.from(line));
      for (let at = 0; at < line.length; at++) {
        for (const flip of [1, 0x10]) {
          const bytes = Buffer.from(line);
          bytes[at] = (bytes[at] as number) ^ flip;
          const read = alike(reader, bytes);
          if (bytes.includes(10) || bytes.includes(13)) expect(read).toBe('none');
          else expect(read).toEqual(plainly(bytes));
        }
      }
    }
  });

  it('share what was parsed once', () => {
    const reader = new EventReader();
    const line = lines.find((one) => JSON.parse(one).reply?.latencyNs) as string;
    const first = reader.read(Buffer.from(line));
    const second = reader.read(Buffer.from(line.replace(/"latencyNs":\d+/, '"latencyNs":98765')));
    expect(second).toMatchObject({ reply: { latencyNs: 98765 } });
    expect((second as { steps: object }).steps).toBe((first as { steps: object }).steps);
    expect((second as { settings: object }).settings).toBe((first as { settings: object }).settings);
  });

  it('are refused where they are no UTF-8', () => {
    const reader = new EventReader();
    const bytes = Buffer.from(lines[0] as string);
    reader.read(bytes);
    const spoiled = Buffer.from(bytes);
    spoiled[bytes.indexOf('"host":"') + 8] = 0xff;
    expect(() => reader.read(spoiled)).toThrow('UTF-8');
  });
});
