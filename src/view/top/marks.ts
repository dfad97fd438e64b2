import { formatIp, formatPrefix } from '../../decision/addresses.js';
import type { Mark } from '../../decision/tally/marks.js';
import type { Row } from '../../decision/tally/row.js';
import type { Decision } from '../../decision/types.js';
import { agoText } from '../amounts.js';
import { countText } from '../count.js';
import { escapeText } from '../escape.js';
import { stepText, tableText } from '../explain.js';
import type { Format } from '../style.js';

/** Alarms are those of at least this weight; the others ask for a look. */
const alarming = 2;

/** The one character before a row: an alarm, something new, or nothing. Never colour alone. */
export function markSign(marks: readonly Mark[]): '!' | '*' | ' ' {
  if (marks.some(({ weight }) => weight >= alarming)) return '!';
  return marks.length > 0 ? '*' : ' ';
}

export function markFormat({ weight }: Mark): Format {
  if (weight >= 3) return ['bold', 'red'];
  return weight >= alarming ? ['bold', 'yellow'] : 'cyan';
}

/** A mark in some words: "! default route". */
export function markWords(mark: Mark, { verdict }: Decision): string {
  return `${mark.weight >= alarming ? '!' : '*'} ${words(mark, verdict.action === 'replied')}`;
}

function words(mark: Mark, replied: boolean): string {
  switch (mark.code) {
    case 'turned':
      return `${countText(mark.addresses)} of these ${replied ? 'met silence' : 'were answered'} before`;
    case 'rival': {
      const more = mark.addresses > 1 ? ` and ${countText(mark.addresses - 1)} more` : '';
      return `${formatIp(mark.ip)}${more} also at ${escapeText(mark.mac)}`;
    }
    case 'default-route':
      return 'by a default route';
    case 'other-table':
      return `not by ${tableText(mark.named) ?? 'the table'}, which the rule for the device names`;
    case 'wide-prefix':
      return `wider than the device's ${formatPrefix(mark.subnet)}`;
    case 'new':
      return `new ${agoText(mark.sinceMs)} ago`;
  }
}

/** A mark in full, for who wants to know what it means. */
export function markSentence(mark: Mark, { first }: Row): string {
  const device = escapeText(first.device.name ?? String(first.device.index));
  const replied = first.verdict.action === 'replied';
  switch (mark.code) {
    case 'turned': {
      const { from } = mark;
      const because = from.because === null ? undefined : from.steps[from.because];
      const before = `${from.verdict.action} ${from.verdict.reason}${because ? ` because of ${stepText(because)}` : ''}`;
      const what = replied ? 'stayed silent about' : 'answered for';
      return `Before, this host ${what} ${countText(mark.addresses)} of these addresses, for the same sender: ${before}.`;
    }
    case 'rival': {
      const one = `${formatIp(mark.ip)} is also at ${escapeText(mark.mac)}`;
      const more =
        mark.addresses > 1
          ? `, and ${countText(mark.addresses - 1)} more addresses have another MAC too`
          : '';
      return `${one}${more}: who asks gets two answers, or the wrong one.`;
    }
    case 'default-route':
      return 'A default route covers every address: for what no other route takes, this host answers.';
    case 'other-table':
      return `The rule for ${device} names ${tableText(mark.named) ?? 'another table'}; nothing was found there, and the lookup fell through to another table.`;
    case 'wide-prefix':
      return `The route covers more than any subnet of ${device} (the widest is ${formatPrefix(mark.subnet)}).`;
    case 'new':
      return `${device} had been watched for a while before this appeared, ${agoText(mark.sinceMs)} ago.`;
  }
}
