import { Command, CommanderError, Option } from 'commander';
import { formatIp, formatPrefix, parseIp, parsePrefix } from '../decision/addresses.js';
import type { DecisionFilter } from '../decision/filter.js';
import { causeSentences, learningReasons, neighbourCauseSentences } from '../decision/neighbour/reasons.js';
import { type Kind, kinds } from '../decision/neighbour/types.js';
import { reasons } from '../decision/reasons.js';
import type { Prefix } from '../decision/types.js';
import { ArpwhyError } from '../errors.js';
import { ownNamespace } from '../host/netns.js';

/** The filters, one family wherever decisions flow. Repeated: or; different ones: and. */
export interface FilterOptions {
  netns: string[];
  dev: string[];
  target: Prefix[];
  sender: Prefix[];
  action: string[];
  reason: string[];
  table: string[];
  route: string[];
  rule: number[];
  all: boolean;
  silent: boolean;
}

const actions = ['replied', 'silent', 'dropped', 'deferred'];
/** Those of what a host learns and asks. */
const neighbourActions = [
  'created',
  'updated',
  'refreshed',
  'ignored',
  'answered',
  'failed',
  'unanswered',
  'changed',
  'removed',
];
const codes = [
  ...new Set(['unknown', ...reasons.map(({ code }) => code), ...learningReasons.map(({ code }) => code)]),
  ...Object.keys({ ...causeSentences, ...neighbourCauseSentences }).filter((code) => code !== 'unknown'),
];

/** What a live stream can be asked for. */
export function addFilters(command: Command): Command {
  return addDecisionFilters(command).addOption(
    new Option('--all', 'also tell of each deferral, not only of its decision').default(false, 'off'),
  );
}

/**
 * What can be asked of decisions, live or recorded.
 * @param silence what `--silent` means there
 */
export function addDecisionFilters(
  command: Command,
  silence = 'text: show silent decisions one by one',
): Command {
  const list = (flags: string, text: string, parse: (value: string) => unknown) =>
    new Option(flags, text)
      .argParser((value: string, before: unknown) => [...(before as unknown[]), parse(value)])
      .default([]);
  return command
    .addOption(
      list(
        '--netns <name>',
        'only this namespace, as ip netns names it; . is your own; one without a name cannot be chosen',
        String,
      ),
    )
    .addOption(list('--dev <name>', 'only requests that came in on this device', String))
    .addOption(
      list('--target <cidr>', 'only requests for these addresses', (value) => prefix('--target', value)),
    )
    .addOption(
      list('--sender <cidr>', 'only requests from these addresses', (value) => prefix('--sender', value)),
    )
    .addOption(
      list(
        '--action <action>',
        `${actions.join(', ')}; with --kind also ${neighbourActions.join(', ')}`,
        (value) => oneOf('--action', value, [...actions, ...neighbourActions]),
      ),
    )
    .addOption(
      list('--reason <code>', 'only this reason, or unknown (arpwhy reasons lists them)', (value) =>
        oneOf('--reason', value, codes),
      ),
    )
    .addOption(list('--table <name|id>', 'only what a route of this table justified', String))
    .addOption(
      list('--route <cidr>', 'only what the route of this prefix justified', (value) =>
        formatPrefix(prefix('--route', value)),
      ),
    )
    .addOption(
      list('--rule <priority>', 'only what this rule led to', (value) =>
        /^\d{1,10}$/.test(value) ? Number(value) : refuseNumber('--rule', 'a priority', value),
      ),
    )
    .addOption(new Option('--silent', silence).default(false, 'off'));
}

/**
 * An action or a reason that nothing has which is told would show nothing, for ever.
 * @throws {ArpwhyError} `usage`
 */
export function checkTold({ action, reason }: FilterOptions, told: readonly Kind[]): void {
  if (told.some((kind) => kind !== 'decision')) return;
  const decisionCodes = new Set(['unknown', ...reasons.map(({ code }) => code)]);
  const refuse = (option: string, value: string, known: Iterable<string>) => {
    throw new ArpwhyError(
      'usage',
      `${option} ${value}: that is of what a host learns and asks, which takes --kind of arpwhy trace; of decisions there are ${[...known].join(', ')}`,
    );
  };
  for (const one of action) if (!actions.includes(one)) refuse('--action', one, actions);
  for (const one of reason) if (!decisionCodes.has(one)) refuse('--reason', one, decisionCodes);
}

/** What the stream filters by itself; namespaces and devices are filtered in the kernel. */
export function decisionFilter(options: FilterOptions): DecisionFilter {
  return {
    netns: [],
    devices: [],
    targets: options.target,
    senders: options.sender,
    actions: options.action,
    reasons: options.reason,
    tables: options.table,
    routes: options.route,
    rules: options.rule,
  };
}

