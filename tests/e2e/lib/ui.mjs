// What tests of the page itself share: the sentences in both languages, problems with their button, people
// who are only a connection, the accessibility tree, and pages that complain of nothing.
import assert from 'node:assert/strict';
import { Client } from '../../lib/client.mjs';
import { translator } from '../../../web/i18n/index.js';

/** @typedef {import('./browser.mjs').Page} Page */
/** @typedef {'ko' | 'en'} Lang */
export const LANGS = /** @type {const} */ (['ko', 'en']);
export const words = { ko: translator('ko'), en: translator('en') };

/**
 * A problem is said, by its sentence in this language, and has one thing to press.
 * @param {Page} page @param {Lang} lang @param {string} code
 * @param {{device?: string, remedy?: string, within?: string}} [o]  device: key of its name
 * @returns {Promise<string>} selector of the button
 */
export async function problem(page, lang, code, { device = 'device.any', remedy, within = '' } = {}) {
  const at = `${within} [data-problem="${code}"]`;
  await page.see(at);
  const sentence = words[lang](`error.${code}`, { device: words[lang](device), count: 4 });
  // A first trouble may become a wider one: the microphone alone, then the camera as well.
  await holds(page, at, sentence);
  // Where the sentence stands by itself, its button stands beside it.
  const buttons = await page.eval((s) => {
    const said = document.querySelector(s);
    const all = said?.querySelectorAll('.btn').length ? said.querySelectorAll('.btn') : said?.parentElement?.querySelectorAll(':scope > .btn') ?? [];
    return [...all].map((b) => ({ text: b.textContent?.trim(), remedy: /** @type {HTMLElement} */ (b).dataset.remedy ?? (b.hasAttribute('href') ? 'https' : ''),
      disabled: /** @type {HTMLButtonElement} */ (b).disabled }));
  }, at);
  if (remedy) {
    assert.equal(buttons.length, 1, `one thing to press for ${code}: ${JSON.stringify(buttons)}`);
    assert.equal(buttons[0].remedy, remedy);
    assert.equal(buttons[0].text, words[lang](`do.${remedy}`));
    assert.equal(buttons[0].disabled ?? false, false);
  }
  return remedy === 'https' ? `${at} a` : `${at} [data-remedy], ${at} ~ [data-remedy]`;
}

/** Waits for exactly this text. @param {Page} page @param {string} selector @param {string} text @param {number} [ms] */
export const reads = (page, selector, text, ms) => page.until(({ selector, text }) =>
  [...document.querySelectorAll(selector)].some((e) => e.textContent?.replace(/\s+/g, ' ').trim() === text),
{ selector, text }, { ms, what: `${selector} reads "${text}"` });

/** Text is somewhere in it. @param {Page} page @param {string} selector @param {string} text @param {number} [ms] */
export const holds = (page, selector, text, ms) => page.until(({ selector, text }) =>
  [...document.querySelectorAll(selector)].some((e) => e.textContent?.replace(/\s+/g, ' ').includes(text)),
{ selector, text }, { ms, what: `${selector} holds "${text}"` });

/**
 * Somebody who is only a connection: cheap company for a page.
 * @param {import('../../lib/server.mjs').Server} server @param {string} name
 */
export async function guest(server, name) {
  const c = await new Client(server).open();
  await c.hello({ name });
  return Object.assign(c, {
    /** @param {object} [fields] @returns {Promise<string>} the room */
    create: async (fields = {}) => (await c.must('create', { media: false, ...fields })).room.room,
    /** @param {string} room @param {object} [fields] */
    join: (room, fields = {}) => c.must('join', { room, media: false, ...fields }),
  });
}
/** @typedef {Awaited<ReturnType<typeof guest>>} Guest */

/** What a page wrote to its console that it should not have. @param {Page} page @param {RegExp} [expected] */
export const complaints = (page, expected = /^$/) => page.logs
  .filter((l) => /^[\d.]+ (error|warning|exception|warn):?/.test(l) && !expected.test(l));

/** Roles that people act on: each needs a name. */
const ACTED = new Set(['button', 'link', 'textbox', 'searchbox', 'combobox', 'checkbox', 'switch', 'radio', 'menuitem',
  'menuitemradio', 'slider', 'spinbutton', 'dialog', 'img', 'image', 'main', 'log', 'menu', 'progressbar', 'ProgressIndicator', 'Video']);

/**
 * The accessibility tree as a screen reader has it (Chromium): role, name and what is set.
 * @param {Page} page @returns {Promise<{role: string, name: string, props: Record<string, any>}[]>}
 */
export async function accessible(page) {
  const cdp = await page.raw.context().newCDPSession(page.raw);
  try {
    const { nodes } = await cdp.send('Accessibility.getFullAXTree');
    return nodes.filter((/** @type {any} */ n) => !n.ignored && n.role).map((/** @type {any} */ n) => ({
      role: n.role.value, name: n.name?.value ?? '',
      props: Object.fromEntries((n.properties ?? []).map((/** @type {any} */ p) => [p.name, p.value?.value])),
    }));
  } finally {
    await cdp.detach();
  }
}

/** Each control has a name. @param {Page} page @param {string} where */
export async function allNamed(page, where) {
  const tree = await accessible(page);
  const nameless = tree.filter((n) => ACTED.has(n.role) && !n.name.trim() && n.role !== 'main');
  assert.deepEqual(nameless, [], `${where}: without a name`);
  return tree;
}

/** Notes every violation of the content security policy from the start. Runs in the page. */
export function watchCsp() {
  const w = /** @type {any} */ (window);
  w.csp = [];
  document.addEventListener('securitypolicyviolation', (e) => w.csp.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
}
