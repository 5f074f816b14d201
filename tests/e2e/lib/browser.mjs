// Chromium and Firefox behind one small interface. Chromium is driven by playwright-core, Firefox by
// puppeteer-core over WebDriver BiDi; tests see only what stands here.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium, devices } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { sleep } from '../../lib/server.mjs';

/** @typedef {'chromium' | 'firefox'} Kind */
/**
 * @typedef {object} PageOptions
 * @property {string} [phone]  name of a device of playwright's list, e.g. 'Pixel 5' (Chromium only)
 * @property {string} [lang]  'ko' or 'en': the browser's language (Firefox: of the whole browser)
 * @property {[number, number]} [size]
 * @property {'light' | 'dark'} [theme]  Chromium only
 * @property {string[]} [permissions]  given in advance (Chromium only); default: none
 * @property {[(arg: any) => void, any][]} [init]  run in each document before its own scripts
 */
/**
 * A tab in a profile of its own (storage, channels, permissions). Waiting is bounded everywhere: `ms`.
 * @typedef {object} Page
 * @property {Kind} kind
 * @property {string[]} logs  what the page wrote to its console, and its exceptions
 * @property {any} raw  the tab as playwright or puppeteer knows it
 * @property {(url: string) => Promise<void>} goto
 * @property {() => Promise<void>} reload
 * @property {<A, R>(fn: (arg: A) => R | Promise<R>, arg?: A) => Promise<R>} eval
 * @property {<A, R>(fn: (arg: A) => R | Promise<R>, arg?: A,
 *   o?: {ms?: number, what?: string}) => Promise<R>} until  asks again and again until the answer is truthy;
 *   survives a navigation meanwhile
 * @property {(selector: string, ms?: number) => Promise<void>} see  it is there
 * @property {(selector: string, ms?: number) => Promise<void>} gone
 * @property {(selector: string, ms?: number) => Promise<void>} click
 * @property {(selector: string, text: string, enter?: boolean) => Promise<void>} fill  and press Enter
 * @property {(key: string) => Promise<void>} press
 * @property {(selector: string) => Promise<string>} text  of the first one, '' when there is none
 * @property {(selector: string) => Promise<number>} count
 * @property {(selector: string, files: string[]) => Promise<void>} setFiles
 * @property {(file: string) => Promise<void>} shot  a picture (PNG)
 * @property {(o?: {url?: string}) => Promise<Page>} sibling  another tab of the same profile
 * @property {() => Promise<void>} close
 */
/**
 * @typedef {object} Browser
 * @property {Kind} kind
 * @property {(o?: PageOptions) => Promise<Page>} open
 * @property {() => Promise<void>} close
 */

/** What a page may take; all machines of a test run may be busy. */
export const PATIENCE = Number(process.env.E2E_PATIENCE_MS ?? 30_000);

const CHROMIUM_ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
  '--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns', '--use-fake-device-for-media-stream=fps=10',
  '--auto-accept-this-tab-capture',
];

const FIREFOX_PREFS = {
  'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true, 'media.autoplay.default': 0,
  'media.peerconnection.ice.obfuscate_host_addresses': false, 'media.peerconnection.ice.loopback': true,
  'media.gmp-manager.updateEnabled': false, 'app.update.enabled': false, 'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false,
  'browser.safebrowsing.downloads.enabled': false, 'extensions.update.enabled': false, 'network.dns.disableIPv6': true,
  'browser.sessionstore.resume_from_crash': false,
  'media.videocontrols.picture-in-picture.video-toggle.enabled': false, 'dom.ipc.processCount': 4, 'network.trr.mode': 5,
};

/**
 * @param {Kind} kind
 * @param {object} [o]
 * @param {string[]} [o.args]  further flags (Chromium)
 * @param {Record<string, any>} [o.prefs]  further preferences (Firefox)
 * @param {string[]} [o.wrap]  program to run in place of the browser's, e.g. one that enters a namespace
 * @param {Record<string, string>} [o.env]
 * @param {string} [o.profile]  folder (Firefox)
 * @param {boolean} [o.trustAll]  default true: certificate errors are passed over
 * @returns {Promise<Browser>}
 */
export function launch(kind, o = {}) {
  return kind === 'chromium' ? launchChromium(o) : launchFirefox(o);
}

