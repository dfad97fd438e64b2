import {
  causeSentences,
  type LearningReason,
  learningReasons,
  neighbourCauseSentences,
} from '../decision/neighbour/reasons.js';
import { type Reason, reasons, unknownSentence } from '../decision/reasons.js';
import type { Action } from '../decision/types.js';

const actions: Record<Action, string> = {
  replied: 'The kernel answered, and the queue of the device the request came in on took the reply.',
  silent: 'The kernel looked at the request, and a gate closed.',
  dropped: 'A filter or a queue took the request or the reply away.',
  deferred:
    'The kernel will decide again, in a second pass (a pass is one run of arp_process over a request): told with `--all`, or when a trace ends before it.',
};

/** All reasons for a terminal, one line each, in the order in which the kernel closes its gates. */
export function reasonList(): string {
  const width = Math.max(...[...reasons, ...learningReasons].map(({ code }) => code.length));
  const groups = Object.keys(actions).map((action) => {
    const rows = reasons.filter((reason) => reason.action === action);
    return [`${action}:`, ...rows.map(({ code, sentence }) => `  ${code.padEnd(width)}  ${sentence}`)].join(
      '\n',
    );
  });
  const learned = learningReasons.map(
    ({ code, actions: of, sentence }) => `  ${code.padEnd(width)}  ${of.join(', ')}: ${sentence}`,
  );
  groups.push(['learnings (--kind learning):', ...learned].join('\n'));
  return `${groups.join('\n')}\nunknown:\n  ${unknownSentence}\n`;
}

/** One reason for a terminal, with all that is known of it. */
export function reasonDetail(
  reason: Pick<Reason, 'code' | 'sentence' | 'check' | 'change' | 'blind'> & { action: string },
): string {
  const rows: [string, string][] = [
    ['what', reason.sentence],
    ['check', reason.check],
    ['change', reason.change],
  ];
  if (reason.blind) rows.push(['blind to', reason.blind]);
  const lines = rows.map(([label, text]) => `  ${label.padEnd(9)} ${text}`);
  return `${reason.action} ${reason.code}\n${lines.join('\n')}\n`;
}

/** One reason of a learning for a terminal. */
export function learningDetail(reason: LearningReason): string {
  return reasonDetail({ ...reason, action: reason.actions.join(', ') });
}

/** What `unknown` means, for a terminal. */
export function unknownDetail(): string {
  return `unknown\n  ${unknownSentence}\n${ending
    .slice(2)
    .filter((line) => line !== '')
    .map((line) => `  ${line.replaceAll('`', '')}\n`)
    .join('')}`;
}

/** docs/verdicts.md, made from the same table. */
export function verdictsPage(): string {
  const sections = (Object.keys(actions) as Action[]).map((action) => {
    const rows = reasons.filter((reason) => reason.action === action);
    return [`## ${action}`, '', actions[action], '', ...rows.map(section)].join('\n');
  });
  return [...introduction, ...order, ...sections, ...learnings(), ...ending].join('\n');
}

/** What a host learns and asks has reasons of its own. */
function learnings(): string[] {
  return [
    '## Learnings',
    '',
    'What this host made of an ARP reply, or a gratuitous request, that came in (`--kind learning`): an entry was',
    'created, updated (its MAC set or replaced), refreshed (it held that MAC already), or the claim was ignored.',
    '',
    ...learningReasons.map((reason) => `${section(reason)}- What it does: ${reason.actions.join(', ')}\n`),
    '## Solicitations',
    '',
    'Why this host sent a who-has (`--kind solicitation`):',
    '',
    ...causeList(causeSentences),
    '',
    '## Neighbour events',
    '',
    'What changed an entry without any frame (`--kind neighbour`):',
    '',
    ...causeList(neighbourCauseSentences),
    '',
  ];
}

function causeList(sentences: Record<string, string>): string[] {
  return Object.entries(sentences).map(([code, sentence]) => `- \`${code}\`: ${sentence}`);
}

