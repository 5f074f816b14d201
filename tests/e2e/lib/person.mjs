// Somebody in front of a browser: does with the page what people do, by its buttons and fields, and reads
// what it shows. What can't be seen (sessions, pipes) is read from window.madang, which is there with ?debug.
import { PATIENCE } from './browser.mjs';

/** @typedef {import('./browser.mjs').Page} Page */
/** @typedef {{kind: string, name: string, text: string, own: boolean, code?: string, seq?: number,
 *   status?: string}} Said */

export class Person {
  /** @param {{name: string, page: Page, url: string}} o  url: origin of the server, or of a proxy */
  constructor({ name, page, url }) {
    this.name = name;
    this.page = page;
    this.url = url;
    this.session = '';
    this.room = '';
  }

  /** @param {string} [path] */
  async open(path = '/') {
    for (let tries = 0; ; tries++) {
      const before = this.page.logs.length;
      await this.page.goto(`${this.url}${path}?debug`);
      try {
        await this.page.until(() => /** @type {any} */ (window).madang?.state().net.phase === 'online', null,
          { ms: PATIENCE / 2, what: `${this.name} online` });
        return;
      } catch (e) {
        // Chromium drops what it is loading when an interface of the machine comes or goes.
        const disturbed = this.page.logs.slice(before).some((l) => l.includes('ERR_NETWORK_CHANGED'));
        if (!disturbed || tries === 3) throw e;
      }
    }
  }

  /** To the lobby, with a name. */
  async lobby() {
    await this.open('/');
    await this.page.see('[data-field=name]');
    await this.page.fill('[data-field=name]', this.name, true);
    await this.page.until((n) => /** @type {any} */ (window).madang.state().self.name === n, this.name, { what: 'the name is taken' });
  }

  /**
   * Makes a room and goes in.
   * @param {{title?: string, unlisted?: boolean, password?: string, capacity?: number}} [o]
   * @returns {Promise<string>} its id
   */
  async create({ title, unlisted = false, password, capacity } = {}) {
    const { page } = this;
    if (!await page.count('[data-act=create]')) await this.lobby();
    await page.click('[data-act=create]');
    await page.see('dialog[open] [data-field=title]');
    await page.fill('dialog [data-field=title]', title ?? `Room of ${this.name}`);
    if (unlisted) await this.force('dialog [data-field=unlisted]');
    if (capacity) await page.fill('dialog [data-field=capacity]', `${capacity}`);
    if (password) {
      await this.force('dialog [data-field=locked]');
      await page.see('dialog [data-field=password]');
      await page.fill('dialog [data-field=password]', password);
    }
    await page.click('[data-act=create-go]');
    return this.#enter();
  }

  /**
   * By the link, from the lobby.
   * @param {string} room @param {{password?: string}} [o]
   */
  async join(room, { password } = {}) {
    await this.toDoor(room);
    if (password) {
      await this.page.until(() => /** @type {any} */ (window).madang.state().lobby.loaded, null);
      if (!await this.page.count('[data-field=password]')) await this.page.click('[data-act=join]'); // an unlisted room asks then
      await this.page.see('[data-field=password]');
      await this.page.fill('[data-field=password]', password);
    }
    await this.#enter();
  }

  /** To the page before joining. @param {string} room */
  async toDoor(room) {
    const { page } = this;
    if (!await page.count('[data-field=link]')) await this.lobby();
    await page.fill('[data-field=link]', `${this.url}/r/${room}`);
    await page.click('[data-act=join-link]');
    await page.see('[data-act=join]');
  }

