// Messages that stay: conversations, sending so that nothing is sent twice or lost, reading, searching.
import { randomId } from '../core/random.js';
import { ask } from './ask.js';
import { codeOf } from './context.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../domain/convs.js').Outgoing} Outgoing */

const PAGE = 50;
const TYPING_MS = 6000;
const SEARCH_MS = 250;
const DRAFT_MS = 800;
const AGAIN_MS = 1500;
/** Refused for now: sent again by itself. */
const PASSING = new Set(['rate', 'store_busy']);
/** The connection was lost before the answer: sent again, with the same id, as soon as there is one. */
const LOST = new Set(['session_lost', 'lost', 'closed']);

export class Convs {
  /** @param {Context} c @param {import('./uploads.js').Uploads} uploads
   * @param {import('./unsent.js').Unsent} unsent */
  constructor(c, uploads, unsent) {
    this.c = c;
    this.uploads = uploads;
    this.unsent = unsent;
    /** Whose unsent messages are here. */
    this.restored = '';
    this.searched = 0;
    /** @type {any} */
    this.searchTimer = null;
    /** @type {Map<string, {text: string, timer: any}>} */
    this.drafts = new Map();
    /** @type {Map<string, number>} conv -> what the server was last told */
    this.reads = new Map();
    /** Conversations that something is being sent to. @type {Set<string>} */
    this.sending = new Set();
    /** @type {string | null} that is to be opened when there is a session */
    this.wanted = null;
  }

  get me() {
    return this.c.state().account.user?.user ?? '';
  }

  get s() {
    return this.c.state().convs;
  }

  /** A session has begun: what was said meanwhile is to be loaded, what waits is to be sent.
   * @param {boolean} again */
  begun(again) {
    this.reads.clear();
    this.sending = new Set();
    if (!this.me) return;
    const here = this.#here();
    if (again) this.c.dispatch({ type: 'convs/stale', keep: here });
    this.#restore();
    this.uploads.wake();
    if (this.s.loaded || this.c.state().screen === 'messages' || this.wanted) this.load();
    const { chosen } = this.s;
    if (this.wanted) this.open(this.wanted);
    else if (chosen) this.#page(chosen, 'newest', {});
    for (const conv of here) if (conv !== chosen) this.follow(conv);
    this.wanted = null;
    for (const conv of Object.keys(this.s.threads)) this.#pump(conv);
  }

