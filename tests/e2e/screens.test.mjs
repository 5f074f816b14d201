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
const LOOKS = /** @type {const} */ ([['ko', 'light'], ['en', 'light'], ['ko', 'dark']]);
/** Screens whose parts are those of others: each size, language and theme once. */
const BRIEF = /** @type {const} */ ([['phone', 'ko', 'light'], ['phone', 'en', 'dark'], ['desktop', 'en', 'light'], ['tablet', 'ko', 'dark']]);
const SETTLE_MS = 300; // layout after the first measurement, the first frame of the painted streams

/**
 * @param {string} name @param {keyof typeof SIZES} size
 * @param {'ko' | 'en'} lang @param {'light' | 'dark'} theme
 */
async function look(name, size, lang, theme) {
  const opened = await fixtures.open(name, { size, lang, theme, keep: true });
  const { page } = opened;
  await page.waitForTimeout(SETTLE_MS);
  const what = `${name}-${size}-${lang}-${theme}`;
  await page.screenshot({ path: path.join(out, `${what}.png`) });
  const problems = [...opened.errors, ...await axeProblems(page)];
  const wide = await sideways(page);
  if (wide > 0) problems.push(`${wide} px too wide`);
  if (size === 'phone') problems.push(...await smallTargets(page));
  return problems.map((p) => `${what}: ${p}`);
}

for (const name of Object.keys(FIXTURES).filter((n) => !only || only.includes(n))) {
  test(`screen ${name}`, { timeout: 120_000 }, async () => {
    const sizes = /** @type {(keyof typeof SIZES)[]} */ (Object.keys(SIZES));
    const looks = FIXTURES[name]('ko').brief ? BRIEF
      : sizes.flatMap((size) => LOOKS.map(([lang, theme]) => /** @type {const} */ ([size, lang, theme])));
    const jobs = looks.map(([size, lang, theme]) => () => look(name, size, lang, theme));
    /** @type {string[]} */
    const problems = [];
    const run = async () => {
      for (let job = jobs.pop(); job; job = jobs.pop()) problems.push(...await job());
    };
    await Promise.all([run(), run(), run()]);
    assert.deepEqual(problems, []);
  });
}