/** @param {NonNullable<Parameters<typeof launch>[1]>} o @returns {Promise<Browser>} */
async function launchChromium(o) {
  const browser = await chromium.launch({
    executablePath: o.wrap?.[0] ?? process.env.CHROMIUM ?? '/usr/bin/chromium',
    env: /** @type {Record<string, string>} */ ({ ...process.env, ...o.env }),
    args: [...CHROMIUM_ARGS, ...(o.args ?? [])],
  });
  return {
    kind: 'chromium',
    async open({ phone, lang = 'en', size, theme, permissions = [], init = [] } = {}) {
      const device = phone ? { ...devices[phone], defaultBrowserType: undefined } : {};
      const context = await browser.newContext({
        ignoreHTTPSErrors: o.trustAll ?? true, locale: lang, colorScheme: theme, reducedMotion: 'reduce', permissions,
        ...(size ? { viewport: { width: size[0], height: size[1] } } : {}), ...device,
      });
      context.setDefaultTimeout(PATIENCE);
      for (const [fn, arg] of init) await context.addInitScript(fn, arg);
      return playwrightPage(await context.newPage(), true);
    },
    close: () => browser.close(),
  };
}

/** @param {import('playwright-core').Page} tab @param {boolean} first @returns {Page} */
function playwrightPage(tab, first) {
  const logs = listen(tab);
  return {
    kind: 'chromium', logs, raw: tab,
    goto: async (url) => { await tab.goto(url, { waitUntil: 'domcontentloaded', timeout: PATIENCE }); },
    reload: async () => { await tab.reload({ waitUntil: 'domcontentloaded', timeout: PATIENCE }); },
    eval: (fn, arg) => tab.evaluate(/** @type {any} */ (fn), arg),
    fill: async (selector, text, enter = false) => {
      await tab.fill(selector, text);
      if (enter) await tab.press(selector, 'Enter');
    },
    click: (selector, ms = PATIENCE) => tab.click(selector, { timeout: ms }),
    press: (key) => tab.keyboard.press(key),
    setFiles: (selector, files) => tab.setInputFiles(selector, files),
    shot: async (file) => { await tab.screenshot({ path: file, timeout: 10_000 }); },
    sibling: async ({ url } = {}) => {
      const page = playwrightPage(await tab.context().newPage(), false);
      if (url) await page.goto(url);
      return page;
    },
    close: () => (first ? tab.context().close() : tab.close()),
    ...common(/** @type {any} */ ((/** @type {any} */ fn, /** @type {any} */ arg) => tab.evaluate(fn, arg))),
  };
}

/** @param {NonNullable<Parameters<typeof launch>[1]>} o @returns {Promise<Browser>} */
async function launchFirefox(o) {
  const browser = await puppeteer.launch({
    browser: 'firefox', headless: true, acceptInsecureCerts: o.trustAll ?? true, userDataDir: o.profile,
    executablePath: o.wrap?.[0] ?? process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    env: { ...process.env, ...o.env }, extraPrefsFirefox: { ...FIREFOX_PREFS, ...o.prefs },
    timeout: 3 * PATIENCE, protocolTimeout: 4 * PATIENCE,
  });
  // One window has the focus, and the others' fields get no focus and blur: hands go to one at a time.
  /** @type {Promise<any>} */
  let hand = Promise.resolve();
  /** @type {any} */
  let front = null;
  /** @type {Hand} */
  const use = (tab, fn) => {
    const done = hand.then(async () => {
      if (front !== tab) await tab.bringToFront();
      front = tab;
      return fn();
    });
    hand = done.catch(() => {});
    return done;
  };
  return {
    kind: 'firefox',
    async open({ size = [1280, 720], init = [] } = {}) {
      const context = await browser.createBrowserContext();
      const make = async (/** @type {boolean} */ first) => {
        // A window each: tabs behind others are throttled.
        const tab = await (hand = hand.then(() => context.newPage({ type: 'window' })));
        front = null;
        tab.setDefaultTimeout(PATIENCE);
        await tab.setViewport({ width: size[0], height: size[1] });
        for (const [fn, arg] of init) await tab.evaluateOnNewDocument(/** @type {any} */ (fn), arg);
        return puppeteerPage(tab, { first, make, context, use });
      };
      return make(true);
    },
    close: () => browser.close(),
  };
}

/** @typedef {<T>(tab: import('puppeteer-core').Page, fn: () => Promise<T>) => Promise<T>} Hand */
/**
 * @param {import('puppeteer-core').Page} tab
 * @param {{first: boolean, make: (first: boolean) => Promise<Page>, use: Hand,
 *   context: import('puppeteer-core').BrowserContext}} o
 * @returns {Page}
 */
