import { randomBytes } from 'node:crypto';
import type { Learning } from '../decision/neighbour/types.js';

/** What lies between the fields that differ among learnings of one verdict. */
interface Template {
  learning: Learning;
  parts: string[];
}

/** Stands for a field in a template: no name on a device or in a packet can be like it. */
const mark = randomBytes(12).toString('hex');
const marked = new RegExp(`"${mark}\\d"`);

/**
 * Learnings as JSON, byte for byte as JSON.stringify has them. Those that share their verdict (as {@link Learner} makes
 * them) differ in few fields: the text between these is made once, and so is that of a claim.
 */
export class LearningJson {
  readonly #templates = new WeakMap<object, Template>();
  readonly #claims = new WeakMap<object, string>();

  of(learning: Learning): string {
    const { verdict, entry, moved, asked } = learning;
    let template = this.#templates.get(verdict);
    if (template === undefined || !shares(learning, template.learning)) {
      template = templateOf(learning);
      this.#templates.set(verdict, template);
    }
    const [start, time, ns, claim, entryPart, movedPart, askedPart, end] = template.parts;
    return `${start}"${learning.id}"${time}"${learning.time}"${ns}"${learning.monotonicNs}"${claim}${this.#claim(learning)}${entryPart}${entryJson(entry)}${movedPart}${moved === null ? 'null' : JSON.stringify(moved)}${askedPart}${asked === null ? 'null' : JSON.stringify(asked)}${end}`;
  }

  #claim({ claim }: Learning): string {
    let text = this.#claims.get(claim);
    if (text === undefined) {
      text = JSON.stringify(claim);
      this.#claims.set(claim, text);
    }
    return text;
  }
}

function entryJson(entry: Learning['entry']): string {
  return entry.met === null && entry.left === null ? '{"met":null,"left":null}' : JSON.stringify(entry);
}

/** Whether all is the same but the fields of a template. */
function shares(learning: Learning, known: Learning): boolean {
  return (
    learning.netns === known.netns &&
    learning.device === known.device &&
    learning.settings === known.settings &&
    learning.unknown === known.unknown &&
    learning.host === known.host &&
    learning.tier === known.tier
  );
}

function templateOf(learning: Learning): Template {
  const text = JSON.stringify({
    ...learning,
    id: `${mark}0`,
    time: `${mark}1`,
    monotonicNs: `${mark}2`,
    claim: `${mark}3`,
    entry: `${mark}4`,
    moved: `${mark}5`,
    asked: `${mark}6`,
  });
  return { learning, parts: text.split(marked) };
}
