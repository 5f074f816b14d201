// A TURN client for tests (RFC 8656, RFC 8489, RFC 8016), written from the RFCs: over UDP, TCP and TLS, also
// through an HTTP proxy. It can do what a good client does (challenge, keys, retransmission), and send anything
// that a bad one would. What it gets it checks: integrity, fingerprint, who asked for it.
import dgram from 'node:dgram';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import {
  ALGORITHM, ATTR, CLASS, METHOD, addressValue, build, channelData, fingerprint, fingerprintIsRight, frameSize, longTermKey,
  messageType, nonceFeatures, read, readAddress, sign, u16pad, u32, u8pad, userhash, verify,
} from './stun.mjs';

/** @typedef {import('./stun.mjs').Address} Address */
/** @typedef {import('./stun.mjs').Attribute} Attribute */
/** @typedef {import('./stun.mjs').Message} Message */
/** @typedef {{peer?: Address, channel?: number, data: Buffer, message?: Message}} Received  ICMP: message is there, data is empty */
/**
 * @typedef {object} Options
 * @property {'udp' | 'tcp' | 'tls'} [proto]  default udp
 * @property {string} host
 * @property {number} port
 * @property {string} [user]
 * @property {string} [password]
 * @property {'auto' | 'md5' | 'sha256'} [algorithm]  auto: SHA-256 where it is offered; md5: as clients of RFC 5389 do, without
 *   the attributes of RFC 8489
 * @property {boolean} [userhash]  send USERHASH in place of USERNAME
 * @property {boolean} [fingerprint]  default true
 * @property {Address} [proxy]  an HTTP proxy (CONNECT)
 * @property {string} [localAddress]
 * @property {number} [localPort]
 * @property {string[]} [alpn]
 * @property {number} [rtoMs]  of the first retransmission, default 500
 * @property {number} [tries]  default 5
 * @property {() => string} [blame]  what to say beside that no answer came: the server's log
 */

/** A request that was answered with an error. */
export class TurnError extends Error {
  /** @param {Message} message @param {string} what */
  constructor(message, what) {
    super(`${what}: ${message.code} ${message.get(ATTR.errorCode)?.subarray(4).toString() ?? ''}`);
    this.message_ = message;
    this.code = message.code;
  }
}

export class TurnClient {
  /** @param {Options} o @returns {Promise<TurnClient>} */
  static async open(o) {
    const c = new TurnClient(o);
    await c.#connect();
    return c;
  }

  /** @param {Options} o */
  constructor(o) {
    this.o = { proto: 'udp', algorithm: 'auto', fingerprint: true, rtoMs: 500, tries: 5, ...o };
    this.realm = '';
    this.nonce = '';
    /** PASSWORD-ALGORITHMS as the server sent it @type {Buffer | undefined} */
    this.offered = undefined;
    /** @type {Buffer} */
    this.key = Buffer.alloc(0);
    /** @type {import('./stun.mjs').Integrity} */
    this.integrity = 'sha1';
    /** @type {Map<string, (m: Message) => void>} */
    this.waiting = new Map();
    /** @type {Received[]} */
    this.inbox = [];
    /** @type {((r: Received) => void)[]} */
    this.listeners = [];
    /** Everything that came and was not asked for, or is wrong @type {string[]} */
    this.odd = [];
    /** @type {Map<number, Address>} */
    this.channels = new Map();
    this.closed = false;
    this.stats = { received: 0, bytes: 0, retransmitted: 0 };
    /** @type {Address | undefined} */
    this.relayed = undefined;
  }

  // ---- transport