/** "decision,learning"; given several times, all of them. */
export function kindList(value: string, before: readonly Kind[] = []): Kind[] {
  const named = value.split(',').map((one) => oneOf('--kind', one, kinds) as Kind);
  return [...new Set([...before, ...named])];
}

/** A timer of Node takes no longer time: it would fire at once. */
export const mostSeconds = 2_147_483;

/** A number of seconds that a timer can wait. */
export function seconds(name: string): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+(\.\d+)?$/.test(value) || number <= 0 || number > mostSeconds) {
      refuseNumber(name, `a number of seconds above 0, up to ${mostSeconds}`, value);
    }
    return number;
  };
}

/** A number of things. */
export function count(name: string): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number === 0 || !Number.isSafeInteger(number)) {
      refuseNumber(name, 'a whole number above 0', value);
    }
    return number;
  };
}

function refuseNumber(name: string, wanted: string, value: string): never {
  throw new ArpwhyError('usage', `${name} takes ${wanted}, not ${JSON.stringify(value)}`);
}

export function oneOf(name: string, value: string, known: readonly string[]): string {
  if (known.includes(value)) return value;
  throw new ArpwhyError('usage', `${name} ${value}: there is no such one; there are ${known.join(', ')}`);
}

function prefix(name: string, value: string): Prefix {
  const parsed = parsePrefix(value);
  if (parsed) return parsed;
  const [address = '', length = '', ...rest] = value.split('/');
  const hint =
    rest.length === 0 && parseIp(address) !== null && /^\d+$/.test(length) && Number(length) <= 32
      ? 'has bits set behind its length'
      : 'is no IPv4 prefix';
  throw new ArpwhyError('usage', `${name} ${value || '""'} ${hint}: write it as 192.0.2.0/24 or 192.0.2.7`);
}

/**
 * The filters of a line, in the words of the command line; a word for a filter may come without its dashes, and an
 * address or a prefix without a word is a target.
 * @throws {ArpwhyError} `usage`, in one line, for words that are none
 */
export function parseFilterLine(line: string): DecisionFilter & { silent: boolean } {
  const command = addDecisionFilters(new Command().exitOverride().helpOption(false)).allowExcessArguments(
    false,
  );
  command.configureOutput({ writeErr() {}, outputError() {} });
  const takesValue = new Map(command.options.map(({ long, required }) => [long ?? '', required]));
  const words: string[] = [];
  let isValue = false;
  for (const word of line.split(/\s+/)) {
    if (word === '') continue;
    const name: string = takesValue.has(`--${word}`) && !isValue ? `--${word}` : word;
    if (!isValue && !name.startsWith('-')) {
      if (!/^\d+\.[\d./]*$/.test(name)) refuseWord(name);
      words.push('--target');
    }
    isValue = !isValue && takesValue.get(name) === true;
    words.push(name);
  }
  try {
    command.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const known = [...takesValue.keys()].join(' ');
    throw new ArpwhyError('usage', `${error.message.replace(/^error: /, '')}: there are ${known}`);
  }
  const options = command.opts<FilterOptions>();
  const inode = ({ netns }: FilterOptions) =>
    netns.map((name) => (name === '.' ? String(ownNamespace().inode) : name));
  return { ...decisionFilter(options), netns: inode(options), devices: options.dev, silent: options.silent };
}

function refuseWord(word: string): never {
  throw new ArpwhyError(
    'usage',
    `what is ${word}? Say dev ${word}, netns ${word}, reason ${word} or the like`,
  );
}

/** A filter in the words of the command line. */
export function filterLine(filter: DecisionFilter): string {
  const lists: [string, readonly string[]][] = [
    ['netns', filter.netns],
    ['dev', filter.devices],
    ['target', filter.targets.map(prefixText)],
    ['sender', filter.senders.map(prefixText)],
    ['action', filter.actions],
    ['reason', filter.reasons],
    ['table', filter.tables],
    ['route', filter.routes],
    ['rule', filter.rules.map(String)],
  ];
  return lists.flatMap(([name, values]) => values.map((value) => `--${name} ${value}`)).join(' ');
}

/** Whether a filter asks for more than places: who does wants to see what passes, be it silence. */
export function isAsked(filter: DecisionFilter): boolean {
  const { netns: _netns, devices: _devices, ...asked } = filter;
  return Object.values(asked).some((list) => list.length > 0);
}

/** A whole address is written without its length. */
function prefixText(prefix: Prefix): string {
  return prefix.length === 32 ? formatIp(prefix.ip) : formatPrefix(prefix);
}