  async #enter() {
    const { page } = this;
    await page.see('[data-act=join]');
    // Wait for the devices, as people do; a broken one is said, too.
    await page.until(() => {
      const { media, intent } = /** @type {any} */ (window).madang.state();
      return intent.listenOnly || [media.mic, media.camera].every((d) => d.phase !== 'starting');
    }, null, { what: 'devices' });
    await page.click('[data-act=join]');
    await this.inRoom();
    return this.room;
  }

  async inRoom() {
    await this.page.see('[data-room-title]');
    const is = await this.page.until(() => {
      const s = /** @type {any} */ (window).madang?.state();
      return s?.screen === 'room' && s.net.phase === 'online' && { room: s.current, self: s.rooms[s.current].self };
    }, null, { what: `${this.name} in the room` });
    this.room = /** @type {any} */ (is).room;
    this.session = /** @type {any} */ (is).self;
  }

  /** A click where the real box is hidden behind its label. @param {string} selector */
  force(selector) {
    return this.page.eval((s) => /** @type {HTMLElement} */ (document.querySelector(s)).click(), selector);
  }

  // ---- talking

  async openChat() {
    if (!await this.page.count('[data-field=chat]')) {
      await this.page.click('[data-act=chat]');
      await this.page.see('[data-field=chat]');
    }
  }

  /** @param {string} text */
  async say(text) {
    await this.openChat();
    await this.page.fill('[data-field=chat]', text);
    await this.page.click('[data-act=send]');
  }

  /** @param {Person} to @param {string} text */
  async whisper(to, text) {
    await this.menuOf(to, 'whisper');
    await this.page.see('[data-whisper-to]');
    await this.page.fill('[data-field=chat]', text);
    await this.page.click('[data-act=send]');
    await this.page.click('[data-whisper-to] button');
    await this.page.gone('[data-whisper-to]');
  }

  /** Something of another person's menu. @param {Person} who @param {string} item */
  async menuOf(who, item) {
    const { page } = this;
    if (!await page.count('[data-tab=people][aria-selected=true]')) await this.openPeople();
    await page.click(`[data-person="${who.session}"] [data-menu="person-${who.session}"]`);
    await page.see(`[data-item=${item}]`);
    await page.click(`[data-item=${item}]`);
  }

  async openPeople() {
    if (!await this.page.count('.people-list')) await this.page.click('[data-act=people]');
    await this.page.see('.people-list');
  }

  /** What stands in the chat now, oldest first. @returns {Promise<string[]>} words of people */
  words() {
    return this.page.eval(() => [...document.querySelectorAll('.chat-list [data-chat]')].map((e) => e.textContent ?? ''));
  }

  /** Chat lines of the state, with notices. @returns {Promise<Said[]>} */
  chat() {
    return this.page.eval(() => {
      const s = /** @type {any} */ (window).madang.state();
      return s.rooms[s.current].chat;
    });
  }

  /** Waits until a text stands in the chat. @param {string} text @param {number} [ms] */
  async hears(text, ms = PATIENCE) {
    await this.openChat();
    await this.page.until((t) => [...document.querySelectorAll('.chat-list [data-chat]')].some((e) => e.textContent === t), text,
      { ms, what: `${this.name} reads "${text}"` });
  }

  // ---- devices

  /** @param {'mic' | 'cam'} what @param {boolean} on */
  async set(what, on) {
    const pressed = await this.page.eval((w) => document.querySelector(`[data-act=${w}]`)?.getAttribute('aria-pressed'), what);
    if (pressed !== String(on)) await this.page.click(`[data-act=${what}]`);
    await this.page.see(`[data-act=${what}][aria-pressed=${on}]`);
  }

  /** From the menu beside the button. @param {'mic' | 'camera' | 'speaker'} kind @param {string} id */
  async choose(kind, id) {
    await this.page.click(`[data-menu=${kind === 'camera' ? 'camera' : 'mic'}]`);
    await this.page.see(`[data-item="${kind}:${id}"]`);
    await this.page.click(`[data-item="${kind}:${id}"]`);
  }

  /** @param {'camera' | 'mic' | 'screen'} kind @returns {Promise<number>} tracks that still run */
  live(kind) {
    return this.page.eval((k) => /** @type {any} */ (window).rack.live(k), kind);
  }

  /** What the page thinks is behind the intent. */
  intent() {
    return this.page.eval(() => {
      const { mic, cam } = /** @type {any} */ (window).madang.state().intent;
      return { mic, cam };
    });
  }

  /** What this one is told of another: the participant. @param {Person} who @returns {Promise<any>} */
  seesOf(who) {
    return this.page.eval((id) => {
      const s = /** @type {any} */ (window).madang.state();
      return s.rooms[s.current]?.people[id] ?? null;
    }, who.session);
  }

  /** Waits until this one is told so of another.
   *  @param {Person} who @param {Record<string, unknown>} wanted @param {number} [ms] */
  async told(who, wanted, ms = PATIENCE) {
    await this.page.until(({ id, wanted }) => {
      const s = /** @type {any} */ (window).madang.state();
      const p = s.rooms[s.current]?.people[id];
      return p && Object.entries(wanted).every(([k, v]) => p[k] === v);
    }, { id: who.session, wanted }, { ms, what: `${this.name} is told of ${who.name}: ${JSON.stringify(wanted)}` });
  }

  async leave() {
    await this.page.click('[data-act=leave]');
    await this.page.gone('[data-room-title]');
  }

  /** ws, sse, poll, or null while offline. @returns {Promise<string | null>} */
  pipe() {
    return this.page.eval(() => /** @type {any} */ (window).madang.state().net.pipe);
  }
}