function puppeteerPage(tab, { first, make, context, use }) {
  const logs = listen(tab);
  const shared = common(/** @type {any} */ ((/** @type {any} */ fn, /** @type {any} */ arg) => tab.evaluate(fn, arg)));
  return {
    kind: 'firefox', logs, raw: tab,
    goto: async (url) => { await tab.goto(url, { waitUntil: 'domcontentloaded', timeout: PATIENCE }); },
    reload: async () => { await tab.reload({ waitUntil: 'domcontentloaded', timeout: PATIENCE }); },
    eval: (fn, arg) => tab.evaluate(/** @type {any} */ (fn), arg),
    // By hand: puppeteer's own fill empties the field behind the page's back, and a page that draws itself
    // just then puts back what it knows.
    fill: (selector, text, enter = false) => use(tab, async () => {
      const field = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (
        await tab.waitForSelector(selector, { visible: true }));
      await field.focus();
      await field.evaluate((e) => e.select());
      if (text) await tab.keyboard.type(text);
      else await tab.keyboard.press('Delete');
      if (enter) await tab.keyboard.press('Enter');
    }),
    click: (selector, ms = PATIENCE) => use(tab, async () => {
      // As playwright: not before a click would meet it, and nothing that lies over it.
      await shared.until((s) => {
        const el = document.querySelector(s);
        el?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
        const r = el?.getBoundingClientRect();
        const at = r && document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
        return !!at && (el === at || el?.contains(at) || at.contains(/** @type {Element} */ (el)));
      }, selector, { ms, what: `${selector} can be clicked` });
      await tab.locator(selector).setTimeout(ms).click();
    }),
    press: (key) => use(tab, () => tab.keyboard.press(/** @type {any} */ (key))),
    setFiles: async (selector, files) => {
      const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (
        await tab.waitForSelector(selector));
      await input.uploadFile(...files);
    },
    shot: async (file) => { await tab.screenshot({ path: /** @type {`${string}.png`} */ (file) }); },
    sibling: async ({ url } = {}) => {
      const page = await make(false);
      if (url) await page.goto(url);
      return page;
    },
    close: () => (first ? context.close() : tab.close()),
    ...shared,
  };
}

/** @param {any} tab @returns {string[]} */
function listen(tab) {
  /** @type {string[]} */
  const logs = [];
  const start = Date.now();
  const add = (/** @type {string} */ text) => {
    if (logs.length < 5000) logs.push(`${((Date.now() - start) / 1000).toFixed(3)} ${text}`);
  };
  tab.on('console', (/** @type {any} */ m) => add(`${m.type()}: ${m.text()}`));
  tab.on('pageerror', (/** @type {any} */ e) => add(`exception: ${e?.stack ?? e}`));
  return logs;
}

/** A page that navigates loses its context; the next question finds the new one. */
const PASSING = new RegExp(['context was destroyed', 'Cannot find context', 'navigat', 'no such frame', 'discarded',
  'AbortError', 'actor.*destroyed', 'Inspected target', 'JSWindowActor', 'realm'].join('|'), 'i');

/**
 * What both do in the same way.
 * @param {(fn: any, arg: any) => Promise<any>} evaluate
 */
function common(evaluate) {
  /** @type {Page['until']} */
  const until = async (fn, arg, { ms = PATIENCE, what } = {}) => {
    const end = Date.now() + ms;
    /** @type {any} */
    let last;
    for (let wait = 20; ; wait = Math.min(wait * 1.5, 250)) {
      try {
        last = await evaluate(fn, arg);
        if (last) return last;
      } catch (e) {
        if (!PASSING.test(String(e))) throw e;
      }
      if (Date.now() > end) {
        throw new Error(`not within ${ms} ms: ${what ?? fn} (last answer: ${JSON.stringify(last)})`);
      }
      await sleep(wait);
    }
  };
  return {
    until,
    see: async (/** @type {string} */ selector, /** @type {number | undefined} */ ms) => {
      await until((s) => !!document.querySelector(s), selector, { ms, what: `see ${selector}` });
    },
    gone: async (/** @type {string} */ selector, /** @type {number | undefined} */ ms) => {
      await until((s) => !document.querySelector(s), selector, { ms, what: `${selector} gone` });
    },
    text: (/** @type {string} */ selector) =>
      evaluate((/** @type {string} */ s) => document.querySelector(s)?.textContent ?? '', selector),
    count: (/** @type {string} */ selector) =>
      evaluate((/** @type {string} */ s) => document.querySelectorAll(s).length, selector),
  };
}

/** Where a test leaves what is to be looked at. */
export function artifacts(...parts) {
  const file = path.join(process.env.MADANG_ARTIFACTS ?? 'build/artifacts', 'e2e', ...parts);
  mkdirSync(path.dirname(file), { recursive: true });
  return file;
}
