// Somebody with an account, in front of one or more browsers.
import { Person } from './person.mjs';

/** @typedef {import('./person.mjs').Person} P */

export class User {
  /** @param {P} person @param {{ name?: string, password?: string }} [o] */
  constructor(person, { name = person.name, password = `long enough for ${person.name} today` } = {}) {
    this.person = person;
    this.page = person.page;
    this.name = name;
    this.password = password;
  }

  /** @param {{ name?: string, display?: string }} [o] */
  async register({ name = this.name, display = name } = {}) {
    const { page } = this;
    await this.person.open('/');
    await page.click('[data-act=account]');
    await page.click('[data-act=to-register]');
    await page.fill('[data-field=username]', name);
    await page.fill('[data-field=display]', display);
    await page.fill('[data-field=password]', this.password);
    await page.click('[data-act=register-go]');
    await this.keepCodes();
    await this.atHome();
  }

  async keepCodes() {
    await this.page.see('[data-codes]');
    await this.page.click('[data-field=codes-kept]');
    await this.page.click('[data-act=codes-done]');
    await this.page.gone('[data-dialog=codes]');
  }

  /** In the directory, with a session of one's own. */
  async atHome() {
    await this.page.see('[data-nav=people]');
    await this.page.until(() => {
      const s = /** @type {any} */ (window).madang?.state();
      return s?.net.phase === 'online' && s.account.user && (s.screen !== 'people' || s.people.list.loaded);
    }, null, { what: `${this.name} is at home` });
  }

  async toMe() {
    await this.page.click('[data-menu=own]');
    await this.page.click('[data-item=me]');
    await this.page.see('[data-field=call-link]');
  }

  async signOut() {
    await this.page.click('[data-menu=own]');
    await this.page.click('[data-item=sign-out]');
    await this.page.see('[data-field=name]');
  }

  /** @param {{ password?: string }} [o] */
  async signIn({ password = this.password } = {}) {
    if (!await this.page.count('[data-sign=sign_in]')) await this.page.click('[data-act=account]');
    await this.fillSignIn({ password });
  }

  /** @param {{ password?: string }} [o] */
  async fillSignIn({ password = this.password } = {}) {
    await this.page.see('[data-sign=sign_in]');
    await this.page.fill('[data-field=username]', this.name);
    await this.page.fill('[data-field=password]', password);
    await this.page.click('[data-act=sign-in-go]');
  }

  /** The same person on another device. @param {import('./house.mjs').House} house */
  async secondDevice(house) {
    const person = await house.person(/** @type {any} */ (this.page.kind), { name: `${this.name} (2)`, server: { url: this.person.url } });
    const user = new User(person, { name: this.name, password: this.password });
    await person.open('/');
    await user.signIn();
    await user.atHome();
    return user;
  }

  /** Opens the card of somebody. @param {string} query @param {{ name: string }} who */
  async find(query, who) {
    await this.page.fill('[data-field=people-search]', query);
    await this.page.until((n) => [...document.querySelectorAll('.row-more')].some((e) => e.textContent?.includes(`@${n}`))
      && document.querySelectorAll('.rows .row-main').length === 1, who.name, { what: `${query} finds ${who.name}` });
    await this.page.click('.rows .row-main');
    await this.page.see('[data-card]');
  }

  /** @param {string} name @param {'video' | 'voice'} how */
  async call(name, how) {
    await this.find(name, { name });
    await this.page.click(`[data-act=call-${how}]`);
    await this.page.see('[data-ring=outgoing] [data-call]');
  }

  async inCall() {
    await this.person.inRoom();
  }

  /** Pictures move. @param {number} n */
  async talks(n) {
    await this.inCall();
    await this.page.until((n) => {
      const videos = [...document.querySelectorAll('.tile video')].map((v) => /** @type {HTMLVideoElement} */ (v));
      return videos.length >= n && videos.every((v) => v.videoWidth > 0 && v.currentTime > 0);
    }, n, { what: `${this.name} sees ${n} pictures` });
  }

  /** The way to the other is there, though nothing is to be seen of it. */
  async connected() {
    await this.page.until(() => {
      const peers = /** @type {any} */ (window).madang.parts.mesh.peers();
      return peers.length === 1 && peers[0].peer.phase === 'connected';
    }, null, { what: `${this.name} is connected` });
  }

  /** What is sent goes over no relay. */
  async direct() {
    await this.page.until(async () => {
      const [{ peer }] = /** @type {any} */ (window).madang.parts.mesh.peers();
      const report = [...(await peer.pc.getStats()).values()];
      const by = new Map(report.map((r) => [r.id, r]));
      const pair = by.get(report.find((r) => r.type === 'transport' && r.selectedCandidatePairId)?.selectedCandidatePairId)
        ?? report.find((r) => r.type === 'candidate-pair' && (r.selected ?? (r.nominated && r.state === 'succeeded')));
      const types = [pair?.localCandidateId, pair?.remoteCandidateId].map((id) => by.get(id)?.candidateType);
      return types.every((t) => t && t !== 'relay');
    }, null, { what: `${this.name} has a direct way` });
  }

  /** Sound comes from the other side. */
  async hears() {
    await this.page.until(async () => {
      const { madang } = /** @type {any} */ (window);
      const levels = await Promise.all(madang.parts.mesh.peers().map((/** @type {any} */ { peer }) => peer.pc.getStats()));
      return levels.some((report) => [...report.values()].some((s) => s.type === 'inbound-rtp' && s.kind === 'audio' && s.packetsReceived > 20));
    }, null, { what: `${this.name} hears the other` });
  }
}

export { Person };
