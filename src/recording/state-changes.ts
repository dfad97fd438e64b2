import { type Change, changesBetween, linkText } from '../decision/changes.js';
import type { Link } from '../decision/types.js';
import type { LinkNotice } from '../host/link-monitor.js';
import type { ChangeEvent } from '../stream/events.js';
import type { State } from '../stream/tap.js';

/** So much of what hooks told is remembered of each namespace until its next state. */
const mostTold = 20_000;
/** What the kernel announces of a link is read here after so long, mostly: on a busy machine it takes longer. */
const noticeNs = 250_000_000n;

/** What moved in a namespace, between two moments of CLOCK_MONOTONIC. */
export interface Inferred {
  netns: State['netns'];
  changes: Change[];
  fromNs: bigint;
  seenNs: bigint;
}

/** Tells by the states of namespaces, and by what the kernel announces of links, what no hook saw. Each thing once. */
export class StateChanges {
  readonly #states = new Map<number, State>();
  /** Links by namespace, as they were told last. */
  readonly #links = new Map<number, Map<number, Link>>();
  /** What hooks told since the last state, by namespace. */
  readonly #told = new Map<number, { ns: bigint; key: string }[]>();

  /** What hooks saw is not told a second time by the next state. */
  seen({ netns: { inode }, changes, monotonicNs }: ChangeEvent): void {
    const told = this.#told.get(inode) ?? [];
    for (const change of changes) {
      if (change.object === 'link' && change.change === 'changed') this.#linkMoved(inode, change);
      else if (told.length < mostTold) told.push({ ns: BigInt(monotonicNs), key: sameChange(change) });
    }
    this.#told.set(inode, told);
  }

  /** What differs from the state before. */
  state(state: State): Inferred[] {
    const { netns, snapshot, names, moved, readNs } = state;
    const before = this.#states.get(netns.inode);
    const known = this.#links.get(netns.inode);
    this.#states.set(netns.inode, state);
    this.#links.set(netns.inode, new Map(snapshot.links));
    if (!before) return [];
    // what the kernel announced of links has been told already
    const was = { ...before.snapshot, links: known ?? before.snapshot.links };
    const untilNs = moved?.beforeNs ?? readNs;
    const changes = this.#untold(netns.inode, changesBetween(was, snapshot, names), untilNs);
    const isUnannounced = ({ object }: Change) => object === 'proxy-neighbour';
    return [
      {
        netns,
        changes: changes.filter((change) => !isUnannounced(change)),
        fromNs: moved?.afterNs ?? before.readNs,
        seenNs: untilNs,
      },
      // no counter tells of them: they came at any time since the state before was read
      { netns, changes: changes.filter(isUnannounced), fromNs: before.readNs, seenNs: readNs },
    ].filter(({ changes: some }) => some.length > 0);
  }

  /** What the kernel announced of a link; null where it was known, or is told by the next state. */
  link(
    netns: State['netns'],
    { index, name, up, carrier, ns }: LinkNotice,
    heldNs: bigint | null,
  ): Inferred | null {
    const links = this.#links.get(netns.inode);
    const known = links?.get(index);
    // a link that is new, or has another name by now, is told by the next state
    if (!links || !known || known.name !== name) return null;
    if (known.up === up && known.carrier === carrier) return null;
    const now = { ...known, up, carrier };
    links.set(index, now);
    const change: Change = {
      object: 'link',
      change: 'changed',
      text: linkText(now),
      was: linkText(known),
      device: { index, name },
      table: null,
    };
    const usual = ns - noticeNs;
    const sinceNs = heldNs ?? this.#states.get(netns.inode)?.readNs ?? usual;
    return { netns, changes: [change], fromNs: sinceNs < usual ? sinceNs : usual, seenNs: ns };
  }

  /** The next state tells of a link only what else became of it. */
  #linkMoved(inode: number, { device, text }: Change): void {
    const links = this.#links.get(inode);
    const known = links?.get(device?.index ?? 0);
    if (links && known)
      links.set(known.index, {
        ...known,
        up: !text.includes(', down'),
        carrier: !text.includes(', no carrier'),
      });
  }

  /** Without what hooks told before the state was read. */
  #untold(inode: number, changes: Change[], readNs: bigint): Change[] {
    const told = this.#told.get(inode);
    if (!told) return changes;
    const keys = new Set(told.filter(({ ns }) => ns <= readNs).map(({ key }) => key));
    this.#told.set(
      inode,
      told.filter(({ ns }) => ns > readNs),
    );
    return changes.filter((change) => !keys.has(sameChange(change)));
  }
}

/** Alike for one change, whether hooks saw it or two states differ by it. */
function sameChange({ object, text, table, device }: Change): string {
  if (object === 'link') return `link ${device?.index}`;
  // a message may leave out of a route what the state has
  if (object === 'route') return `route ${table?.id} ${/\S*\d+\.\d+\.\d+\.\d+\S*/.exec(text)?.[0]}`;
  if (object === 'rule') return `rule ${/^\d+/.exec(text)?.[0]} ${table?.id}`;
  return `${object} ${text}`;
}
