import { ArpwhyError } from '../errors.js';

/** A time as it was given, not yet placed: a zone may have to be taken from elsewhere, and a day too. */
export interface MomentOption {
  text: string;
  date: [year: number, month: number, day: number] | null;
  time: [hour: number, minute: number, second: number];
  /** Behind the second. */
  ns: bigint;
  utc: boolean;
  needsDay: boolean;
}

const pattern =
  /^(?:(\d{4})-(\d{2})-(\d{2})(?:[T ]|$))?(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z?)$/;

/** Parses "2026-11-22T03:33:01.5Z", "2026-11-22 03:33", "2026-11-22" and "03:33:01". */
export function momentOption(name: string): (value: string) => MomentOption {
  return (value) => {
    const [whole, year, month, day, hour, minute, second = '0', fraction = '', zone] =
      pattern.exec(value) ?? [];
    const time: MomentOption['time'] = [Number(hour ?? 0), Number(minute ?? 0), Number(second)];
    const date: MomentOption['date'] = year ? [Number(year), Number(month), Number(day)] : null;
    const sound =
      whole && time[0] < 24 && time[1] < 60 && time[2] < 60 && (date ? isDay(date) : hour !== undefined);
    if (!sound) {
      throw new ArpwhyError(
        'usage',
        `${name} ${JSON.stringify(value)} is no time: write it as 2026-11-22T03:33:01Z, "2026-11-22 03:33" or 03:33:01.5`,
      );
    }
    const ns = BigInt(fraction.padEnd(9, '0'));
    return { text: value, date, time, ns, utc: zone === 'Z', needsDay: date === null };
  };
}

/** @param day the day of a time that has none @returns nanoseconds since 1970 */
export function nsOf(moment: MomentOption, utc: boolean, day: Date | null): bigint {
  const inUtc = utc || moment.utc;
  const [year, month, date] = moment.date ?? dayOf(day ?? new Date(), inUtc);
  const ms = inUtc
    ? Date.UTC(year, month - 1, date, ...moment.time)
    : new Date(year, month - 1, date, ...moment.time).getTime();
  return BigInt(ms) * 1_000_000n + moment.ns;
}

function dayOf(day: Date, utc: boolean): [number, number, number] {
  return utc
    ? [day.getUTCFullYear(), day.getUTCMonth() + 1, day.getUTCDate()]
    : [day.getFullYear(), day.getMonth() + 1, day.getDate()];
}

function isDay([year, month, day]: [number, number, number]): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
