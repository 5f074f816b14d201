// A client of docs/protocol.md for tests of the real program, over WebSocket: numbered requests with their
// answers, and events in the order in which they came.
import assert from 'node:assert/strict';
import WebSocket from 'ws';

export class Client {
  /** @param {import('./server.mjs').Server} server */
  constructor(server) {
    this.server = server;
    /** @type {any[]} */
    this.events = [];
    this.seq = 0;
    this.id = 0;
    this.token = '';
    this.session = '';
    /** of a person with an account: "name=value", set before open() */
    this.cookie = '';
    /** whose page it is; the server's own when empty */
    this.origin = '';
    /** @type {Map<number, (m: any) => void>} */
    this.asked = new Map();
    /** @type {{test: (m: any) => boolean, done: (m: any) => void}[]} */
    this.waiting = [];
    /** @type {number | undefined} */
    this.closeCode = undefined;
  }

  /** Opens a WebSocket; a former one stays as it is. @param {object} [hello] to go with the request */
  async open(hello) {
    const scheme = this.server.tls ? 'wss' : 'ws';
    const offers = hello ? ['madang.v1.hello', 'madang.v1',
      `hello.${Buffer.from(JSON.stringify(hello)).toString('base64url')}`] : 'madang.v1';
    const ws = new WebSocket(`${scheme}://${this.server.host}:${this.server.port}/api/ws`, offers, {
      origin: this.origin || this.server.url, rejectUnauthorized: false,
      headers: this.cookie ? { cookie: this.cookie } : {} });
    this.ws = ws;
    this.closed = new Promise((resolve) => ws.once('close', (code) => { this.closeCode = code; resolve(code); }));
    ws.on('message', (data) => this.take(data.toString()));
    await new Promise((resolve, reject) => { ws.once('open', resolve); ws.once('error', reject); });
    return this;
  }

  /** @param {string} text */
  take(text) {
    const end = text.indexOf('\n');
    const m = JSON.parse(end < 0 ? text : text.slice(0, end));
    if (end >= 0) m.body = text.slice(end + 1);
    const beside = ['pong', 'resumed', 'closing', 'ended'].includes(m.type) || (m.type === 'error' && !m.id);
    if (!beside) this.seq++;
    if (m.id && this.asked.has(m.id)) {
      this.asked.get(m.id)?.(m);
      this.asked.delete(m.id);
    } else {
      this.events.push(m);
    }
    for (const w of [...this.waiting]) {
      if (w.test(m)) { this.waiting.splice(this.waiting.indexOf(w), 1); w.done(m); }
    }
  }

  /** Sends something as it is. @param {any} m @param {string} [body] */
  send(m, body) {
    const text = typeof m === 'string' ? m : JSON.stringify(m);
    this.ws?.send(body === undefined ? text : `${text}\n${body}`);
  }

  /** A request with the next id; its ack or error. @param {string} type @param {object} [fields] @param {string} [body] */
  ask(type, fields = {}, body = undefined) {
    const id = ++this.id;
    return this.within(new Promise((resolve) => {
      this.asked.set(id, resolve);
      this.send({ type, id, ...fields }, body);
    }), `answer to ${type}`);
  }

  /** The same, but an error is a failure. @param {string} type @param {object} [fields] @param {string} [body] */
  async must(type, fields = {}, body = undefined) {
    const m = await this.ask(type, fields, body);
    assert.equal(m.type, 'ack', `${type}: ${JSON.stringify(m)}`);
    return m;
  }

  /** @param {object} [fields] */
  async hello(fields = {}) {
    const m = await this.must('hello', { v: 1, ...fields });
    this.token = m.token;
    this.session = m.session;
    return m;
  }

  /** An event that has come or will. @param {(m: any) => boolean} test @param {string} [what] */
  event(test, what = 'event') {
    const had = this.events.find(test);
    if (had) return Promise.resolve(had);
    return this.within(new Promise((done) => this.waiting.push({ test, done })), what);
  }

  /** @template T @param {Promise<T>} promise @param {string} what @returns {Promise<T>} */
  within(promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no ${what} within 15 s; events: ${
        JSON.stringify(this.events).slice(0, 2000)}`)), 15000);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  close() { this.ws?.terminate(); }
}

/** Opens, says hello. @param {import('./server.mjs').Server} server @param {object} [fields] */
export async function join(server, fields = {}) {
  const c = await new Client(server).open();
  await c.hello(fields);
  return c;
}

/**
 * A new account by HTTP, and what its browser keeps.
 * @param {import('./server.mjs').Server} server  with registration open @param {string} name
 * @returns {Promise<{id: string, cookie: string}>}
 */
export async function register(server, name) {
  const { host, port, tls } = server;
  const body = JSON.stringify({ name, password: 'Nebel-Kater-7-Ofen' });
  const res = await server.get('/api/register', { method: 'POST', headers: { 'content-type': 'application/json',
    origin: `${tls ? 'https' : 'http'}://${host}:${port}` } }, body);
  assert.equal(res.status, 200, res.body.toString());
  return { id: JSON.parse(res.body.toString()).user.user, cookie: (res.headers['set-cookie']?.[0] ?? '').split(';')[0] };
}

/** A session of somebody with an account. @param {import('./server.mjs').Server} server @param {string} cookie */
export async function signedIn(server, cookie) {
  const c = new Client(server);
  c.cookie = cookie;
  await c.open();
  await c.hello();
  return c;
}
