import type { NeighbourEventTold } from '../../../src/decision/neighbour/types.js';

/** The telling parts of an event in one line. */
export function brief(event: NeighbourEventTold): string {
  switch (event.schema) {
    case 'arpwhy.learning/1': {
      const { verdict, claim, moved, entry, asked } = event;
      const words = [verdict.action, verdict.reason];
      if (verdict.detail !== null) words.push(`(${verdict.detail})`);
      if (verdict.candidates) words.push(`[${verdict.candidates.join(' ')}]`);
      words.push(claim.ip);
      words.push(`${entry.met?.state ?? 'none'}>${entry.left?.state ?? 'none'}`);
      if (moved) words.push(`${tail(moved.from)}>${tail(moved.to)}`);
      if (asked) words.push(`asked by ${asked.by}`);
      return words.join(' ');
    }
    case 'arpwhy.solicitation/1': {
      const { end, cause, request, because, steps, sent, packet } = event;
      const words = [
        end.outcome,
        cause.code,
        request.target.ip,
        'dev',
        event.device.name,
        'from',
        request.sender.ip,
      ];
      if (cause.process) words.push(`by ${cause.process.command}`);
      if (packet) words.push(`for ${packet.source}>${packet.target}`);
      if (packet?.from) words.push(`in ${packet.from.name}`);
      const step = because === null ? null : steps[because];
      if (step) {
        const { route } = step;
        words.push(`because ${route?.prefix} dev ${route?.device?.name}`);
        if (route?.gateway) words.push(`via ${route.gateway}`);
        words.push(`table ${(route?.table ?? step.table)?.name ?? step.table?.id}`);
        if (step.rule) words.push(`rule ${step.rule.priority}`);
      }
      words.push(`tries ${sent.length}`);
      if (end.waited !== null) words.push(`waited ${end.waited} lost ${end.lost}`);
      return words.join(' ');
    }
    case 'arpwhy.neighbour/1': {
      const { entry, cause } = event;
      const words = [cause.code, entry.ip, `${entry.was?.state ?? 'none'}>${entry.is?.state ?? 'gone'}`];
      if (cause.process) words.push(`by ${cause.process.command}`);
      return words.join(' ');
    }
  }
}

function tail(mac: string): string {
  return mac.slice(-5);
}
