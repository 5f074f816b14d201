// What waits to be sent outlives a reload: kept for the account in this browser until the server has it, and
// gone when somebody signs out. It is sent again with the same client id, so that nothing is said twice.

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../domain/convs.js').Outgoing} Outgoing */

const PREFIX = 'madang.unsent.';
const KEPT_MS = 7 * 86_400_000;
const KEPT = 100;

export class Unsent {
  /** @param {Context} c */
  constructor(c) {
    this.c = c;
    /** client -> what is stored @type {Map<string, string>} */
    this.stored = new Map();
    /** @type {Record<string, any> | null} */
    this.seen = null;
  }

  get #user() {
    return this.c.state().account.user?.user ?? '';
  }

  /** @param {(storage: Storage) => void} fn */
  #use(fn) {
    try {
      if (this.c.env.local) fn(this.c.env.local);
    } catch { } // full, or not allowed: then it lives as long as the page
  }

  /** The state has changed: each message has a place of its own, since other tabs write, too. */
  follow() {
    const { threads } = this.c.state().convs;
    if (threads === this.seen || !this.#user) return;
    this.seen = threads;
    /** @type {Map<string, string>} */
    const now = new Map();
    for (const [conv, t] of Object.entries(threads)) {
      for (const out of t.pending) if (now.size < KEPT) now.set(out.client, JSON.stringify({ conv, out }));
    }
    const key = (/** @type {string} */ client) => `${PREFIX}${this.#user}.${client}`;
    this.#use((s) => {
      for (const client of this.stored.keys()) if (!now.has(client)) s.removeItem(key(client));
      for (const [client, text] of now) if (this.stored.get(client) !== text) s.setItem(key(client), text);
    });
    this.stored = now;
  }

  /** What an earlier page of this person left. @returns {{conv: string, out: Outgoing}[]} in its order */
  restore() {
    /** @type {{conv: string, out: Outgoing}[]} */
    const left = [];
    this.#use((s) => {
      for (const k of Array.from({ length: s.length }, (_, i) => s.key(i) ?? '')) {
        if (!k.startsWith(`${PREFIX}${this.#user}.`)) continue;
        const kept = read(s.getItem(k));
        if (kept && Date.now() - kept.out.time < KEPT_MS) left.push(kept);
        else s.removeItem(k);
      }
    });
    for (const kept of left) this.stored.set(kept.out.client, JSON.stringify(kept));
    return left.sort((a, b) => a.out.time - b.out.time).map(({ conv, out }) => ({ conv, out: again(out) }));
  }

  /** Signed out: nothing stays in this browser. */
  forget() {
    this.stored.clear();
    this.seen = null;
    this.#use((s) => {
      const keys = Array.from({ length: s.length }, (_, i) => s.key(i) ?? '');
      for (const k of keys) if (k.startsWith(PREFIX)) s.removeItem(k);
    });
  }
}

/** @param {string | null} text @returns {{conv: string, out: Outgoing} | null} */
function read(text) {
  try {
    const kept = JSON.parse(text ?? '');
    const { conv, out } = kept;
    return typeof conv === 'string' && typeof out?.client === 'string' && typeof out.text === 'string' && out.time > 0 ? kept : null;
  } catch {
    return null;
  }
}

/** Files that had not all arrived went with the page. @param {Outgoing} out @returns {Outgoing} */
function again({ uploads, ...out }) {
  return uploads && !out.files ? { ...out, status: 'failed', error: 'files_lost' } : out;
}
