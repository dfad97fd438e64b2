import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Decision } from '../../src/decision/types.js';
import { findingOf } from '../../src/recording/finding.js';
import { MergedReader } from '../../src/recording/merge.js';
import type { Entry } from '../../src/recording/reader.js';
import { Story } from '../../src/recording/story.js';
import { ReportClock } from '../../src/view/clock.js';
import { reportPage } from '../../src/view/report-html.js';
import { replied } from '../unit/example.js';

const incident = fileURLToPath(new URL('../../demo/incident.pcapng.gz', import.meta.url));
/** Without a display, without the sandbox that root cannot have, and without asking its maker for anything. */
const flags = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];
const hostileName = '"><img src=http://127.0.0.1:9/x onerror=alert(1)><script>window.pwned=1</script>\u202e';

let directory = '';
let browser: Browser;
const urls = { incident: '', hostile: '' };
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'arpwhy-page-'));
  urls.incident = written('incident', await recorded());
  urls.hostile = written('hostile', [hostile()]);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: flags,
  });
});
afterAll(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true, force: true });
});

async function recorded(): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const batch of new MergedReader([incident], { states: true }).batches()) entries.push(...batch);
  return entries;
}

/** A decision whose every name was chosen by a stranger. */
function hostile(): Entry {
  const event: Decision = {
    ...replied,
    host: hostileName,
    device: { index: 2, name: hostileName },
    netns: { inode: 1, name: hostileName },
    request: { ...replied.request, sender: { ip: hostileName, mac: hostileName } },
  };
  return { timeNs: 10n ** 18n, event, bytes: Buffer.alloc(0), evidence: null };
}

function written(name: string, entries: Entry[]): string {
  const story = new Story();
  for (const entry of entries) story.take(entry);
  story.finish();
  const clock = new ReportClock(true, story.firstNs ?? 0n, story.lastNs ?? 0n);
  const finding = findingOf(story, (ns) => clock.moment(ns));
  const path = join(directory, `${name}.html`);
  writeFileSync(path, reportPage({ story, finding, clock, files: ['a b.pcapng'], utc: true }));
  return String(pathToFileURL(path));
}

interface Opened {
  page: Page;
  /** What was said on the console, thrown, asked of the user, or fetched beside the page itself. */
  noise: string[];
}

let opened: Opened[] = [];
afterEach(async () => {
  for (const { page } of opened) await page.close();
  opened = [];
});

type Look = Parameters<Page['emulateMedia']>[0];

async function open(url: string, look: Look = {}, width = 1280): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  const noise: string[] = [];
  page.on('console', (message) => noise.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => noise.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    noise.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== url) noise.push(`request: ${request.url()}`);
  });
  const one = { page, noise };
  opened.push(one);
  await page.emulateMedia(look);
  await page.goto(url);
  return one;
}

const looks: [string, Look, number][] = [
  ['in light', { colorScheme: 'light' }, 1280],
  ['in dark', { colorScheme: 'dark' }, 1280],
  ['in print', { media: 'print', colorScheme: 'dark' }, 794],
  ['on a narrow screen', { colorScheme: 'light' }, 360],
];

describe('the page in a browser', () => {
  it.each(looks)('says nothing, fetches nothing, and fits %s', async (_look, look, width) => {
    const { page, noise } = await open(urls.incident, look, width);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(await page.locator('svg rect.rogue').count()).toBeGreaterThan(0);
    expect(noise).toEqual([]);
  });

  it.each(looks)('can be read %s: text stands out from what is behind it', async (_look, look, width) => {
    const { page } = await open(urls.incident, look, width);
    const faint = await page.evaluate(faintTexts);
    expect(faint).toEqual([]);
  });

  it('is printed in ink on paper, addresses included', async () => {
    const { page } = await open(urls.incident, { media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  });

  it('holds to its policy: what would run or be fetched is refused', async () => {
    const { page, noise } = await open(urls.incident);
    let fetched = 0;
    const server = createServer((_request, response) => {
      fetched++;
      response.end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await page.evaluate((url) => {
      const script = document.createElement('script');
      script.textContent = 'window.pwned = 1';
      const image = new Image();
      image.src = url;
      const style = document.createElement('style');
      style.textContent = 'body { display: none }';
      document.body.append(script, image, style);
    }, `http://127.0.0.1:${port}/x.png`);
    await expect.poll(() => noise.filter((one) => /Content Security Policy/.test(one)).length).toBe(3);
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(await page.evaluate('getComputedStyle(document.body).display')).toBe('block');
    await new Promise((resolve) => server.close(resolve));
    expect(fetched).toBe(0);
  });

  it('shows what strangers wrote as text, and runs none of it', async () => {
    const { page, noise } = await open(urls.hostile);
    expect(await page.locator('img, script, iframe, object, embed').count()).toBe(0);
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    const text = await page.locator('main').innerText();
    expect(text).toContain('"><img src=http://127.0.0.1:9/x onerror=alert(1)><script>');
    expect(text).not.toContain('\u202e');
    expect(noise).toEqual([]);
  });

  it('is walked through by keyboard: every link and every fold is reached, seen, and does what it says', async () => {
    const { page, noise } = await open(urls.incident);
    const stops = await page
      .locator('a[href], summary')
      .evaluateAll((all) => all.filter((one) => one.checkVisibility()).length);
    expect(stops).toBeGreaterThan(10);
    for (let i = 0; i < stops; i++) {
      await page.keyboard.press('Tab');
      const focus = await page.evaluate(() => {
        const one = document.activeElement;
        return one && { tag: one.tagName, outline: getComputedStyle(one).outlineStyle };
      });
      expect(focus, `stop ${i + 1} of ${stops}`).toMatchObject({
        tag: expect.stringMatching(/^(a|summary)$/i),
      });
      expect(focus?.outline, `stop ${i + 1} of ${stops}`).not.toBe('none');
    }
    // the last stop is the last group's samples
    const samples = page.locator('details').last();
    expect(await samples.getAttribute('open')).toBeNull();
    await page.keyboard.press('Enter');
    expect(await samples.getAttribute('open')).not.toBeNull();
    await page.locator('nav a').first().focus();
    await page.keyboard.press('Enter');
    expect(page.url()).toBe(`${urls.incident}#finding`);
    expect(noise).toEqual([]);
  });

  it('leads from every figure to a place that is there', async () => {
    const { page } = await open(urls.incident);
    const missing = await page
      .locator('a[href^="#"]')
      .evaluateAll((links) =>
        links.map((link) => link.getAttribute('href') ?? '').filter((at) => !document.querySelector(at)),
      );
    expect(missing).toEqual([]);
  });
});

/** Runs in the page: texts whose contrast to their background is less than 4.5 to 1 (WCAG AA), with it. */
function faintTexts(): string[] {
  const partsOf = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const light = (color: string) => {
    const [r = 0, g = 0, b = 0] = partsOf(color).map((part) => {
      const c = part / 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const isClear = (color: string) => partsOf(color)[3] === 0;
  const faint: string[] = [];
  for (const one of document.querySelectorAll('body *:not(svg *)')) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
    if (!own || !one.checkVisibility()) continue;
    let behind: Element | null = one;
    while (behind && isClear(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    const back = behind ? getComputedStyle(behind).backgroundColor : 'rgb(255, 255, 255)';
    const [a, b] = [light(getComputedStyle(one).color), light(back)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push(`${contrast.toFixed(1)} ${one.tagName} ${one.textContent?.slice(0, 40)}`);
  }
  return faint;
}
