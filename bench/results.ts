import Table from 'cli-table3';
import { type Spread, spread } from './numbers.js';
import type { Measured } from './round.js';
import { untraced } from './rows.js';

/** All that was measured, by row and round. */
export class Results {
  readonly #rounds = new Map<number, Map<string, Measured>>();

  add(round: number, row: string, measured: Measured): void {
    const byRow = this.#rounds.get(round) ?? new Map<string, Measured>();
    byRow.set(row, measured);
    this.#rounds.set(round, byRow);
  }

  tables(names: readonly string[]): string {
    return `${this.#arp(names)}\n\n${this.#udp(names)}\n`;
  }

  #arp(names: readonly string[]): string {
    const head = [
      'ARP',
      'requests/s',
      'of untraced',
      'delivered',
      'lost',
      'B/request',
      'CPU us/request',
      'peak MiB',
      'attach s',
    ];
    const table = plainTable(head);
    for (const name of names) {
      const tool = (pick: (tool: NonNullable<Measured['tool']>) => number | null) =>
        this.#spread(name, (one) => (one.tool ? pick(one.tool) : null));
      table.push([
        name,
        whole(this.#spread(name, ({ arp }) => arp.rate)),
        ratio(this.#ratio(name, ({ arp }) => arp.rate)),
        percent(tool(({ delivered, requests }) => (delivered === null ? null : delivered / requests))),
        percent(tool(({ lost, requests }) => (lost === null ? null : lost / requests))),
        whole(
          tool(({ bytes, delivered }) => (delivered ? bytes / delivered : null)),
          false,
        ),
        fixed(
          tool(({ cpuSeconds, requests }) => (cpuSeconds / requests) * 1e6),
          2,
        ),
        whole(
          tool(({ peakMiB }) => peakMiB),
          false,
        ),
        fixed(
          tool(({ attachSeconds }) => attachSeconds),
          2,
        ),
      ]);
    }
    return table.toString();
  }

  #udp(names: readonly string[]): string {
    const table = plainTable([
      'forwarded UDP',
      'policy router, packets/s',
      'slower',
      'plain router, packets/s',
      'slower',
    ]);
    for (const name of names) {
      table.push([
        name,
        whole(this.#spread(name, ({ policy }) => policy.rate)),
        slower(this.#ratio(name, ({ policy }) => policy.rate)),
        whole(this.#spread(name, ({ plain }) => plain?.rate ?? null)),
        slower(this.#ratio(name, ({ plain }) => plain?.rate ?? null)),
      ]);
    }
    return table.toString();
  }

  #spread(name: string, pick: (one: Measured) => number | null): Spread | null {
    const values = [...this.#rounds.values()].map((rows) => {
      const one = rows.get(name);
      return one ? pick(one) : null;
    });
    return spread(values.filter((value) => value !== null));
  }

  /** Against untraced in the same round. */
  #ratio(name: string, pick: (one: Measured) => number | null): Spread | null {
    const values = [...this.#rounds.values()].map((rows) => {
      const [one, base] = [rows.get(name), rows.get(untraced)];
      const [value, of] = [one ? pick(one) : null, base ? pick(base) : null];
      return value !== null && of !== null ? value / of : null;
    });
    return spread(values.filter((value) => value !== null));
  }
}

function plainTable(head: string[]): Table.Table {
  return new Table({
    head,
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
  });
}

function shown(one: Spread | null, text: (value: number) => string, range = true): string {
  if (!one) return '-';
  return range ? `${text(one.median)} (${text(one.min)}-${text(one.max)})` : text(one.median);
}

function whole(one: Spread | null, range = true): string {
  return shown(one, (value) => Math.round(value).toLocaleString('en'), range);
}

function ratio(one: Spread | null): string {
  return shown(one, (value) => value.toFixed(2));
}

function percent(one: Spread | null): string {
  return shown(one, (value) => `${(value * 100).toFixed(2)}%`);
}

function fixed(one: Spread | null, digits: number): string {
  return shown(one, (value) => value.toFixed(digits), false);
}

/** How much longer a packet takes. */
function slower(one: Spread | null): string {
  if (!one) return '-';
  const text = (value: number) => `${((1 / value - 1) * 100).toFixed(1)}%`;
  return `${text(one.median)} (${text(one.max)}-${text(one.min)})`;
}
