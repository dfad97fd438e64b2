import type { EndEvent } from './events.js';

/** The end of a stream, for a reader that was told of so many requests as a count only. */
export function withFolded(end: EndEvent, folded: number): EndEvent {
  const { accounts } = end;
  return {
    ...end,
    accounts: {
      ...accounts,
      delivered: accounts.delivered - folded,
      folded: accounts.folded + folded,
    },
  };
}