  /** What an earlier page could not send any more. */
  #restore() {
    if (this.restored === this.me) return;
    this.restored = this.me;
    for (const { conv, out } of this.unsent.restore()) this.c.dispatch({ type: 'convs/sending', conv, out });
  }

  /** Signed out. */
  gone() {
    this.restored = '';
    this.unsent.forget();
    this.uploads.dropAll();
  }

  /** Conversations whose live room one is in. */
  #here() {
    return Object.values(this.c.state().rooms).filter((r) => r.room.stays).map((r) => r.id);
  }

  /** What is said there is shown beside the stage. @param {string} conv */
  async follow(conv) {
    if (!this.s.list[conv] || !this.s.threads[conv]?.loaded) await this.#get(conv);
    await this.#page(conv, 'newest', {});
    await this.loadMembers(conv);
  }

  /** @param {any} e */
  event(e) {
    const { c, me } = this;
    switch (e.type) {
      case 'message': return this.#heard(e.message);
      case 'message_changed': return c.dispatch({ type: 'convs/changed', message: e.message });
      case 'conv':
        if (e.gone) c.dispatch({ type: 'convs/gone', conv: e.conv.conv });
        else this.#changed(e.conv);
        return;
      case 'conv_live': return c.dispatch({ type: 'convs/live', conv: e.conv, live: e.live });
      case 'read': return c.dispatch({ type: 'convs/read', conv: e.conv, user: e.user, seq: e.seq, me });
      case 'delivered': return c.dispatch({ type: 'convs/delivered', conv: e.conv, seq: e.seq });
      case 'member': return c.dispatch({ type: 'convs/role', conv: e.conv, user: e.user, role: e.role });
      default: // typing_conv
        c.dispatch({ type: 'convs/typing', conv: e.conv, user: e.user, on: e.on, until: Date.now() + TYPING_MS });
    }
  }

  /** @param {import('../domain/convs.js').Message} message */
  #heard(message) {
    this.c.dispatch({ type: 'convs/message', message, me: this.me });
    const t = this.s.threads[message.conv];
    if (t?.loaded && !t.last && !t.busy && t.at === null) this.newer(message.conv);
    const members = this.s.members[message.conv];
    const stranger = members && message.from && !members.some((m) => m.user === message.from);
    if (stranger) this.loadMembers(message.conv);
    if (this.s.loaded && !this.s.list[message.conv]) this.#get(message.conv);
  }

  /** @param {import('../domain/convs.js').Conv} conv */
  #changed(conv) {
    const before = this.s.list[conv.conv];
    this.c.dispatch({ type: 'convs/put', conv });
    const other = before && (before.members !== conv.members || before.role !== conv.role);
    if (other && this.s.members[conv.conv]) this.loadMembers(conv.conv);
  }

  /** @param {string} conv */
  async #get(conv) {
    try {
      const answer = await this.c.sig.request('conv_get', { conv });
      this.c.dispatch({ type: 'convs/put', conv: answer.conv });
      return answer.conv;
    } catch (e) {
      if (codeOf(e) === 'conv_unknown') this.c.dispatch({ type: 'convs/gone', conv });
      return null;
    }
  }

  async load(more = false) {
    const { c } = this;
    if (!this.me || this.s.busy) return;
    c.dispatch({ type: 'convs/asked' });
    const after = more ? this.s.next : null;
    try {
      const { convs, next } = await c.sig.request('convs', { limit: PAGE, ...(after ? { after } : {}) });
      c.dispatch({ type: 'convs/list', convs, next, more });
    } catch (e) {
      c.dispatch({ type: 'convs/refused', error: codeOf(e) });
    }
  }

  // ---- one of them

  /** @param {string | null} conv @param {number} [at]  to be led to */
  open(conv, at) {
    const { c } = this;
    if (conv && !c.sig.token) {
      this.wanted = conv;
      return;
    }
    if (conv !== this.s.chosen || at === undefined) c.dispatch({ type: 'convs/choose', conv });
    if (!conv) return;
    if (!this.s.list[conv]) this.#get(conv);
    if (at !== undefined) this.jump(conv, at);
    else if (!this.s.threads[conv]?.loaded || !this.s.threads[conv].last) this.#page(conv, 'newest', {});
    if (this.s.list[conv]?.kind === 'room' && !this.#outside(conv)) this.loadMembers(conv);
  }

  /** Who was only invited into a room sees nothing of it. @param {string} conv */
  #outside(conv) {
    const c = this.s.list[conv];
    return c?.kind === 'room' && c.state === 'request';
  }

  /** To write to somebody. @param {string} user */
  async write(user) {
    const { c } = this;
    const answer = await ask(c, 'write', () => c.sig.request('conv_open', { user }));
    if (!answer) {
      const error = c.state().account.asks.write?.error;
      if (error) c.toast('error', error);
      return;
    }
    c.dispatch({ type: 'convs/put', conv: answer.conv });
    c.dispatch({ type: 'screen/home', tab: 'messages' });
    this.open(answer.conv.conv);
    if (!this.s.loaded) this.load();
  }

  /** @param {string} conv @param {'newest'|'before'|'after'|'around'} where
   * @param {Record<string, any>} from */
  async #page(conv, where, from) {
    const { c } = this;
    if (this.s.threads[conv]?.busy || this.#outside(conv)) return;
    c.dispatch({ type: 'convs/loading', conv });
    try {
      const { messages, first, last } = await c.sig.request('history', { conv, limit: PAGE, ...from });
      c.dispatch({ type: 'convs/page', conv, where, messages, first, last });
    } catch (e) {
      const error = LOST.has(codeOf(e)) ? null : codeOf(e); // begun() asks again
      c.dispatch({ type: 'convs/page_failed', conv, error });
      if (codeOf(e) === 'conv_unknown') c.dispatch({ type: 'convs/gone', conv });
    }
  }

  /** @param {string} conv */
  older(conv) {
    const t = this.s.threads[conv];
    if (t?.loaded && !t.first && t.messages.length) return this.#page(conv, 'before', { before: t.messages[0].seq });
    return undefined;
  }

  /** @param {string} conv */
  newer(conv) {
    const t = this.s.threads[conv];
    if (t?.loaded && !t.last && t.messages.length) return this.#page(conv, 'after', { after: t.messages[t.messages.length - 1].seq });
    return undefined;
  }

  /** @param {string} conv @param {number} seq */
  async jump(conv, seq) {
    const known = this.s.threads[conv]?.messages.some((m) => m.seq === seq);
    if (!known) await this.#page(conv, 'around', { around: seq });
    this.c.dispatch({ type: 'convs/at', conv, seq });
  }

  /** Back to what is newest. @param {string} conv */
  async latest(conv) {
    if (!this.s.threads[conv]?.last) await this.#page(conv, 'newest', {});
    this.c.dispatch({ type: 'convs/at', conv, seq: null });
  }

  /** @param {string} conv */
  retryPage(conv) {
    return this.#page(conv, 'newest', {});
  }

  // ---- writing

  /** With the files that were chosen for it. @param {string} conv @param {string} text */
  send(conv, text) {
    const t = this.s.threads[conv];
    const uploads = this.uploads.take(conv);
    const out = /** @type {Outgoing} */ ({
      client: randomId(16), text, time: Date.now(), status: 'sending', error: null, ...(t?.reply ? { reply: t.reply } : {}),
      ...(uploads.length ? { uploads } : {}),
    });
    this.draft(conv, '', true);
    if (t && !t.last) this.latest(conv);
    this.#put(conv, out);
  }

  /** @param {string} conv @param {string} client */
  #waiting(conv, client) {
    return this.s.threads[conv]?.pending.find((p) => p.client === client);
  }

  /** @param {string} conv @param {string} client */
  resend(conv, client) {
    const out = this.#waiting(conv, client);
    if (out) this.#put(conv, { ...out, error: null });
  }

  /** @param {string} conv @param {string} client */
  forget(conv, client) {
    this.uploads.drop(this.#waiting(conv, client)?.uploads ?? []);
    this.c.dispatch({ type: 'convs/drop', conv, client });
  }

  /** Its files first; what is written meanwhile doesn't wait for them.
   * @param {string} conv @param {Outgoing} out */
  async #put(conv, out) {
    const { c } = this;
    const bring = out.uploads && !out.files ? out.uploads : null;
    c.dispatch({ type: 'convs/sending', conv, out: { ...out, status: bring ? 'uploading' : 'sending' } });
    if (bring) {
      try {
        const files = await this.uploads.bring(bring);
        if (!this.#waiting(conv, out.client)) return;
        c.dispatch({ type: 'convs/sending', conv, out: { ...out, status: 'sending', files } });
      } catch (e) {
        c.dispatch({ type: 'convs/unsent', conv, client: out.client, error: codeOf(e) });
      }
    }
    this.#pump(conv);
  }

  /** One after the other, so that they are said in the order in which they were written.
   * @param {string} conv */
  async #pump(conv) {
    const out = this.s.threads[conv]?.pending.find((p) => p.status === 'sending');
    if (!out || this.sending.has(conv)) return;
    const { sending } = this;
    sending.add(conv);
    const again = await this.#send(conv, out);
    if (again) await new Promise((done) => { this.c.clock.after(() => done(undefined), again); });
    sending.delete(conv);
    if (again !== null && sending === this.sending) this.#pump(conv);
  }

  /** @param {string} conv @param {Outgoing} out
   * @returns {Promise<number | null>} when to go on; null: when there is a connection again */
  async #send(conv, { client, text, reply, uploads, files }) {
    const { c, me } = this;
    const more = reply ? { reply } : {};
    try {
      const { seq, time } = await c.sig.request('send', { conv, client, text, ...more, ...(files ? { files: files.map((f) => f.file) } : {}) });
      const known = this.s.threads[conv]?.messages.some((m) => m.seq === seq);
      if (known) c.dispatch({ type: 'convs/drop', conv, client });
      else this.#heard({ conv, seq, from: me, time, text, client, ...more, ...(files ? { files } : {}) });
      this.uploads.drop(uploads ?? []);
      return 0;
    } catch (e) {
      const code = codeOf(e);
      if (LOST.has(code)) return null;
      if (PASSING.has(code)) return /** @type {any} */ (e).retryMs || AGAIN_MS;
      c.dispatch({ type: 'convs/unsent', conv, client, error: code });
      return 0;
    }
  }

  /** What was asked for, and was refused, is said.
   * @param {any} type @param {Record<string, any>} fields @returns {Promise<any>} undefined: refused */
  ask(type, fields) {
    return this.c.sig.request(type, fields).catch((/** @type {unknown} */ e) => {
      if (!LOST.has(codeOf(e))) this.c.toast('error', codeOf(e));
    });
  }

  /** @param {string} conv @param {{reply?: number, editing?: number}} what */
  compose(conv, what) {
    this.c.dispatch({ type: 'convs/compose', conv, ...what });
  }

  /** @param {string} conv @param {number} seq @param {string} text */
  async edit(conv, seq, text) {
    this.compose(conv, {});
    await this.ask('edit', { conv, seq, text });
  }

  /** @param {string} conv @param {number} seq */
  remove(conv, seq) {
    return this.ask('delete', { conv, seq });
  }

  /** @param {string} conv @param {number} seq @param {string} emoji */
  react(conv, seq, emoji) {
    const m = this.s.threads[conv]?.messages.find((x) => x.seq === seq);
    const on = !m?.reactions?.[emoji]?.includes(this.me);
    return this.ask('react', { conv, seq, emoji, on });
  }

  /** @param {string} conv @param {boolean} on */
  typing(conv, on) {
    this.c.sig.notify('typing_conv', { conv, on });
  }

  /** Kept for all of one's devices, a moment after the last key. @param {string} conv @param {string} text
   * @param {boolean} [sent] */
  draft(conv, text, sent = false) {
    const { c } = this;
    const had = this.drafts.get(conv);
    if (had) c.clock.cancel(had.timer);
    this.drafts.delete(conv);
    const old = this.s.list[conv];
    if (old) c.dispatch({ type: 'convs/put', conv: { ...old, draft: text } });
    const tell = () => {
      this.drafts.delete(conv);
      c.sig.request('draft', { conv, text }).catch(() => {});
    };
    if (!sent) this.drafts.set(conv, { text, timer: c.clock.after(tell, DRAFT_MS) });
    else if (had || old?.draft) tell();
  }

  /** @param {string} conv @param {number} seq */
  read(conv, seq) {
    const known = this.s.list[conv];
    if (!known || known.state === 'request' || seq <= known.read || seq <= (this.reads.get(conv) ?? 0) || !this.c.sig.token) return;
    this.reads.set(conv, seq);
    this.c.dispatch({ type: 'convs/read', conv, user: this.me, seq, me: this.me });
    this.c.sig.request('read', { conv, seq }).catch(() => this.reads.delete(conv));
  }

  /** @param {string} conv @param {'accept'|'ignore'|'block'} as */
  async answer(conv, as) {
    const { c } = this;
    const answer = await this.ask('conv_answer', { conv, as });
    if (!answer) return;
    const old = this.s.list[conv];
    if (as !== 'accept') return c.dispatch({ type: 'convs/gone', conv });
    if (old) c.dispatch({ type: 'convs/put', conv: { ...old, state: 'open' } });
    await this.#get(conv);
    if (this.s.chosen === conv && old?.kind === 'room') this.open(conv); // it had been shut until now
  }

  // ---- searching

  /** @param {string} text @param {boolean} [more] */
  search(text, more = false) {
    const { c } = this;
    c.clock.cancel(this.searchTimer);
    const after = more ? this.s.search.next : null;
    const words = text.trim();
    const seq = ++this.searched;
    c.dispatch({ type: 'convs/searching', text: words, more, seq });
    if (!words) return;
    this.searchTimer = c.clock.after(async () => {
      try {
        const { found, next } = await c.sig.request('search', { text: words, limit: 30, ...(after ? { before: after } : {}) });
        c.dispatch({ type: 'convs/found', found, next, seq });
      } catch (e) {
        c.dispatch({ type: 'convs/search_failed', error: codeOf(e), seq });
      }
    }, more ? 0 : SEARCH_MS);
  }

  // ---- who is in one

  /** @param {string} conv */
  async loadMembers(conv) {
    /** @type {any[]} */
    const members = [];
    let after;
    do {
      /** @type {any} */
      const answer = await this.c.sig.request('members', { conv, limit: 100, ...(after ? { after } : {}) }).catch(() => null);
      if (!answer) return;
      members.push(...answer.members);
      after = answer.next;
    } while (after && members.length < 1000);
    this.c.dispatch({ type: 'convs/members', conv, members });
  }
}

/** @param {Convs} v */
export const convActions = (v) => ({
  attach: v.uploads.add.bind(v.uploads), detach: (/** @type {string} */ id) => v.uploads.drop([id]),
  originals: v.uploads.originals.bind(v.uploads), understood: v.uploads.understood.bind(v.uploads),
  load: v.load.bind(v), open: v.open.bind(v), write: v.write.bind(v),
  older: v.older.bind(v), newer: v.newer.bind(v),
  jump: v.jump.bind(v), latest: v.latest.bind(v), retryPage: v.retryPage.bind(v), send: v.send.bind(v),
  resend: v.resend.bind(v), forget: v.forget.bind(v), compose: v.compose.bind(v), edit: v.edit.bind(v),
  remove: v.remove.bind(v), react: v.react.bind(v), typing: v.typing.bind(v), draft: v.draft.bind(v),
  read: v.read.bind(v), answer: v.answer.bind(v), search: v.search.bind(v),
  loadMembers: v.loadMembers.bind(v),
});
