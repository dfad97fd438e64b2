import { beforeEach, describe, expect, it } from 'vitest';
import { filterLine, parseFilterLine } from '../../src/cli/options.js';
import { Controls, type Table } from '../../src/cli/top/controls.js';
import { parsePrefix } from '../../src/decision/addresses.js';
import { type DecisionFilter, noFilter } from '../../src/decision/filter.js';
import type { Prefix } from '../../src/decision/types.js';
import { ownNamespace } from '../../src/host/netns.js';
import type { Item, Listing } from '../../src/view/top/listing.js';
import type { Frozen } from '../../src/view/top/state.js';

const prefixOf = (text: string) => parsePrefix(text) as Prefix;
const items = Array.from({ length: 10 }, (_, i) => ({ key: String(i) }) as Item);

/** A table that remembers what it was told. */
class Remembering implements Table {
  readonly told: string[] = [];
  readonly filters: DecisionFilter[] = [];
  frozen = 0;
  items = items;

  listing(): Listing {
    return { items: this.items, hidden: { rows: 0, requests: 0 }, unlisted: 0 };
  }
  page = () => 4;
  clock = () => '03:33:07';
  now = () => 42;
  freeze(item: Item): Frozen {
    return { clock: item.key, count: ++this.frozen } as Frozen;
  }
  fitted = () => ['fitted'];
  filter(filter: DecisionFilter): boolean {
    this.filters.push(filter);
    return filter.targets.length > 0;
  }
  sort(order: string, reversed: boolean): void {
    this.told.push(`${order}${reversed ? ' reversed' : ''}`);
  }
  save = () => void this.told.push('save');
  player = null;
  quit = () => void this.told.push('quit');
  suspend = () => void this.told.push('suspend');
  forget = () => void this.told.push('forget');
}

let table: Remembering;
let controls: Controls;
beforeEach(() => {
  table = new Remembering();
  controls = new Controls(table, {
    grouping: 'justification',
    order: 'alarm',
    silent: false,
    filter: noFilter,
  });
});
const press = (...keys: string[]) => {
  for (const key of keys) controls.key(key);
};
const type = (text: string) => press(...text);

describe('keys', () => {
  it.each([
    [['down'], '0'],
    [['down', 'down', 'j'], '2'],
    [['down', 'down', 'k'], '0'],
    [['down', 'up', 'up'], '0'],
    [['down', 'pagedown', 'pagedown'], '8'],
    [['down', 'pagedown', 'pagedown', 'pagedown'], '9'],
    [['end'], '9'],
    [['end', 'pageup'], '5'],
    [['end', 'home'], '0'],
    [['end', 'escape'], null],
  ])('%j choose row %s', (keys, chosen) => {
    press(...keys);
    expect(controls.chosen).toBe(chosen);
  });

  it('choose nothing where there is nothing', () => {
    table.items = [];
    press('down', 'enter');
    expect([controls.chosen, controls.frozen]).toEqual([null, null]);
  });

  it('end and suspend it, whatever is on the screen', () => {
    for (const open of ['', '?', 'enter', '/']) {
      press(open, 'ctrl-c', 'ctrl-z', 'ctrl-l', 'escape');
    }
    expect(table.told).toEqual(Array(4).fill(['quit', 'suspend', 'forget']).flat());
    press('q', '?', 'q', 'escape', 'enter', 'q');
    expect(table.told.slice(-3)).toEqual(['quit', 'quit', 'quit']);
  });

  it('sort, the other way round too, and begin at the top again', () => {
    press('end', 'o', 'O', 'O', 'o');
    expect(table.told).toEqual(['rate', 'rate reversed', 'rate', 'count']);
    expect([controls.order, controls.reversed, controls.chosen]).toEqual(['count', false, null]);
  });

  it('group, and come round', () => {
    const seen = [1, 2, 3].map(() => {
      press('g');
      return controls.grouping;
    });
    expect(seen).toEqual(['target', 'sender', 'justification']);
  });

  it('toggle silence and pause; what has to be listed anew ends a pause', () => {
    press('s', 'p');
    expect([controls.silent, controls.paused]).toEqual([true, { clock: '03:33:07', now: 42 }]);
    press('o');
    expect(controls.paused).not.toBeNull();
    for (const key of ['g', 's', '/']) {
      controls.paused = { clock: '', now: 0 };
      press(key, 'escape');
      expect(controls.paused).toBeNull();
    }
    press(' ', ' ');
    expect(controls.paused).toBeNull();
  });

  it('freeze a row, read on in it, and come back to it', () => {
    press('down', 'down', 'enter');
    expect(controls.frozen).toEqual({ clock: '1', count: 1 });
    press('down', 'pagedown', 'up');
    expect(controls.scroll).toBe(4);
    press('r');
    expect(controls.frozen).toEqual({ clock: '1', count: 2 });
    press('?', 'down', 'escape');
    expect([controls.help, controls.frozen?.clock]).toEqual([false, '1']);
    press('escape');
    expect([controls.frozen, controls.chosen]).toEqual([null, '1']);
    press('escape', 'f');
    expect(controls.frozen).toMatchObject({ clock: '0' });
  });

  it('make a text anew when the terminal has another width', () => {
    controls.resized();
    expect(controls.frozen).toBeNull();
    press('enter');
    controls.resized();
    expect(controls.frozen).toMatchObject({ count: 1, lines: ['fitted'] });
    press('r');
    expect(controls.frozen).toMatchObject({ count: 2 });
  });
});

