import { TimeColumn } from './time.js';

/** Moments of a report: "03:31:07.2", with the date where the report covers more than one day. */
export class ReportClock {
  readonly #utc: boolean;
  readonly #dates: boolean;

  constructor(utc: boolean, firstNs: bigint, lastNs: bigint) {
    this.#utc = utc;
    this.#dates = this.date(firstNs) !== this.date(lastNs);
  }

  moment(ns: bigint): string {
    const { clock, header } = this.#show(ns);
    const tenths = clock.slice(0, -2);
    return this.#dates ? `${header?.split(' ')[0]} ${tenths}` : tenths;
  }

  /** "2026-11-22 (UTC+01:00)" */
  date(ns: bigint): string {
    return this.#show(ns).header ?? '';
  }

  #show(ns: bigint) {
    const seconds = ns / 1_000_000_000n;
    const time = `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
    return new TimeColumn(this.#utc).show(time);
  }
}
