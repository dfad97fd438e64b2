import { spawnIp } from './ip.js';
import type { NetnsPlace } from './netns.js';

/** Each is a process: in a scan most are not asked. */
const mostAtOnce = 4;

/** What the tables of a namespace say now, as `ip route get` prints it; a few questions at a time. */
export class RouteNow {
  #asking = 0;
  #closed = false;

  /**
   * "10.2.0.5 via 10.1.0.1 dev in0 src 10.1.0.9", or what `ip` said instead; null when it could not be asked, or too
   * much is being asked.
   */
  async ask(place: NetnsPlace, target: string, mark = 0): Promise<string | null> {
    if (this.#closed || this.#asking >= mostAtOnce) return null;
    this.#asking++;
    try {
      const child = spawnIp(place, [
        '-4',
        '-o',
        'route',
        'get',
        target,
        ...(mark === 0 ? [] : ['mark', String(mark)]),
      ]);
      if (!child) return null;
      child.stdin.end();
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8');
      });
      let text = '';
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) text += chunk.toString('utf8');
      const [line = ''] = (text || said).split(/[\\\n]/);
      return line.replace(/ uid \d+/, '').trim() || null;
    } catch {
      return null;
    } finally {
      this.#asking--;
    }
  }

  close(): void {
    this.#closed = true;
  }
}
