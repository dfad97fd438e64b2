import { countText } from './count.js';

/** For a narrow column: exact as long as it has room, then in millions or more. */
export function amountText(count: number): string {
  if (count < 100_000_000) return countText(count);
  return count < 100_000_000_000 ? `${(count / 1e6).toFixed(1)}M` : `${(count / 1e9).toFixed(1)}G`;
}

/** A second: "3.2", "120", "12,345"; '' for none. */
export function rateText(rate: number): string {
  if (rate === 0) return '';
  if (rate < 9.95) return rate < 0.05 ? '<0.1' : rate.toFixed(1);
  return countText(Math.round(rate));
}

/** How long ago, in one unit: "0s", "59s", "12m", "3h", "2d". */
export function agoText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** "0:12:07", "2d 3:04:05" */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const part = (value: number) => String(value).padStart(2, '0');
  const clock = `${Math.floor(seconds / 3600) % 24}:${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)}`;
  const days = Math.floor(seconds / 86_400);
  return days === 0 ? clock : `${days}d ${clock}`;
}
