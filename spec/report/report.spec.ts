import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { headgate } from 'headgate';
import { type GateRecord, record, report } from 'headgate/report';
import type { Browser, Page } from 'playwright-core';
import { Bins, Occupancy } from '../../lib/report/occupancy.ts';
import { summaryOf } from '../../lib/report/summary.ts';
import { chromiumMissing, openChromium } from '../support/chromium.ts';
import { ASSETS, assets } from './page.ts';
import { generatedRecord } from './scene.ts';

/** Maximum size of the page without its data, in kB. */
const MAX_PAGE = 120;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe('Occupancy', () => {
  it('is the mean of what goes on in each bin', () => {
    const occupancy = new Occupancy(new Bins(0, 40, 4));
    occupancy.add(5, 25); // half, whole, half
    occupancy.add(12, 14);
    occupancy.add(-100, 100);
    occupancy.add(50, 60);
    expect(occupancy.means()).to.deep.equal([1.5, 2.2, 1.5, 1]);
  });
});

describe("A report's page", () => {
  it('is made of its sources', async () => {
    expect(readFileSync(ASSETS, 'utf8')).to.equal(await assets());
  });

  it('takes at most 120 kB beside its data, and loads nothing', () => {
    const page = report(generatedRecord(0));
    expect(page.length / 1000).to.be.below(MAX_PAGE);
    expect(page).to.not.match(/(?:src|href)=["']?(?:https?:)?\/\//);
  });

  it('cannot be broken out of by what a server or a URL says', () => {
    const [call] = generatedRecord(1).calls;
    const evil = '</script><img src=x onerror=alert(1)>';
    const page = report(
      { ...generatedRecord(0), calls: [{ ...call, url: evil, code: evil, reason: 'terminal' } as never] },
      { title: evil },
    );
    expect(page).to.not.include('<img');
  });

  it('shows no more than 2,000 failures and 20 quotas, and says how many more there are', () => {
    const one = generatedRecord(30_000);
    const summary = summaryOf(
      { ...one, calls: one.calls.map((call, n) => ({ ...call, quota: `q${n % 50}` })) },
      't',
    );
    expect(summary.failures).to.have.length(2000);
    expect(summary).to.include({ moreFailures: 1000, moreQuotas: 31 });
  });

  it('names the bottleneck, what failed and the ID that support asks for', () => {
    const { advice } = summaryOf(generatedRecord(1000), 't');
    expect(advice[0]).to.match(
      /^100 calls failed with Forbidden\. The role is missing\. .*correlation ID id-993\.$/,
    );
    expect(advice[1]).to.equal('GET /machines was closed 62 % of the time: 100 per 1 min is the bottleneck.');
  });

  it('of a quiet gate says that nothing needs to change', async () => {
    const gate = headgate();
    const recording = record(gate);
    await gate.fetch(async () => new Response('{}'))('https://api.example.com/');
    expect(summaryOf(await recording.stop(), 't').advice).to.deep.equal([
      'No quota held calls back for long, and none failed: nothing needs to change.',
    ]);
    await gate.close();
  });

  it('tells of calls that had not ended', async () => {
    const gate = headgate();
    const recording = record(gate);
    const open = gate.fetch(() => new Promise(() => undefined))('https://api.example.com/', {
      headgate: { deadline: 50 },
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(summaryOf(recording.record, 't').advice).to.deep.equal([
      '1 call had not ended at the end of the record.',
    ]);
    await open.catch(() => undefined);
    await gate.close();
  });
});

describe("A report's page in a browser", function () {
  this.timeout(60_000);
  let browser: Browser;
  let folder: string;
  let complaints: string[];

  before(async function () {
    if (chromiumMissing) {
      console.warn(chromiumMissing);
      return this.skip();
    }
    browser = await openChromium();
    folder = await mkdtemp(path.join(tmpdir(), 'headgate-report-'));
  });
  after(async () => {
    await browser?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  async function open(shown: GateRecord, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
    const file = path.join(folder, 'page.html');
    await writeFile(file, report(shown));
    const page = await browser.newPage({ colorScheme });
    complaints = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) complaints.push(request.url());
    });
    await page.goto(`file://${file}`);
    return page;
  }

  it('shows the numbers of the record', async () => {
    const page = await open(generatedRecord(1000));
    const numbers = await page.locator('.numbers dd').allInnerTexts();
    expect(numbers.map((text) => text.split('\n')[0])).to.deep.equal([
      '1,000',
      '900',
      '100',
      '1,250',
      '250',
      '643 ms',
    ]);
    expect(await page.locator('section.quota h3').allInnerTexts()).to.deep.equal([
      'GET /machines',
      'GET /alerts',
    ]);
    expect(await page.locator('canvas').count()).to.equal(2);
    expect(await page.locator('details.call').count()).to.equal(20);
    expect(complaints).to.deep.equal([]);
    await page.close();
  });

  it('finds a failed call by its code, its URL and its correlation ID', async () => {
    const page = await open(generatedRecord(3000));
    const rows = page.locator('.scroll tbody tr:not(.inner)');
    expect(await rows.count()).to.equal(100);
    await page.getByRole('button', { name: 'Show more' }).click();
    expect(await rows.count()).to.equal(200);
    await page.getByRole('searchbox').fill('forbidden machines/1503 ID-1503');
    expect(await rows.count()).to.equal(1);
    await page.getByRole('button', { name: /GET .*machines\/1503/ }).click();
    expect(await page.locator('tr.inner').innerText()).to.include('The role is missing.');
    await page.getByRole('searchbox').fill('nothing like it');
    expect(await page.getByRole('status').innerText()).to.equal('0 failed calls');
    expect(complaints).to.deep.equal([]);
    await page.close();
  });

  it('is read and zoomed with the keyboard, and changes its theme', async () => {
    const page = await open(generatedRecord(1000));
    await page.locator('.chart').first().focus();
    await page.keyboard.press('ArrowRight');
    const said = page.locator('.said').first();
    expect(await said.innerText()).to.match(/: [\d.]+ queued, [\d.]+ in flight, \d+ refused/);
    await page.keyboard.press('+');
    await page.keyboard.press('Escape');
    const back = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const before = await back();
    await page.getByRole('button', { name: 'Light or dark' }).click();
    expect(await back()).to.not.equal(before);
    expect(complaints).to.deep.equal([]);
    await page.close();
  });

  for (const theme of ['light', 'dark'] as const)
    it(`has no fault of accessibility that axe knows (${theme})`, async () => {
      const page = await open(generatedRecord(1000), theme);
      await page.evaluate(axe);
      const violations = await page.evaluate<{ id: string; nodes: { html: string }[] }[]>(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes: nodes.slice(0, 3).map(({ html }) => html) })))',
      );
      expect(violations).to.deep.equal([]);
      await page.close();
    });

  it('of 100,000 attempts holds less than 2 MB and draws all quotas', async () => {
    const record = generatedRecord(80_000);
    expect(report(record).length).to.be.below(2e6);
    const page = await open(record);
    expect(await page.locator('canvas').count()).to.equal(2);
    expect((await page.locator('.numbers dd').allInnerTexts())[3]).to.match(/^100,000/);
    expect(complaints).to.deep.equal([]);
    await page.close();
  });

  it('of an empty record says so', async () => {
    const page = await open({ ...generatedRecord(0), from: 0, to: 0, pauses: [], samples: [] });
    expect(await page.locator('body').innerText())
      .to.include('The record is empty')
      .and.include('No call was recorded');
    expect(complaints).to.deep.equal([]);
    await page.close();
  });
});