function section(reason: Pick<Reason, 'code' | 'sentence' | 'check' | 'change' | 'blind'>): string {
  const lines = [`### \`${reason.code}\``, '', reason.sentence, ''];
  lines.push(`- To check: ${code(reason.check)}`, `- To change it: ${code(reason.change)}`);
  if (reason.blind) lines.push(`- Cannot be seen: ${reason.blind}`);
  return `${lines.join('\n')}\n`;
}

/** Commands and sysctls stand out; prose stays prose. */
function code(text: string): string {
  return text
    .split('; ')
    .map((part) => (/^(ip|nft|tc|sysctl|tcpdump) /.test(part) ? part.replace(/^[^(:]*[^(: ]/, '`$&`') : part))
    .join('; ');
}

const introduction = [
  '# Verdicts',
  '',
  'Made by `make docs` from the table of reasons (`src/decision/reasons.ts`), which also feeds `arpwhy reasons`,',
  'the text view and the JSON contract. DEV, TARGET and SENDER stand for what the decision shows, PREFIX and TABLE',
  'for what its `because` shows. Run the commands in the namespace that the decision names: `ip netns exec NETNS ...`.',
  'Sysctls are written with slashes, because a dot in the name of a device (bond0.90) would be read as one.',
  '',
  'Every request that the kernel handles ends in one verdict: an action and the one reason for it. The kernel goes',
  'through its gates in a fixed order, and the first one that closes is the reason, also where later ones would have',
  'closed as well. Where a lookup justified the verdict, the decision names the step (`because`): the rule, the table,',
  'the matched route. Settings are shown as the kernel read them, with their scope: `all` and `dev`. Of most, either',
  'scope switches it on; of `rp_filter`, `arp_ignore` and `arp_accept` the greater value counts; `forwarding` and',
  '`medium_id` count by device alone. What follows the order of the gates is sorted by subject.',
  '',
];

/** The order of arp_rcv and arp_process (net/ipv4/arp.c) and ip_route_input_slow (net/ipv4/route.c). */
const order = [
  '## The order of the gates',
  '',
  '1. On the way in: XDP, tc ingress and netdev hooks (`filtered-in`).',
  '2. The frame: `device-noarp`, `not-for-us`, `malformed` (cut short, other lengths); then the arp input hook',
  '   (`filtered-in`).',
  '3. The header: `ipv4-disabled`, `malformed` (other hardware or protocol), `target-invalid` (multicast, 127/8),',
  '   `gratuitous-dropped`.',
  '4. A sender of 0.0.0.0 is a probe: answered for an address of this host, else `probe-not-proxied`; `arp-ignore`.',
  '5. The addresses: `source-invalid` (martian), `target-invalid` (broadcast, 0.0.0.0).',
  '6. The routing lookup for the target: `no-route`, `unreachable`, `prohibited`, `blackholed`; a broadcast address',
  '   is `target-invalid`.',
  '7. For a local target: `source-invalid`, `arp-ignore`, `arp-filter`, `neighbour-table-full`; then the answer,',
  '   `local-address` or `local-route`.',
  '8. For any other: `forwarding-off`, `source-invalid`, `same-device`; then whoever says yes first answers:',
  '   `proxy-arp` (else `proxy-arp-off`, `medium-id`), `proxy-arp-pvlan` (else `self-probe`), `proxy-neighbour`. A',
  '   broadcast request is deferred first: `proxy-queue-full`, `proxy-queue-purged`.',
  '9. On the way out: the arp output hook, tc egress, a queue (`filtered-out`).',
  '',
];

const ending = [
  '## unknown',
  '',
  'Not a reason: it stands where the evidence leaves more than one, or none. `candidates` names those that are left.',
  'It is told rather than guessed: a rule or route changed in the same moment, a table is too large to read, another',
  'packet with the same addresses was on its way, or it is the first request from a namespace that was not seen',
  'before. A quiet second later it should be gone; where it stays,',
  '`arpwhy doctor` says what this kernel does not show.',
  '',
];
