/** Shows the times of decisions: of the day, with the date when it changes. */
export class TimeColumn {
  readonly #utc: boolean;
  #date = '';

  constructor(utc: boolean) {
    this.#utc = utc;
  }

  /**
   * @param time RFC 3339 in UTC, as decisions carry it
   * @returns the time of day to the millisecond, and a header line when a new day begins
   */
  show(time: string): { clock: string; header: string | null } {
    const date = new Date(time);
    const part = (value: number, width = 2) => String(value).padStart(width, '0');
    const [year, month, day, hour, minute, second] = this.#utc
      ? [
          date.getUTCFullYear(),
          date.getUTCMonth(),
          date.getUTCDate(),
          date.getUTCHours(),
          date.getUTCMinutes(),
          date.getUTCSeconds(),
        ]
      : [
          date.getFullYear(),
          date.getMonth(),
          date.getDate(),
          date.getHours(),
          date.getMinutes(),
          date.getSeconds(),
        ];
    const milliseconds = /\.(\d{3})/.exec(time)?.[1] ?? '000';
    const clock = `${part(hour)}:${part(minute)}:${part(second)}.${milliseconds}`;
    const header = `${part(year, 4)}-${part(month + 1)}-${part(day)} (${this.#offset(date)})`;
    if (header === this.#date) return { clock, header: null };
    this.#date = header;
    return { clock, header };
  }

  #offset(date: Date): string {
    const minutes = this.#utc ? 0 : -date.getTimezoneOffset();
    if (minutes === 0) return 'UTC';
    const size = Math.abs(minutes);
    const text = `${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
    return `UTC${minutes < 0 ? '-' : '+'}${text}`;
  }
}
