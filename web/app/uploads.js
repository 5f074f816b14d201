// Files of messages: chosen, drawn anew where they are pictures, sent in pieces over broken connections, and
// handed to the message that has them.
import { randomId } from '../core/random.js';
import { fileName, isPicture, sift, trayOf } from '../domain/uploads.js';
import { pictureToSend } from '../media/picture_file.js';
import { SignalError } from '../net/protocol.js';
import { sendBlob } from '../net/resumable.js';
import { codeOf } from './context.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../domain/uploads.js').Upload} Upload */
/** @typedef {import('../domain/convs.js').FileRef} FileRef */

const PLAIN = 'application/octet-stream';
const ATTACH_MAX = 3;

export class Uploads {
  /** @param {Context} c @param {import('../net/api.js').Api} api */
  constructor(c, api) {
    this.c = c;
    this.api = api;
    /** The bytes, and where the page sees them, by id of the upload.
     * @type {Map<string, {file: File, url: string | null}>} */
    this.files = new Map();
    /** What is under way. @type {Map<string, {stop: AbortController, file: Promise<FileRef>}>} */
    this.running = new Map();
    /** Who waits for a connection. @type {Set<() => void>} */
    this.waiting = new Set();
  }

  get s() {
    return this.c.state().uploads;
  }

  /** For the next message of a conversation. @param {string} conv @param {File[]} files
   * @param {string[]} [folders]  names of what was dropped and is no file */
  add(conv, files, folders = []) {
    const max = this.c.state().account.policy?.upload_max ?? null;
    const { taken, refused } = sift(files, trayOf(this.s, conv).length, max);
    const uploads = taken.map((f) => this.#made(f));
    const odd = folders.map((name) => ({ name: fileName(name), code: 'folder' }));
    this.c.dispatch({ type: 'uploads/chosen', conv, uploads, refused: [...odd, ...refused] });
  }

  /** @param {File} f @returns {Upload} */
  #made(f) {
    const id = randomId(12);
    const picture = isPicture(f.type);
    const shown = picture || f.type === 'image/gif';
    const url = shown ? URL.createObjectURL(f) : null;
    this.files.set(id, { file: f, url });
    return {
      id, name: fileName(f.name), size: f.size, mime: f.type, picture, original: false, url,
      width: 0, height: 0, phase: 'chosen', moved: 0, total: f.size, error: null, file: null,
    };
  }

  /** Whether the pictures of the next message go as they are. @param {string} conv @param {boolean} on */
  originals(conv, on) {
    this.c.dispatch({ type: 'uploads/originals', conv, on });
  }

  /** @param {string} conv */
  understood(conv) {
    this.c.dispatch({ type: 'uploads/understood', conv });
  }

  /** What is in the tray belongs to a message now. @param {string} conv @returns {string[]} */
  take(conv) {
    const ids = trayOf(this.s, conv).map((u) => u.id);
    this.c.dispatch({ type: 'uploads/sent', conv });
    return ids;
  }

  /** Not wanted any more, or sent. @param {string[]} ids */
  drop(ids) {
    for (const id of ids) {
      this.running.get(id)?.stop.abort();
      this.running.delete(id);
      const { url } = this.files.get(id) ?? {};
      if (url) URL.revokeObjectURL(url);
      this.files.delete(id);
    }
    this.wake();
    if (ids.length) this.c.dispatch({ type: 'uploads/drop', ids });
  }

  dropAll() {
    this.drop([...this.files.keys()]);
  }

  /** Something would be lost with the page. */
  busy() {
    return this.running.size > 0;
  }

  /** There is a connection again. */
  wake() {
    for (const go of [...this.waiting]) go();
  }