it('saves, and winds a recording where there is one', () => {
  press('w', 'left', 'right', '[', ']', '0', '<', '>');
  expect(table.told).toEqual(['save']);
  const wound: unknown[] = [];
  const player = {
    state: () => 'PLAYING',
    toggle: () => void wound.push('toggle'),
    seek: (ms: number) => void wound.push(ms),
    accelerate: (factor: number) => void wound.push(factor),
    rewound: false,
  };
  const played = new Controls(
    { ...table, player, page: table.page, filter: () => false } as unknown as Table,
    {
      grouping: 'justification',
      order: 'alarm',
      silent: false,
      filter: noFilter,
    },
  );
  for (const key of ['left', 'right', '[', ']', '0', '<', '>', 'p']) played.key(key);
  expect(wound).toEqual([-10_000, 10_000, -60_000, 60_000, Number.NEGATIVE_INFINITY, 1 / 2, 2, 'toggle']);
  expect(played.paused).toBeNull();
});

describe('the filter', () => {
  it('is typed in the words of the command line', () => {
    press('/');
    type('--action replied  target 192.0.2.0/24');
    press('enter');
    expect(controls.prompt).toBeNull();
    expect(controls.filter).toEqual({
      ...noFilter,
      actions: ['replied'],
      targets: [prefixOf('192.0.2.0/24')],
    });
    expect([controls.filteredSince, controls.silent]).toEqual(['03:33:07', true]);
    press('/');
    expect(controls.prompt?.text).toBe('--target 192.0.2.0/24 --action replied ');
    press('ctrl-w', 'ctrl-w', 'backspace');
    expect(controls.prompt?.text).toBe('--target 192.0.2.0/24');
    press('escape');
    expect(controls.filter.actions).toEqual(['replied']);
    press('/', 'ctrl-u', 'enter');
    expect([controls.filter, controls.filteredSince]).toEqual([noFilter, null]);
    expect(table.filters).toHaveLength(3);
  });

  it('is refused in one line, and can be mended', () => {
    press('/');
    type('--dev eth0 --reason nosuch');
    press('enter');
    expect(controls.prompt?.error).toMatch(/^--reason nosuch: there is no such one; there are unknown, /);
    expect(controls.filter).toEqual(noFilter);
    press('backspace');
    expect(controls.prompt).toEqual({ text: '--dev eth0 --reason nosuc', error: null });
    press('ctrl-w', 'ctrl-w', 'enter');
    expect(controls.filter.devices).toEqual(['eth0']);
    expect(controls.filteredSince).toBeNull();
  });

  it('takes keys that mean something else at the table', () => {
    press('/');
    type('q?/ogs');
    expect(controls.prompt?.text).toBe('q?/ogs');
    expect(table.told).toEqual([]);
    press('', 'left', 'ctrl-a');
    expect(controls.prompt?.text).toBe('q?/ogs');
  });
});

describe('parseFilterLine', () => {
  it.each([
    ['', ''],
    ['--netns a netns b --dev eth0', '--netns a --netns b --dev eth0'],
    ['sender 192.0.2.7 --target default', '--target 0.0.0.0/0 --sender 192.0.2.7'],
    ['192.0.2.1 dev eth0', '--dev eth0 --target 192.0.2.1'],
    ['--sender 192.0.2.7 192.0.2.0/24', '--target 192.0.2.0/24 --sender 192.0.2.7'],
    [' reason  no-route\taction silent ', '--action silent --reason no-route'],
  ])('%j', (line, said) => {
    expect(filterLine(parseFilterLine(line))).toBe(said);
  });

  it('means our own namespace by a dot, and shows silence where it is asked to', () => {
    expect(parseFilterLine('netns .').netns).toEqual([String(ownNamespace().inode)]);
    expect(parseFilterLine('--silent').silent).toBe(true);
  });

  it.each([
    ['--bogus', /unknown option '--bogus': there are --netns --dev/],
    ['eth0', /^what is eth0\? Say dev eth0, netns eth0/],
    ['192.0.2.', /--target 192\.0\.2\. is no IPv4 prefix/],
    ['--target', /argument missing/],
    ['--target 192.0.2.1/24', /has bits set behind its length/],
    ['--help', /unknown option '--help'/],
  ])('refuses %j', (line, said) => {
    expect(() => parseFilterLine(line)).toThrow(said);
  });
});
