// Browsers with the measuring page, each at a home of its own in the laboratory.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { launch } from '../e2e/lib/browser.mjs';
import { Impair } from '../netlab/lib/impair.mjs';

const SERVE = fileURLToPath(new URL('serve.mjs', import.meta.url));
const PORT = 8000;
const FIREFOX = { 'media.peerconnection.ice.loopback': false };

/** @typedef {import('../e2e/lib/browser.mjs').Browser} Browser */
/** @typedef {import('../e2e/lib/browser.mjs').Page} Page */

/** Somebody at a computer behind a line that can be made bad. */
export class Seat {
  /**
   * @param {import('../netlab/lib/lab.mjs').Lab} lab @param {string} name @param {'chromium' | 'firefox'} kind
   * @returns {Promise<Seat>}
   */
  static async open(lab, name, kind) {
    const router = lab.router(`r${name}`, 'open');
    const client = lab.client(name);
    lab.attach(client, router);
    const server = spawn('ip', ['netns', 'exec', client.ns, process.execPath, SERVE, `${PORT}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => { server.stdout.once('data', resolve); });
    const start = () => launch(kind, { wrap: [lab.browser(client, kind)], prefs: FIREFOX });
    return new Seat(name, server, start, await start(), await Impair.open(lab, router));
  }

  /**
   * @param {string} name @param {import('node:child_process').ChildProcess} server @param {() => Promise<Browser>} start
   * @param {Browser} browser @param {Impair} line
   */
  constructor(name, server, start, browser, line) {
    this.name = name;
    this.server = server;
    this.start = start;
    this.browser = browser;
    this.line = line;
    /** @type {Page | undefined} */
    this.page = undefined;
  }

  /** A new page; the former one is closed. */
  async fresh() {
    await this.page?.close();
    this.page = await this.browser.open({ size: [700, 400] });
    await this.page.goto(`http://localhost:${PORT}/`);
    await this.page.until(() => 'quality' in window, null, { what: `${this.name}'s page` });
  }

  /** One of the page's functions (page/quality.mjs). @param {string} name @param {any} [arg] @returns {Promise<any>} */
  call(name, arg) {
    return /** @type {Page} */ (this.page).eval(
      ({ name, arg }) => /** @type {any} */ (window).quality[name](arg), { name, arg });
  }

  async connected() {
    await this.page?.until(() => /^(connected,?)+$/.test(/** @type {any} */ (window).quality.now().state), null, { what: `${this.name} is connected` });
  }

  /** After something went wrong: a good line, another browser. */
  async again() {
    await this.line.tell('up clear', 'down clear');
    await this.#shut();
    this.page = undefined;
    this.browser = await this.start();
  }

  #shut() { return Promise.race([this.browser.close().catch(() => {}), new Promise((resolve) => { setTimeout(resolve, 5000); })]); }

  async close() {
    await this.line.close().catch(() => {});
    await this.#shut();
    this.server.kill();
  }
}