  /** @param {number} ms */
  #pause(ms) {
    return new Promise((/** @type {(v?: any) => void} */ done) => {
      const go = () => {
        this.waiting.delete(go);
        this.c.clock.cancel(timer);
        done();
      };
      const timer = this.c.clock.after(go, ms);
      this.waiting.add(go);
    });
  }

  /** Sends what is not there yet; what is there stays for another try.
   * @param {string[]} ids @returns {Promise<FileRef[]>} rejects with a code; `aborted`: dropped meanwhile */
  async bring(ids) {
    /** @type {FileRef[]} */
    const files = [];
    for (const id of ids) files.push(await this.#one(id));
    return files;
  }

  /** @param {string} id @returns {Promise<FileRef>} */
  async #one(id) {
    const { file } = this.s.items[id] ?? {};
    if (file) return file;
    const known = this.running.get(id);
    if (known) return known.file;
    const stop = new AbortController();
    const made = this.#send(id, stop.signal);
    this.running.set(id, { stop, file: made });
    try {
      const done = await made;
      this.#set(id, { phase: 'done', file: done, moved: this.s.items[id]?.total ?? 0 });
      return done;
    } catch (e) {
      this.#set(id, { phase: 'failed', error: codeOf(e) });
      throw e;
    } finally {
      if (this.running.get(id)?.stop === stop) this.running.delete(id);
    }
  }

  /** @param {string} id @param {Partial<Upload>} patch */
  #set(id, patch) {
    this.c.dispatch({ type: 'uploads/set', id, patch });
  }

  /** @param {string} id @param {AbortSignal} stop @returns {Promise<FileRef>} */
  async #send(id, stop) {
    const { name, mime, picture, original } = this.s.items[id];
    const { file } = this.files.get(id) ?? {};
    if (!file) throw new SignalError('aborted');
    this.#set(id, { phase: 'preparing', error: null, moved: 0 });
    const drawn = picture ? await pictureToSend(file, { original, name, make: this.c.env.canvas }) : null;
    const whole = { blob: file, thumb: null, name, width: 0, height: 0 };
    const { blob, thumb, name: sent, width, height } = drawn ?? whole;
    this.#set(id, { phase: 'moving', total: blob.size + (thumb?.size ?? 0), width, height });
    for (let tries = 1; ; tries++) {
      const small = thumb && { thumb: await this.#bytes(id, thumb, { name: 'thumbnail', mime: thumb.type }, 0, stop) };
      const what = { name: sent, mime: blob.type || mime || PLAIN };
      const upload = await this.#bytes(id, blob, what, thumb?.size ?? 0, stop);
      try {
        const answer = await this.#attach({ upload, ...small }, stop);
        return { ...answer, name: sent };
      } catch (e) { // taken before, and the answer was lost
        if (codeOf(e) !== 'unknown' || tries === ATTACH_MAX) throw e;
      }
    }
  }

  /** @param {string} id @param {Blob} blob @param {{name: string, mime: string}} what
   * @param {number} before  bytes of the upload that have been sent @param {AbortSignal} stop */
  #bytes(id, blob, what, before, stop) {
    const { c } = this;
    return sendBlob({
      begin: (fields) => c.sig.request('upload', fields), api: this.api, clock: c.clock,
      pause: (ms) => this.#pause(ms),
    }, { blob, ...what }, {
      stop,
      moved: (have) => this.#set(id, { phase: 'moving', moved: before + have }),
      waits: (on) => this.#set(id, { phase: on ? 'waiting' : 'moving' }),
    });
  }

  /** @param {{upload: string, thumb?: string}} fields @param {AbortSignal} stop */
  async #attach(fields, stop) {
    for (;;) {
      try {
        const answer = await this.c.sig.request('attach', fields);
        if (stop.aborted) throw new SignalError('aborted');
        return answer;
      } catch (e) {
        const { code, retryMs } = /** @type {any} */ (e);
        if (stop.aborted || !['session_lost', 'rate', 'store_busy', 'busy'].includes(code)) throw e;
        await this.#pause(retryMs || 1500);
      }
    }
  }
}
