// Words and files: chat, whispers, typing, and files from person to person.
import { Transfers } from '../rtc/transfers.js';
import { codeOf } from './context.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../domain/types.js').ChatItem} ChatItem */
/** @typedef {{room: string, id: string, text: string, to?: string, tries: number}} Outgoing */

const TRIES = 4;
const TYPING_MS = 3000;
const FORGET_MS = 1000;
const PROGRESS_MS = 200;

export class Talk {
  /** @param {Context} c @param {Pick<import('./call.js').Call, 'makePeer' | 'ice'>} call */
  constructor(c, call) {
    this.c = c;
    this.serial = 0;
    this.typedAt = -Infinity;
    /** @type {Map<string, Outgoing>} not taken yet */
    this.out = new Map();
    /** @type {Map<string, {at: number, moved: number}>} */
    this.seen = new Map();
    this.transfers = new Transfers({
      clock: c.clock,
      makePeer: (first, name, session) => call.makePeer(first, name, { channel: 'file', room: this.#roomOf(session) }),
      send: (type, fields, body) => {
        const room = this.#roomOf(fields.to);
        return c.sig.request(type, /** @type {any} */ ({ room, ...fields }), body);
      },
    });
    this.#listenTransfers();
    c.bus.on('joined', ({ joined, again }) => {
      if (again) this.#again(joined.room.room);
      this.transfers.setIceServers((session) => call.ice(this.#roomOf(session)).iceServers);
    });
    c.bus.on('moved', ({ from, to }) => this.transfers.moved(from, to));
    c.bus.on('left', (e) => this.transfers.gone(e.session));
    const forget = () => {
      c.dispatch({ type: 'typing/forget', now: Date.now() });
      c.clock.after(forget, FORGET_MS);
    };
    forget();
  }

  // ---- words

  /** @param {string} text @param {string} [to] */
  send(text, to) {
    const { c } = this;
    const room = c.state().current;
    const r = room ? c.state().rooms[room] : undefined;
    const said = text.trim();
    if (!r || !said) return;
    const id = `o${++this.serial}`;
    const item = /** @type {ChatItem} */ ({
      id, kind: to ? 'whisper' : 'chat', time: Date.now(), from: r.self, name: c.state().self.name, text: said,
      own: true, status: 'sending', ...(to ? { to, toName: r.people[to]?.name ?? '' } : {}),
    });
    c.dispatch({ type: 'chat/sending', room: r.id, item });
    this.typedAt = -Infinity;
    this.#deliver({ room: r.id, id, text: said, to, tries: 0 });
  }

  /** @param {string} id */
  resend(id) {
    const { c } = this;
    for (const r of Object.values(c.state().rooms)) {
      const item = r.chat.find((i) => i.id === id && i.status === 'failed');
      if (!item) continue;
      c.dispatch({ type: 'chat/patch', room: r.id, id, patch: { status: 'sending', error: undefined } });
      this.#deliver({ room: r.id, id, text: item.text, to: item.to, tries: 0 });
    }
  }

  /** @param {Outgoing} m */
  async #deliver(m) {
    const { c } = this;
    const { room, id, text, to } = m;
    m.tries++;
    this.out.set(id, m);
    try {
      const ack = to ? await c.sig.request('whisper', { room, to, text }) : await c.sig.request('chat', { room, text });
      this.out.delete(id);
      c.dispatch({ type: 'chat/done', room, id, ack });
    } catch (e) {
      const error = codeOf(e);
      // After a restart of the server it goes once more, as soon as one is back in the room.
      if (error === 'session_lost' && m.tries < TRIES && !to) return;
      this.out.delete(id);
      const { retryMs } = /** @type {any} */ (e);
      if (error === 'rate' && retryMs && m.tries < TRIES) {
        c.clock.after(() => this.#deliver(m), retryMs);
        return;
      }
      c.dispatch({ type: 'chat/patch', room, id, patch: { status: 'failed', error } });
    }
  }

  /** @param {string} room */
  #again(room) {
    for (const m of [...this.out.values()]) if (m.room === room) this.#deliver(m);
  }

  /** @param {boolean} on */
  typing(on) {
    const { c } = this;
    const room = c.state().current;
    const now = c.clock.now();
    const lately = now - this.typedAt < TYPING_MS;
    if (!room || on === lately) return;
    this.typedAt = on ? now : -Infinity;
    c.sig.notify('typing', { room, on });
  }

  // ---- files

  /** A room that one shares with that person. @param {string} session */
  #roomOf(session) {
    const { rooms, current } = this.c.state();
    if (current && rooms[current]?.people[session]) return current;
    return Object.values(rooms).find((r) => r.people[session])?.id ?? current ?? '';
  }

  #listenTransfers() {
    const { c, transfers } = this;
    transfers.on('offer', ({ id, own, session, name, size, mime }) => {
      const room = this.#roomOf(session);
      const peerName = c.state().rooms[room]?.people[session]?.name ?? '';
      const file = {
        id, own, room, peer: session, peerName, name, size, mime, phase: 'offered', moved: 0, rate: 0, error: null,
        url: null, sha256: null, time: Date.now(),
      };
      c.dispatch({ type: 'file/new', file });
      if (!own) c.toast('info', 'file_offer', { name: peerName, file: name });
    });
    transfers.on('step', ({ id, step, error, url, sha256 }) => {
      const f = c.state().files[id];
      const whole = step === 'good' && f ? { moved: f.size } : {};
      const patch = { ...whole, error: error ?? null, url: url ?? null, sha256: sha256 ?? null };
      c.dispatch({ type: 'file/step', id, step, patch });
    });
    transfers.on('progress', ({ id, moved }) => {
      const now = c.clock.now();
      const last = this.seen.get(id) ?? { at: now, moved: 0 };
      if (!this.seen.has(id)) this.seen.set(id, last);
      if (now - last.at < PROGRESS_MS) return;
      const rate = Math.round((moved - last.moved) / ((now - last.at) / 1000));
      this.seen.set(id, { at: now, moved });
      c.dispatch({ type: 'file/set', id, patch: { moved, rate } });
    });
  }

  /** @param {string} id */
  forget(id) {
    const f = this.c.state().files[id];
    if (!f) return;
    this.transfers.cancel(id);
    if (f.url) URL.revokeObjectURL(f.url);
    this.seen.delete(id);
    this.c.dispatch({ type: 'file/forget', id });
  }
}