  async #connect() {
    const { proto, host, port, proxy, localAddress, localPort } = this.o;
    if (proto === 'udp') {
      const s = dgram.createSocket({ type: net.isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
      this.udp = s;
      s.on('message', (m, from) => {
        if (from.port === port) this.#take(m);
        else this.inbox.push({ peer: { host: from.address, port: from.port }, data: m }), this.#wake();
      });
      s.on('error', (e) => this.odd.push(`socket: ${e.message}`));
      await new Promise((resolve) => s.bind(localPort ?? 0, localAddress, () => resolve(undefined)));
      return;
    }
    let socket = await connectTcp(proxy ?? { host, port }, localAddress);
    let rest = Buffer.alloc(0);
    if (proxy) rest = await throughProxy(socket, { host, port });
    if (proto === 'tls') socket = await secure(socket, this.o.alpn ?? []);
    this.stream = socket;
    let got = rest;
    const taken = () => {
      for (;;) {
        const size = frameSize(got);
        if (!size || got.length < size) return;
        this.#take(got.subarray(0, size));
        got = got.subarray(size);
      }
    };
    socket.on('data', (d) => { got = got.length ? Buffer.concat([got, d]) : d; taken(); });
    socket.on('error', () => {});
    socket.on('close', () => { this.closed = true; this.#wake(); });
    taken();
  }

  /** Sends bytes as they are. @param {Buffer} bytes */
  raw(bytes) {
    if (this.udp) this.udp.send(bytes, this.o.port, this.o.host);
    else this.stream?.write(bytes);
  }

  get localPort() { return this.udp ? this.udp.address().port : this.stream?.localPort ?? 0; }

  /** From the same socket to somebody else (a peer that does without a relay). @param {Buffer} bytes @param {Address} to */
  direct(bytes, to) { this.udp?.send(bytes, to.port, to.host); }

  close() {
    if (this.udp && !this.closed) this.udp.close();
    this.stream?.destroy();
    this.closed = true;
  }

  /** @param {Buffer} b */
  #take(b) {
    this.stats.received++;
    this.stats.bytes += b.length;
    if (b.length >= 4 && b[0] >= 0x40 && b[0] < 0x80) {
      const channel = b.readUInt16BE(0);
      this.inbox.push({ channel, peer: this.channels.get(channel), data: b.subarray(4, 4 + b.readUInt16BE(2)) });
      return this.#wake();
    }
    /** @type {Message} */
    let m;
    try {
      m = read(b);
    } catch (e) {
      this.odd.push(`${e}`);
      return;
    }
    if (m.get(ATTR.fingerprint) && !fingerprintIsRight(m)) return void this.odd.push('a wrong FINGERPRINT');
    if (m.type === messageType(METHOD.data, CLASS.indication)) {
      this.inbox.push({ peer: m.address(ATTR.peer), data: m.get(ATTR.data) ?? Buffer.alloc(0), message: m });
      return this.#wake();
    }
    const id = m.id.toString('hex');
    const waiting = this.waiting.get(id);
    if (waiting) waiting(m);
    else this.odd.push(`an answer nobody waits for: ${m.type.toString(16)} ${m.code}`);
  }

  #wake() { for (const l of this.listeners.splice(0)) l(/** @type {any} */ (undefined)); }

  /**
   * The next datagram of a peer (ICMP not counted), or undefined when none comes.
   * @param {(r: Received) => boolean} [wanted] @param {number} [ms] @returns {Promise<Received | undefined>}
   */
  async receive(wanted = () => true, ms = 3000) {
    for (const end = Date.now() + ms; ;) {
      const at = this.inbox.findIndex(wanted);
      if (at >= 0) return this.inbox.splice(at, 1)[0];
      const left = end - Date.now();
      if (left <= 0 || (this.closed && !this.udp)) return undefined;
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.listeners.push(() => { clearTimeout(timer); resolve(undefined); });
      });
    }
  }

  // ---- transactions

