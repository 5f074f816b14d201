// A picture of each screen at three sizes, in both languages, and in the dark, into
// build/artifacts/screens; nothing serious for axe-core, no error in the console, nothing wider than the
// window, nothing too small for a finger on the phone.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { SIZES, axeProblems, openFixtures, sideways, smallTargets } from '../lib/fixture_page.mjs';
import { FIXTURES } from '../web/fixtures/states.mjs';

const out = path.join(process.env.MADANG_ARTIFACTS ?? 'build/artifacts', 'screens');
mkdirSync(out, { recursive: true });
const fixtures = await openFixtures();
after(() => fixtures.close());
const only = process.env.SCREENS ? process.env.SCREENS.split(',') : null;
/** Language and themes: the page is the same in the other theme, so it is loaded once for both. */
const LOOKS = /** @type {Look[]} */ ([['ko', ['light', 'dark']], ['en', ['light']]]);
/** Screens whose parts are those of others: each size, language and theme once. */
const BRIEF = /** @type {[keyof typeof SIZES, ...Look][]} */ ([['phone', 'ko', ['light']], ['phone', 'en', ['dark']], ['desktop', 'en', ['light']],
  ['tablet', 'ko', ['dark']]]);
const SETTLE_MS = 300; // layout after the first measurement, the first frame of the painted streams

/** @typedef {['ko' | 'en', ('light' | 'dark')[]]} Look */

/**
 * @param {string} name @param {keyof typeof SIZES} size
 * @param {'ko' | 'en'} lang @param {('light' | 'dark')[]} themes
 */
async function look(name, size, lang, themes) {
  const opened = await fixtures.open(name, { size, lang, theme: themes[0], keep: true });
  const { page } = opened;
  const problems = [];
  for (const theme of themes) {
    if (theme !== themes[0]) await page.emulateMedia({ colorScheme: theme });
    await page.waitForTimeout(SETTLE_MS);
    const what = `${name}-${size}-${lang}-${theme}`;
    await page.screenshot({ path: path.join(out, `${what}.png`) });
    const found = await axeProblems(page);
    const wide = await sideways(page);
    if (wide > 0) found.push(`${wide} px too wide`);
    if (size === 'phone') found.push(...await smallTargets(page));
    problems.push(...found.map((p) => `${what}: ${p}`));
  }
  if (themes.length > 1) await page.emulateMedia({ colorScheme: themes[0] });
  return [...problems, ...opened.errors.map((e) => `${name}-${size}-${lang}: ${e}`)];
}

for (const name of Object.keys(FIXTURES).filter((n) => !only || only.includes(n))) {
  test(`screen ${name}`, { timeout: 120_000 }, async () => {
    const sizes = /** @type {(keyof typeof SIZES)[]} */ (Object.keys(SIZES));
    const looks = FIXTURES[name]('ko').brief ? BRIEF
      : sizes.flatMap((size) => LOOKS.map(([lang, themes]) => /** @type {const} */ ([size, lang, themes])));
    const jobs = looks.map(([size, lang, themes]) => () => look(name, size, lang, themes));
    /** @type {string[]} */
    const problems = [];
    const run = async () => {
      for (let job = jobs.pop(); job; job = jobs.pop()) problems.push(...await job());
    };
    await Promise.all([run(), run(), run()]);
    assert.deepEqual(problems, []);
  });
}
