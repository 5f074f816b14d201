// A browser on the page drawn from fixture states (tests/web/fixtures): for screenshots, axe and the
// keyboard.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { serve } from '../web/fixtures/serve.mjs';

/** @typedef {import('playwright-core').Page} Page */
export const SIZES = /** @type {const} */ ({ phone: [360, 740], tablet: [820, 1180], desktop: [1440, 900] });
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * @typedef {object} Opened
 * @property {Page} page
 * @property {string[]} errors  console errors (what the CSP refuses is among them) and exceptions
 * @property {() => Promise<void>} close
 */

export async function openFixtures() {
  const server = await serve(0);
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
  /** @type {Map<string, Opened>} */
  const kept = new Map();
  /**
   * @param {string} key @param {keyof typeof SIZES} size
   * @param {string} lang @param {'light' | 'dark'} theme
   */
  const newPage = async (key, size, lang, theme) => {
    const [width, height] = SIZES[size];
    const phone = size === 'phone';
    const context = await browser.newContext({
      viewport: { width, height }, colorScheme: theme, locale: lang, reducedMotion: 'reduce', hasTouch: phone,
      isMobile: phone, timezoneId: 'Asia/Seoul',
    });
    const page = await context.newPage();
    /** @type {Opened} */
    const opened = { page, errors: [], close: async () => { if (!kept.has(key)) await context.close(); } };
    page.on('console', (m) => { if (m.type() === 'error') opened.errors.push(`console: ${m.text()}`); });
    page.on('pageerror', (e) => opened.errors.push(e.message));
    return opened;
  };
  return {
    /**
     * keep: the same page for all of this size, language and theme, so that its modules are in the cache.
     * @param {string} name
     * @param {{ size?: keyof typeof SIZES, lang?: 'ko' | 'en', theme?: 'light' | 'dark',
     *   keep?: boolean }} [o]
     * @returns {Promise<Opened>}
     */
    async open(name, { size = 'desktop', lang = 'en', theme = 'light', keep = false } = {}) {
      const key = `${size} ${lang} ${theme}`;
      const opened = (keep && kept.get(key)) || await newPage(key, size, lang, theme);
      if (keep) kept.set(key, opened);
      opened.errors = [];
      await opened.page.goto(`http://127.0.0.1:${port}/?state=${name}&lang=${lang}`);
      await opened.page.waitForSelector('#main');
      return opened;
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}

/** The serious findings of axe-core. @param {Page} page @returns {Promise<string[]>} */
export async function axeProblems(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() => /** @type {any} */ (window).axe.run(document,
    { resultTypes: ['violations'] }));
  return found.violations.filter((/** @type {any} */ v) => v.impact === 'serious' || v.impact === 'critical')
    .map((/** @type {any} */ v) => `axe ${v.id} (${v.impact}): ${
      v.nodes.slice(0, 3).map((/** @type {any} */ n) => n.target.join(' ')).join(' | ')}`);
}

/** How many pixels the page is too wide. @param {Page} page */
export const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/** What a finger would miss: less than 44 px. Links inside text are excepted, as WCAG does.
 *  @param {Page} page */
export const smallTargets = (page) => page.evaluate(() => {
  const top = document.querySelector('dialog[open]') ?? document;
  return [...top.querySelectorAll('button, a[href], input, select, textarea')].flatMap((el) => {
    const r = (el.closest('label') ?? el).getBoundingClientRect();
    const skipped = r.width === 0 || getComputedStyle(el).visibility === 'hidden' || el.classList.contains('unseen')
      || el.closest('.bubble');
    const large = r.width >= 43.5 && r.height >= 43.5;
    return skipped || large ? [] : [`small: ${el.tagName} ${el.className} ${Math.round(r.width)}x${Math.round(r.height)}`];
  });
});
