// screens.mjs [NAME ...]: a picture of each screen at three sizes, in both languages, light and dark, from
// the fixture states, into build/artifacts/screens; and what axe-core says about each. Fails on a serious
// finding of axe, on an error in the console (a broken CSP too) and on a page that scrolls sideways.
// --quick: one theme and language each in turn.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serve } from '../web/fixtures/serve.mjs';
import { FIXTURES } from '../web/fixtures/states.mjs';

const SIZES = /** @type {[string, number, number][]} */ ([['phone', 360, 740], ['tablet', 820, 1180], ['desktop', 1440, 900]]);
const out = fileURLToPath(new URL('../../build/artifacts/screens/', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const args = process.argv.slice(2);
const quick = args.includes('--quick');
const names = args.filter((a) => !a.startsWith('--'));
const wanted = names.length > 0 ? names : Object.keys(FIXTURES);
mkdirSync(out, { recursive: true });

const server = await serve(0);
const port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
/** @type {string[]} */
const problems = [];
let shots = 0;

/** @param {import('playwright-core').Page} page @param {string} what */
async function check(page, what) {
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (sideways > 0) problems.push(`${what}: ${sideways} px too wide`);
  await page.evaluate(axe);
  const found = await page.evaluate(() => /** @type {any} */ (window).axe.run(document,
    { resultTypes: ['violations'] }));
  for (const v of found.violations) {
    if (v.impact !== 'serious' && v.impact !== 'critical') continue;
    problems.push(`${what}: axe ${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((/** @type {any} */ n) => n.target.join(' ')).join(' | ')}`);
  }
}

/** Touch targets of at least 44 px. @param {import('playwright-core').Page} page @param {string} what */
async function targets(page, what) {
  const small = await page.evaluate(() => {
    const top = document.querySelector('dialog[open]') ?? document;
    return [...top.querySelectorAll('button, a[href], input, select, textarea, [role="button"]')].flatMap((el) => {
      const label = el.closest('label');
      const r = (label ?? el).getBoundingClientRect();
      const hidden = r.width === 0 || getComputedStyle(el).visibility === 'hidden' || el.classList.contains('unseen') || el.closest('.bubble');
      return hidden || (r.width >= 43.5 && r.height >= 43.5) ? [] : [`${el.tagName} ${el.className} ${Math.round(r.width)}x${Math.round(r.height)}`];
    });
  });
  for (const s of small) problems.push(`${what}: small target ${s}`);
}

for (const [i, name] of wanted.entries()) {
  for (const [size, width, height] of SIZES) {
    for (const lang of /** @type {const} */ (['ko', 'en'])) {
      for (const theme of /** @type {const} */ (['light', 'dark'])) {
        if (quick && (lang === 'ko') !== (i % 2 === 0)) continue;
        if (quick && (theme === 'light') !== (i % 4 < 2)) continue;
        const what = `${name}-${size}-${lang}-${theme}`;
        const phone = size === 'phone';
        const context = await browser.newContext({
          viewport: { width, height }, colorScheme: theme, locale: lang, reducedMotion: 'reduce',
          hasTouch: phone, isMobile: phone, timezoneId: 'Asia/Seoul',
        });
        const page = await context.newPage();
        page.on('console', (m) => { if (m.type() === 'error') problems.push(`${what}: console: ${m.text()}`); });
        page.on('pageerror', (e) => problems.push(`${what}: ${e.message}`));
        await page.goto(`http://127.0.0.1:${port}/?state=${name}&lang=${lang}`);
        await page.waitForSelector('#main');
        await page.waitForTimeout(350);
        await page.screenshot({ path: `${out}${what}.png` });
        if (theme === 'light' || !quick) await check(page, what);
        if (phone) await targets(page, what);
        shots++;
        await context.close();
      }
    }
  }
}
await browser.close();
server.close();
for (const p of new Set(problems)) console.log(p);
console.log(`${shots} pictures, ${new Set(problems).size} problems`);
process.exit(problems.length ? 1 : 0);
