import type { Glyphs } from '../glyphs.js';
import { wrap } from '../wrap.js';

/** What the keys do, what the columns are, what the marks mean. */
export function helpLines({ up, down }: Glyphs, columns: number): string[] {
  const keys: [string, string][] = [
    [`${up} ${down}  j k`, 'choose a row; PgUp, PgDn, Home and End too'],
    ['Enter', 'why: freeze a row; its last decisions in full, what to check, what to change'],
    [
      '/',
      'filter, in the words of the command line: --netns --dev --target --sender --action --reason. Nothing shows all again. An address alone is a target. A filter on target or sender counts anew, from the decisions that rows have kept.',
    ],
    ['o  O', 'order by something else; the other way round'],
    ['g', 'a line for each justification, each target or each sender'],
    ['s', 'show silent rows, or not'],
    ['p  Space', 'pause the screen; counting goes on. A recording: play it, or hold it'],
    ['w', 'save the decisions that rows have kept into a recording: for report, replay and Wireshark'],
    [
      '< >  [ ]  0',
      'a recording: slower, faster; a minute back, forward (10 s: left, right); from its beginning',
    ],
    ['^L', 'draw the screen anew'],
    ['^Z', 'suspend; fg comes back'],
    ['Esc', 'back'],
    ['q  ^C', 'quit'],
  ];
  const titles: [string, string][] = [
    ['COUNT', 'requests since the trace began'],
    ['/S', 'requests a second, over the last five seconds'],
    ['TARGETS', 'different addresses that were asked for; 16,384+ are more than are kept apart'],
    ['SENDERS', 'different addresses that asked'],
    ['LAST', 'how long ago the last one was; a row that is not seen any more fades'],
    ['FIRST', 'when the first one was'],
    [
      'LATEST BY, FOR',
      'grouped: who asked for it last; what it asked for last. There may be others: COUNT is of all',
    ],
    ['IS-AT', 'the MAC address that the answers claim'],
    ['DELAY', 'how long requests were deferred (proxy_delay) before they were answered'],
    ['~', 'inferred, and proven for the request; all else was observed'],
  ];
  const marks: [string, string][] = [
    ['met silence', 'the same sender was told nothing about these addresses before'],
    ['answered before', 'and now these addresses are not answered any more'],
    ['also at MAC', 'another MAC has the address too: it asked from there, or this host answers with two'],
    ['default route', 'the answer holds for every address that no other route takes'],
    ['not by table', 'the rule for the device led to that table, and nothing was found there'],
    ['wider than', 'the prefix covers more than any subnet of the device'],
    ['* new', 'it appeared while the device was being watched'],
  ];
  const table = (rows: readonly [string, string][]) =>
    rows.flatMap(([label, text]) => {
      const [first = '', ...rest] = wrap(text, Math.max(20, columns - indent));
      return [label.padEnd(indent) + first, ...rest.map((line) => ' '.repeat(indent) + line)];
    });
  return [
    ...wrap(introduction, columns),
    '',
    ...table(keys),
    '',
    ...table(titles),
    '',
    ...wrap('Marks: ! asks for a look, red before yellow; * is new.', columns),
    ...table(marks),
  ];
}

const indent = 17;

const introduction =
  'What this host answers for, for whom and because of what. A row is all requests of one namespace, device, verdict and justification: the prefix, table, rule and out device that decided.';
