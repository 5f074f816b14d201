// Raw connections for tests: bytes in, bytes out, and just enough of HTTP and WebSocket to read what
// the server says, without a library that would refuse to send what is wrong.
import net from 'node:net';
import tls from 'node:tls';
import { randomBytes } from 'node:crypto';

/** @typedef {import('./server.mjs').Server} Server */

export class Raw {
  /** @param {import('node:net').Socket} socket */
  constructor(socket) {
    this.socket = socket;
    /** @type {Buffer} */
    this.buf = Buffer.alloc(0);
    this.ended = false;
    /** @type {string | undefined} */
    this.error = undefined;
    /** @type {Set<() => void>} */
    this.waiters = new Set();
    socket.on('data', (d) => { this.buf = Buffer.concat([this.buf, d]); this.#wake(); });
    socket.on('error', (e) => { this.error = e.message; this.ended = true; this.#wake(); });
    socket.on('close', () => { this.ended = true; this.#wake(); });
    socket.on('end', () => { this.ended = true; this.#wake(); });
  }

  #wake() { for (const w of [...this.waiters]) w(); }

  /** @param {string | Buffer} bytes strings are latin1: one character, one byte */
  send(bytes) { if (!this.socket.destroyed) this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes); }

  /**
   * @template T
   * @param {() => T | undefined | null | false} look
   * @param {number} [ms]
   * @returns {Promise<T>}
   */
  until(look, ms = 5000) {
    return new Promise((resolve, reject) => {
      const finish = (/** @type {() => void} */ f) => {
        clearTimeout(timer);
        this.waiters.delete(check);
        f();
      };
      const check = () => {
        const hit = look();
        if (hit) finish(() => resolve(hit));
      };
      const timer = setTimeout(() => finish(() => reject(new Error(
        `waited ${ms} ms in vain; ended ${this.ended}, have ${JSON.stringify(this.buf.toString('latin1').slice(0, 300))}`))), ms);
      this.waiters.add(check);
      check();
    });
  }

  /** Until the other side ends. @param {number} [ms] */
  end(ms) { return this.until(() => this.ended, ms); }

  /** One response with its body, by Content-Length; "" as the status when the connection ended first.
   * @param {{head?: boolean, ms?: number}} [o] */
  async response(o = {}) {
    const at = await this.until(() => {
      const i = this.buf.indexOf('\r\n\r\n');
      return i >= 0 ? i + 4 : this.ended ? -1 : undefined;
    }, o.ms);
    if (at < 0) return { status: 0, head: '', body: Buffer.alloc(0) };
    const head = this.buf.subarray(0, at).toString('latin1');
    this.buf = this.buf.subarray(at);
    const status = Number(head.slice(9, 12));
    const length = status === 304 || o.head ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (length > 0) await this.until(() => this.buf.length >= length || this.ended, o.ms);
    const body = this.buf.subarray(0, length);
    this.buf = this.buf.subarray(length);
    return { status, head, body };
  }

  close() { this.socket.destroy(); }
  /** Ends with a reset. */
  reset() { if (this.socket instanceof net.Socket && 'resetAndDestroy' in this.socket) this.socket.resetAndDestroy(); else this.close(); }
}

/** @param {Server} server @param {{plain?: boolean}} [o] @returns {Promise<Raw>} */
export function connect(server, o = {}) {
  return new Promise((resolve, reject) => {
    const at = { host: server.host, port: server.port };
    const s = server.tls && !o.plain ? tls.connect({ ...at, rejectUnauthorized: false }) : net.connect(at);
    s.once('error', reject);
    s.once(server.tls && !o.plain ? 'secureConnect' : 'connect', () => {
      s.off('error', reject);
      resolve(new Raw(s));
    });
  });
}

/** Sends bytes on a connection of their own and reads one response. @param {Server} server
 * @param {string | Buffer} bytes @param {{plain?: boolean, head?: boolean}} [o] */
export async function ask(server, bytes, o = {}) {
  const c = await connect(server, o);
  c.send(bytes);
  const r = await c.response(o);
  c.close();
  return r;
}

/** @param {Server} server */
export const hostOf = (server) => `${server.host}:${server.port}`;

/** The opening of a WebSocket. @param {Server} server
 * @param {Record<string, string | null>} [fields] others, or null to leave one out */
export function opening(server, fields = {}) {
  /** @type {Record<string, string | null>} */
  const all = { Host: hostOf(server), Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'), 'Sec-WebSocket-Protocol': 'madang.v1', ...fields };
  return `GET /api/ws HTTP/1.1\r\n${Object.entries(all).filter(([, v]) => v !== null)
    .map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`;
}

/** A client's frame. @param {number} first @param {string | Buffer} payload
 * @param {{mask?: boolean, form?: 0 | 2 | 8, length?: number}} [o] form: length field by force;
 *   length: a lie */
export function frame(first, payload, o = {}) {
  const data = Buffer.from(payload);
  const n = o.length ?? data.length;
  const form = o.form ?? (n > 65535 ? 8 : n > 125 ? 2 : 0);
  const bit = o.mask === false ? 0 : 0x80;
  /** @type {Buffer} */
  let head;
  if (form === 8) {
    head = Buffer.alloc(10);
    head.writeBigUInt64BE(BigInt(n), 2);
    head[1] = bit | 127;
  } else if (form === 2) {
    head = Buffer.alloc(4);
    head.writeUInt16BE(n, 2);
    head[1] = bit | 126;
  } else {
    head = Buffer.from([0, bit | n]);
  }
  head[0] = first;
  if (!bit) return Buffer.concat([head, data]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, data.map((b, i) => b ^ mask[i & 3])]);
}

/** A WebSocket on a raw connection. */
export class RawWs {
  /** @param {Raw} raw */
  constructor(raw) { this.raw = raw; }

  /** @param {Server} server @param {Record<string, string | null>} [fields] */
  static async open(server, fields) {
    const raw = await connect(server);
    raw.send(opening(server, fields));
    const r = await raw.response();
    if (r.status !== 101) throw new Error(`no WebSocket: ${r.head}`);
    return new RawWs(raw);
  }

  /** The next frame; op -1: the connection ended. @param {number} [ms]
   * @returns {Promise<{op: number, payload: Buffer}>} */
  next(ms) {
    return this.raw.until(() => {
      const b = this.raw.buf;
      if (b.length >= 2) {
        const short = b[1] & 127;
        const head = short === 126 ? 4 : short === 127 ? 10 : 2;
        if (b.length >= head) {
          const n = short === 126 ? b.readUInt16BE(2) : short === 127 ? Number(b.readBigUInt64BE(2)) : short;
          if (b.length >= head + n) {
            this.raw.buf = b.subarray(head + n);
            return { op: b[0] & 15, payload: b.subarray(head, head + n) };
          }
        }
      }
      return this.raw.ended ? { op: -1, payload: Buffer.alloc(0) } : undefined;
    }, ms);
  }

  /** The next message as an object; pings are answered on the way. @param {number} [ms]
   * @returns {Promise<any>} */
  async message(ms) {
    for (;;) {
      const f = await this.next(ms);
      if (f.op === 9) this.raw.send(frame(0x8a, f.payload));
      else if (f.op === 1) return JSON.parse(f.payload.toString().split('\n')[0]);
      else throw new Error(`frame ${f.op}: ${f.payload.toString('hex')}`);
    }
  }

  /** The close code, 0 when the connection ended without one. @param {number} [ms] */
  async closeCode(ms) {
    for (;;) {
      const f = await this.next(ms);
      if (f.op === 8) return f.payload.length >= 2 ? f.payload.readUInt16BE(0) : 1005;
      if (f.op === -1) return 0;
    }
  }

  /** @param {object} message */
  say(message) { this.raw.send(frame(0x81, JSON.stringify(message))); }
  close() { this.raw.close(); }
}
