import { changeWords, eventTimes } from '../recording/change-words.js';
import { duration } from '../recording/episode-words.js';
import type { Finding } from '../recording/finding.js';
import { justificationText } from '../recording/justification.js';
import { addressesText, type Group, type Story } from '../recording/story.js';
import type { ReportClock } from './clock.js';
import { escapeText } from './escape.js';
import type { Style } from './style.js';
import { markWords } from './top/marks.js';
import { wrap } from './wrap.js';

const mostRows = 20;

/** The report for a terminal. */
export function reportText(
  story: Story,
  finding: Finding,
  clock: ReportClock,
  style: Style,
  columns: number,
): string {
  const lines: string[] = [];
  const paragraph = (text: string, indent = '') => {
    for (const line of wrap(escapeText(text), columns - indent.length)) lines.push(indent + line);
  };
  const heading = (text: string) => lines.push('', style('bold', text));
  lines.push(style('bold', escapeText(finding.headline)));
  for (const text of finding.paragraphs) {
    lines.push('');
    paragraph(text);
  }
  for (const text of finding.caveats) {
    lines.push('');
    paragraph(`Note: ${text}`);
  }
  heading('What was recorded');
  for (const line of summary(story, clock)) paragraph(line, '  ');
  if (story.changes.length > 0) {
    heading('What changed');
    for (const { event, timeNs } of story.changes.slice(0, mostRows)) {
      const where = event.netns.name ?? `namespace ${event.netns.inode}`;
      paragraph(
        `${eventTimes(event, timeNs, (ns) => clock.moment(ns))} ${where}: ${changeWords(event.changes, event.more)}`,
        '  ',
      );
    }
    const left = story.changes.length - mostRows + story.moreChanges;
    if (left > 0) lines.push(`  and ${left} more`);
  }
  heading('Why');
  const groups = story.sorted();
  for (const group of groups.slice(0, mostRows)) {
    paragraph(groupLine(group, clock), '  ');
    for (const words of markLines(story, group)) paragraph(words, '    ');
  }
  if (groups.length > mostRows) lines.push(`  and ${groups.length - mostRows} more`);
  return `${lines.join('\n')}\n`;
}

/** "! by a default route" */
export function markLines(story: Story, group: Group): string[] {
  const [first] = group.samples;
  return first ? story.marks(group).map((mark) => markWords(mark, first)) : [];
}

export function summary(story: Story, clock: ReportClock): string[] {
  const { firstNs, lastNs } = story;
  const when =
    firstNs === null || lastNs === null
      ? 'nothing'
      : `${clock.date(firstNs)}, ${clock.moment(firstNs)} to ${clock.moment(lastNs)} (${duration(lastNs - firstNs)})`;
  const hosts = [...story.hosts.values()].map(
    ({ hostname, kernel, tier, version }) => `${hostname}, kernel ${kernel}, ${tier} tier, arpwhy ${version}`,
  );
  const answered = [...story.groups.values()]
    .filter(({ justification }) => justification.action === 'replied')
    .reduce((sum, { count }) => sum + count, 0);
  return [
    `time: ${when}`,
    ...hosts.map((host) => `host: ${host}`),
    `requests: ${story.decisions} decided, ${answered} answered${story.lost > 0 ? `, ${story.lost} lost` : ''}`,
  ];
}

function groupLine(group: Group, clock: ReportClock): string {
  const { justification, count, firstNs, lastNs } = group;
  const { action, reason, device, netns } = justification;
  const text = justificationText(justification);
  const because = text === reason ? '' : ` because of ${text}`;
  const where = [netns.name, device.name ?? device.index].filter((name) => name !== null).join(' ');
  return `${count} ${action} ${reason} on ${where}${because}: ${addressesText(group)}, ${clock.moment(firstNs)} to ${clock.moment(lastNs)}`;
}
