import { styleText } from 'node:util';

export type Format = Parameters<typeof styleText>[0];

/** Colours text, or leaves it alone. */
export type Style = (format: Format, text: string) => string;

export const plain: Style = (_format, text) => text;

const coloured: Style = (format, text) => styleText(format, text, { validateStream: false });

/** Colour only on a terminal, never with NO_COLOR (no-color.org: set and not empty). */
export function styleFor(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv): Style {
  return stream.isTTY && !environment.NO_COLOR ? coloured : plain;
}

/** The word for what the kernel did; its format is never all that tells one from the other. */
export const actionFormats: Record<string, Format> = {
  replied: ['bold', 'yellow'],
  dropped: ['bold', 'red'],
  silent: 'dim',
  deferred: 'cyan',
  updated: ['bold', 'yellow'],
  created: 'yellow',
  refreshed: 'dim',
  ignored: 'dim',
  failed: ['bold', 'red'],
  unanswered: ['bold', 'red'],
  answered: 'green',
  removed: 'magenta',
  added: 'magenta',
  changed: 'magenta',
};
