import type { CauseKind } from '../../../src/decision/change-seen.js';

/**
 * A scenario as data: how the world is set up, what is asked, and what the kernel is to decide. Add a row to one
 * of the tables beside this file; no code has to change.
 */
export interface Row {
  /** What is special about it, in a few words. Unique. */
  name: string;
  /**
   * Lines, run in order on the router unless they begin with another namespace and a colon (`asker: ip …`,
   * `behind: ip …`). The first word is the tool: ip, nft, tc, ethtool; or `sysctl PATH=VALUE`, where PATH is below
   * net/ipv4, such as conf/in0/proxy_arp; or a program that drops every frame, `drop-by-xdp DEVICE generic|drv`,
   * `drop-by-tc DEVICE ingress|egress`; or `neighbour-table full`, of the whole host: `neighbour-table restored`
   * belongs into `afterwards`; or `wait-up DEVICE…` for devices that `setup` made, `wait-down DEVICE` for one that it
   * set down: a link event after the traffic leaves nothing proven.
   */
  setup?: readonly string[];
  /** What is sent, in order; by default one unicast request from 10.1.0.9 for 10.2.0.5. */
  traffic?: readonly Traffic[];
  /** Lines as in `setup`, run after the traffic and before the decisions are waited for. */
  afterwards?: readonly string[];
  /**
   * Lines as in `setup`, run at the end, also when the row failed: for what the kernel keeps when a namespace goes,
   * such as a proxy neighbour without a device, which a later namespace at the same address would have.
   */
  cleanup?: readonly string[];
  /** The decisions on the router, in order, each a subset of the JSON contract; an empty list: none appears. */
  expect: readonly Expected[];
  /** What kernels before this one do instead, and why. */
  before?: { kernel: readonly [major: number, minor: number]; why: string; expect: readonly Expected[] };
  /** The router's devices when the usual ones will not do: see world.ts. */
  world?: 'plain' | 'bare';
  /** Where functions are hooked, the step that justified each decision is observed, and nothing of it inferred. */
  observed?: true;
  /**
   * Changes that hooks on functions see in the router from `setup` on, in this order, each a subset of the contract;
   * others may come in between. Tiers without such hooks tell none.
   */
  changes?: readonly ExpectedChange[];
  /** Why a tier or a kernel cannot know what another one does. Without it all of them have to say the same. */
  differs?: string;
  /** Why this kernel cannot run it, when a line of `setup` fails. Without it a failing line fails the test. */
  needs?: string;
}

export interface Traffic {
  target?: string;
  sender?: string;
  senderMac?: string;
  /** Destination of the frame: `router` (default), `broadcast`, or a MAC address. */
  to?: string;
  count?: number;
  /** Ask for as many addresses in turn, from `target` on. */
  targets?: number;
  /** Instead of a request: a whole Ethernet frame in hexadecimal, blanks allowed. */
  raw?: string;
  /** The namespace that sends, by default `asker`, and its device, by default eth0. */
  from?: string;
  device?: string;
  /** It is sent while the next one is, not before. */
  alongside?: boolean;
}

/** Compared field by field; what is not given may be anything. */
export interface Expected {
  action: 'replied' | 'silent' | 'dropped' | 'deferred';
  reason: string;
  detail?: string | null | RegExp;
  /** For `unknown`: in any order. */
  candidates?: readonly string[];
  evidence?: 'observed' | 'inferred';
  device?: string;
  target?: string | null;
  sender?: string | null;
  /** True: a delay was seen; false: none. */
  deferred?: boolean;
  mac?: string | null;
  /** The step that justified it, as "[type] PREFIX [via GW] dev DEV table TABLE rule PRIORITY"; null for none. */
  because?: string | RegExp | null;
  /** All steps, in the same form, each behind its purpose and outcome: "target match 10.2.0.0/24 dev out0 …". */
  steps?: readonly string[];
  /** Settings that have to be there, with these values. */
  settings?: Record<string, Record<string, number>>;
  /** Changes of the neighbour table: "created 10.1.0.9", in any order. */
  neighbours?: readonly string[];
  /** JSON pointers that have to be in `unknown`. By default it has to be empty unless the reason is `unknown`. */
  unknown?: readonly string[];
}

/** What is not given may be anything. */
export interface ExpectedChange {
  cause: CauseKind | null;
  /** Of the cause. */
  device?: string;
  /** The name of the process, and of its parent; null for none: then a thread of the kernel did it, or nobody. */
  by?: { process: string; parent?: string } | null;
  /** In this order, others may come in between: "link changed: bond0.90, down", as text for people has them. */
  changes?: readonly string[];
  /** Tables by number, and how many routes they lost. */
  flushed?: readonly { table: number; routes: number }[];
}
