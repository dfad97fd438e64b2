/** A scenario of what a host learns or asks, as data; see test/kernel/scenarios/row.ts for the lines. */
export interface Row {
  name: string;
  /** Before the trace looks: what it does to neighbours is not told. */
  setup?: readonly string[];
  /**
   * In order: lines as in `setup`; or `frame HEX`, a whole frame that the asker sends to the router; or `own-frame DEVICE HEX`, one that the router sends; or `send IP [BYTES]`, a UDP
   * packet that the router sends there; or `asker: send IP`, the same from the asker; or `arping IP [DEVICE]`, once, from
   * the router; or `wait MS`; or `arp-ioctl set IP DEVICE MAC` and `arp-ioctl delete IP DEVICE`;
   * or `collect forced|periodic IP`, garbage of the neighbour table until that entry is gone.
   */
  steps: readonly string[];
  /** Events of the router, as `brief` writes them, in order; nothing else appears. */
  expect: readonly (string | RegExp)[];
  /** Kinds that are traced. By default learnings alone. */
  kinds?: readonly ('learning' | 'solicitation' | 'neighbour')[];
  needs?: string;
  /** What is expected may take so much longer than usual. */
  slowMs?: number;
}