  /** Sends a message and waits for its answer; retransmits over UDP. undefined: none came.
   *  @param {Buffer} bytes @param {{ms?: number, once?: boolean, unless?: () => Promise<unknown>}} [o]  unless: begun after the
   *    message was sent; what has not come when it ends will not
   *  @returns {Promise<Message | undefined>} */
  transact(bytes, { ms, once = false, unless } = {}) {
    const id = bytes.subarray(8, 20).toString('hex');
    return new Promise((resolve, reject) => {
      /** @type {NodeJS.Timeout | undefined} */
      let timer;
      const end = setTimeout(() => done(undefined), ms ?? this.#patience());
      const done = (/** @type {Message | undefined} */ m) => {
        clearTimeout(timer);
        clearTimeout(end);
        this.waiting.delete(id);
        resolve(m);
      };
      this.waiting.set(id, done);
      let wait = this.o.rtoMs;
      let left = this.o.tries;
      const send = () => {
        if (this.closed) return done(undefined);
        this.raw(bytes);
        if (!this.udp || once || --left <= 0) return;
        timer = setTimeout(() => { this.stats.retransmitted++; send(); }, wait);
        wait *= 2;
      };
      send();
      unless?.().then(() => done(undefined), (e) => { reject(e); done(undefined); });
    });
  }

  /**
   * All that was sent before has been dealt with, and what the server sent because of it has left: it goes out with the answer
   * to the first of two requests, at the latest.
   */
  async settle() {
    for (let i = 0; i < 2; i++) {
      if (!await this.transact(this.make(METHOD.refresh, () => []))) throw new Error(`no answer to a Refresh${this.o.blame?.() ?? ''}`);
    }
  }

  #patience() { return this.udp ? this.o.rtoMs * (2 ** this.o.tries - 1) : 8000; }

  /**
   * A signed request with the credentials as they are now. sign: false makes one without.
   * @param {number} method @param {(id: Buffer) => Attribute[]} attributes
   * @param {{sign?: boolean, id?: Buffer, user?: string, nonce?: string, realm?: string, key?: Buffer}} [o]
   */
  make(method, attributes, o = {}) {
    const id = o.id ?? randomBytes(12);
    const list = attributes(id);
    let b;
    if (o.sign === false || !this.nonce) b = build(messageType(method, CLASS.request), list, id);
    else {
      const user = o.user ?? this.o.user ?? '';
      const modern = this.integrity === 'sha256';
      b = build(messageType(method, CLASS.request), [...list,
        this.o.userhash ? [ATTR.userhash, userhash(user, this.realm)] : [ATTR.username, Buffer.from(user)],
        [ATTR.realm, Buffer.from(o.realm ?? this.realm)], [ATTR.nonce, Buffer.from(o.nonce ?? this.nonce)],
        ...(modern ? /** @type {Attribute[]} */ ([[ATTR.passwordAlgorithms, /** @type {Buffer} */ (this.offered)],
          [ATTR.passwordAlgorithm, Buffer.from([0, ALGORITHM.sha256, 0, 0])]]) : []),
      ], id);
      b = sign(b, o.key ?? this.key, this.integrity);
    }
    return this.o.fingerprint ? fingerprint(b) : b;
  }

  /** Takes realm, nonce and algorithms of a 401 or 438. @param {Message} m */
  learn(m) {
    this.realm = m.get(ATTR.realm)?.toString() || this.realm;
    this.nonce = m.get(ATTR.nonce)?.toString() ?? '';
    this.offered = m.get(ATTR.passwordAlgorithms);
    const { algorithms } = nonceFeatures(this.nonce);
    if (algorithms !== !!this.offered) this.odd.push('PASSWORD-ALGORITHMS and the nonce contradict each other');
    const sha256 = this.o.algorithm !== 'md5' && offers(this.offered, ALGORITHM.sha256);
    if (this.o.algorithm === 'sha256' && !sha256) throw new Error('the server offers no SHA-256');
    this.integrity = sha256 ? 'sha256' : 'sha1';
    this.key = longTermKey(sha256 ? 'sha256' : 'md5', this.o.user ?? '', this.realm, this.o.password ?? '');
  }

  /**
   * A request of somebody who behaves well: answers a challenge, checks the answer's integrity.
   * @param {number} method @param {(id: Buffer) => Attribute[]} [attributes]
   * @param {{ms?: number, sign?: boolean}} [o]
   * @returns {Promise<Message>} a success; everything else is thrown
   */
  async request(method, attributes = () => [], o = {}) {
    const name = Object.entries(METHOD).find(([, m]) => m === method)?.[0] ?? `method ${method}`;
    for (let tries = 0; ; tries++) {
      const signed = !!this.nonce && o.sign !== false;
      const m = await this.transact(this.make(method, attributes, o), o);
      if (!m) throw new Error(`no answer to ${name}${this.o.blame?.() ?? ''}`);
      if (m.method !== method) throw new Error(`${name} was answered by a message of method ${m.method}`);
      if (m.class === CLASS.success) {
        if (signed && !verify(m, this.key, this.integrity)) throw new Error(`the answer to ${name} has no right integrity`);
        return m;
      }
      if (((m.code === 401 && !signed) || m.code === 438) && tries < 2 && this.o.user !== undefined && o.sign !== false) {
        this.learn(m);
        continue;
      }
      throw new TurnError(m, name);
    }
  }

  // ---- RFC 8656

  /** @returns {Promise<Address>} how the server sees this client */
  async binding() {
    const m = await this.request(METHOD.binding, undefined, { sign: false });
    return /** @type {Address} */ (m.address(ATTR.mapped));
  }

  /**
   * @param {{lifetime?: number, family?: 4 | 6, additional?: 4 | 6, evenPort?: boolean | 'reserve', token?: Buffer, df?: boolean,
   *   mobility?: boolean, transport?: number, extra?: Attribute[]}} [o]
   */
  async allocate(o = {}) {
    const family = (/** @type {4 | 6} */ f) => u8pad(f === 4 ? 1 : 2);
    const m = await this.request(METHOD.allocate, () => [
      [ATTR.requestedTransport, u8pad(o.transport ?? 17)],
      ...(o.lifetime !== undefined ? some(ATTR.lifetime, u32(o.lifetime)) : []),
      ...(o.family ? some(ATTR.requestedFamily, family(o.family)) : []),
      ...(o.additional ? some(ATTR.additionalFamily, family(o.additional)) : []),
      ...(o.evenPort !== undefined ? some(ATTR.evenPort, Buffer.from([o.evenPort === 'reserve' ? 0x80 : 0])) : []),
      ...(o.token ? some(ATTR.reservationToken, o.token) : []),
      ...(o.df ? some(ATTR.dontFragment, Buffer.alloc(0)) : []),
      ...(o.mobility ? some(ATTR.mobilityTicket, Buffer.alloc(0)) : []),
      ...(o.extra ?? []),
    ]);
    const relays = m.attributes.filter(([t]) => t === ATTR.relayed).map(([, v]) => readAddress(v, m.id));
    [this.relayed] = relays;
    this.ticket = m.get(ATTR.mobilityTicket);
    return { relayed: relays[0], relays, mapped: m.address(ATTR.mapped), lifetime: m.number(ATTR.lifetime) ?? 0,
      token: m.get(ATTR.reservationToken), ticket: this.ticket, addressError: m.get(ATTR.addressError), message: m };
  }

  /** @param {number} [lifetime] @param {{ticket?: Buffer, family?: 4 | 6}} [o] @returns {Promise<number>} */
  async refresh(lifetime, { ticket, family } = {}) {
    const m = await this.request(METHOD.refresh, () => [
      ...(lifetime !== undefined ? some(ATTR.lifetime, u32(lifetime)) : []),
      ...(ticket ? some(ATTR.mobilityTicket, ticket) : []),
      ...(family ? some(ATTR.requestedFamily, u8pad(family === 4 ? 1 : 2)) : []),
    ]);
    this.ticket = m.get(ATTR.mobilityTicket) ?? this.ticket;
    return m.number(ATTR.lifetime) ?? 0;
  }

  /** @param {(string | Address)[]} peers */
  async permit(...peers) {
    await this.request(METHOD.createPermission, (id) => peers.map((p) =>
      [ATTR.peer, addressValue(typeof p === 'string' ? { host: p, port: 0 } : p, id)]));
  }

  /** @param {number} channel @param {Address} peer */
  async bind(channel, peer) {
    await this.request(METHOD.channelBind, (id) => [[ATTR.channelNumber, u16pad(channel)], [ATTR.peer, addressValue(peer, id)]]);
    this.channels.set(channel, peer);
  }

  /** A Send indication. @param {Address} peer @param {Buffer} data @param {{df?: boolean}} [o] */
  send(peer, data, { df = false } = {}) {
    const id = randomBytes(12);
    const b = build(messageType(METHOD.send, CLASS.indication), [[ATTR.peer, addressValue(peer, id)],
      ...(df ? some(ATTR.dontFragment, Buffer.alloc(0)) : []), [ATTR.data, data]], id);
    this.raw(this.o.fingerprint ? fingerprint(b) : b);
  }

  /** ChannelData. @param {number} channel @param {Buffer} data */
  sendChannel(channel, data) { this.raw(channelData(channel, data, !this.udp)); }
}

/** @param {number} type @param {Buffer} value @returns {Attribute[]} */
const some = (type, value) => [[type, value]];

/** @param {Buffer | undefined} list @param {number} algorithm */
function offers(list, algorithm) {
  for (let at = 0; list && at + 4 <= list.length;) {
    if (list.readUInt16BE(at) === algorithm) return true;
    const size = list.readUInt16BE(at + 2);
    at += 4 + size + (4 - size % 4) % 4;
  }
  return false;
}

/** @param {Address} to @param {string} [localAddress] @returns {Promise<net.Socket>} */
function connectTcp({ host, port }, localAddress) {
  return new Promise((resolve, reject) => {
    const s = net.connect({ host, port, localAddress, noDelay: true });
    s.setTimeout(4000, () => s.destroy(new Error(`no connection to ${host} ${port} within 4 s`)));
    s.once('error', reject);
    s.once('connect', () => { s.setTimeout(0); resolve(s); });
  });
}

/** @param {net.Socket} socket @param {Address} to @returns {Promise<Buffer>} what came behind the proxy's answer */
function throughProxy(socket, { host, port }) {
  const name = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  socket.write(`CONNECT ${name} HTTP/1.1\r\nHost: ${name}\r\n\r\n`);
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0);
    const data = (/** @type {Buffer} */ d) => {
      got = Buffer.concat([got, d]);
      const at = got.indexOf('\r\n\r\n');
      if (at < 0) return;
      socket.off('data', data);
      if (/^HTTP\/1\.[01] 200 /.test(got.toString('latin1'))) resolve(got.subarray(at + 4));
      else reject(new Error(`the proxy says: ${got.toString('latin1', 0, 60)}`));
    };
    socket.on('data', data);
    socket.once('close', () => reject(new Error('the proxy hung up')));
  });
}

/** @param {net.Socket} socket @param {string[]} alpn @returns {Promise<tls.TLSSocket>} */
function secure(socket, alpn) {
  return new Promise((resolve, reject) => {
    const s = tls.connect({ socket, rejectUnauthorized: false, ...(alpn.length ? { ALPNProtocols: alpn } : {}) });
    s.once('error', reject);
    s.once('secureConnect', () => resolve(s));
  });
}
