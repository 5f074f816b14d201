// What the attack tests on TURN share: a server for the file and clients from many addresses; every way to write an address
// that must not be reached; ears at addresses where something forbidden would arrive; and the server's own account of what
// it refused. That something does not arrive is shown by what comes later and does.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import os from 'node:os';
import { after, afterEach, before } from 'node:test';
import { sleep, startServer } from './server.mjs';
import { ATTR, CLASS, METHOD, addressValue, build, messageType, u16pad } from './stun.mjs';
import { TurnClient } from './turn_client.mjs';

/** @typedef {import('./stun.mjs').Address} Address */
/** @typedef {import('./stun.mjs').Message} Message */
/** @typedef {import('./server.mjs').Server} Server */
/** How long what must happen may take on the slowest machine. */
export const PATIENCE = 20_000;

/** Dotted IPv4 as the last 32 bits of an IPv6 address, in hexadecimal groups. @param {string} v4 */
const groups = (v4) => {
  const b = Buffer.from(v4.split('.').map(Number));
  return `${b.readUInt16BE(0).toString(16)}:${b.readUInt16BE(2).toString(16)}`;
};
const inverted = (/** @type {string} */ v4) => groups(v4.split('.').map((n) => 255 - Number(n)).join('.'));

/** All disguises of an IPv4 address in IPv6. @param {string} v4 */
export const disguises = (v4) => [`::ffff:${v4}`, `::${v4}`, `::ffff:0:${groups(v4)}`, `64:ff9b::${groups(v4)}`, `2002:${groups(v4)}::1`,
  `2001:0:${groups('203.0.113.1')}:0:0:${inverted(v4)}`, `64:ff9b:1::${groups(v4)}`];

const FORBIDDEN4 = {
  loopback: ['127.1.2.3', '127.255.255.254'], unspecified: ['0.0.0.0', '0.1.2.3'], 'link-local': ['169.254.1.1'], private: ['10.0.0.1', '172.16.0.1',
    '172.31.255.255', '192.168.0.1'], cgn: ['100.64.0.1', '100.127.255.255'], multicast: ['224.0.0.1', '239.255.255.250'], broadcast: ['255.255.255.255'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1'], benchmark: ['198.18.0.1', '198.19.255.255'], reserved: ['240.0.0.1', '192.0.0.1'],
  metadata: ['169.254.169.254', '168.63.129.16', '100.100.100.200'],
};
const FORBIDDEN6 = {
  unspecified: ['::'], 'link-local': ['fe80::1'], site: ['fec0::1'], ula: ['fc00::1', 'fd12:3456::1'], multicast: ['ff02::1', 'ff0e::1'],
  documentation: ['2001:db8::1', '3fff::1'], metadata: ['fd00:ec2::254'], reserved: ['100::1'],
};

/** What no relay may reach unless the operator allows it, by class. @type {[string, string][]} */
export const FORBIDDEN = [
  ...Object.entries(FORBIDDEN4).flatMap(([why, list]) => list.map((a) => /** @type {[string, string]} */ ([why, a]))),
  ...Object.entries(FORBIDDEN6).flatMap(([why, list]) => list.map((a) => /** @type {[string, string]} */ ([why, a]))),
  ...[...Object.values(FORBIDDEN4).map((l) => l[0]), '127.0.0.1', '8.8.8.8'].flatMap((v4) => disguises(v4)
    .map((a) => /** @type {[string, string]} */ ([`${v4} in disguise`, a]))),
];

/** Addresses of this machine beside loopback. */
export const ownAddresses = () => Object.values(os.networkInterfaces()).flat()
  .filter((a) => a && !a.internal && !(a.family === 'IPv6' && a.address.startsWith('fe80'))).map((a) => /** @type {any} */ (a).address);

const MARK = 'madang-marker';

/**
 * Somebody who listens where nothing may arrive, on all addresses of this machine or on one; answers nothing.
 * @param {string} [host]  default: all, IPv4 and IPv6
 */
async function openEar(host = '::') {
  const family = host.includes(':') ? 'udp6' : 'udp4';
  const socket = dgram.createSocket({ type: family, recvBufferSize: 1 << 20 });
  /** @type {{from: string, port: number, data: Buffer}[]} */
  const heard = [];
  /** @type {Map<string, () => void>} */
  const marks = new Map();
  socket.on('message', (data, from) => {
    if (data.subarray(0, MARK.length).toString() === MARK) marks.get(data.toString())?.();
    else heard.push({ from: from.address, port: from.port, data });
  });
  await new Promise((resolve) => socket.bind(0, host, () => resolve(undefined)));
  const { port } = socket.address();
  /** All that has been sent here until now has been heard: what we send ourselves comes behind it. */
  const upToNow = async () => {
    const mark = `${MARK} ${randomBytes(8).toString('hex')}`;
    const s = dgram.createSocket(family);
    try {
      let come = false;
      const came = new Promise((resolve) => { marks.set(mark, () => { come = true; resolve(undefined); }); });
      for (const end = Date.now() + PATIENCE; !come && Date.now() < end;) {
        s.send(mark, port, host === '::' ? '::1' : host);
        await Promise.race([came, sleep(200)]); // where the buffer was full, once more
      }
      assert.ok(come, 'the ear is deaf');
    } finally {
      marks.delete(mark);
      s.close();
    }
    return heard.map((h) => h.data.toString('latin1'));
  };
  return { heard, port, socket, upToNow, close: () => socket.close() };
}

/** The next free number of each client @type {WeakMap<TurnClient, number>} */
const channels = new WeakMap();
/** Never the same channel twice: a number that has a peer would reach that one. @param {TurnClient} c */
export function freshChannel(c) {
  const n = channels.get(c) ?? 0x4000;
  if (n > 0x4fff) throw new Error('a client has no more channels');
  channels.set(c, n + 1);
  return n;
}

/**
 * The codes that a client's request about a peer gets; 0 is a success.
 * @param {TurnClient} c @param {Address} peer @param {number} [number]  of the channel
 */
export async function asks(c, peer, number = freshChannel(c)) {
  const ask = async (/** @type {number} */ method, /** @type {(id: Buffer) => import('./stun.mjs').Attribute[]} */ attributes) => {
    const m = await c.transact(c.make(method, attributes));
    if (!m) throw new Error(`no answer to method ${method} about ${peer.host} ${peer.port}${c.o.blame?.() ?? ''}`);
    return m.class === CLASS.success ? 0 : m.code;
  };
  return {
    permission: await ask(METHOD.createPermission, (id) => [[ATTR.peer, addressValue(peer, id)]]),
    channel: await ask(METHOD.channelBind, (id) => [[ATTR.channelNumber, u16pad(number)], [ATTR.peer, addressValue(peer, id)]]),
  };
}

/** A Send indication with exactly these attributes. @param {import('./stun.mjs').Attribute[]} attributes @param {Buffer} [id] */
export const sendIndication = (attributes, id) => build(messageType(METHOD.send, CLASS.indication), attributes, id);

/** The values of /metrics, which are some milliseconds old. @param {Server} server @returns {Promise<(name: string) => number>} */
export async function metricsOf(server) {
  const { body } = await server.get('/metrics');
  const lines = new Map(body.toString().split('\n').filter((l) => l && l[0] !== '#')
    .map((l) => /** @type {[string, number]} */ ([l.slice(0, l.lastIndexOf(' ')), Number(l.slice(l.lastIndexOf(' ') + 1))])));
  return (name) => {
    const v = lines.get(name);
    if (v === undefined) throw new Error(`/metrics has no ${name}`);
    return v;
  };
}
/** @param {string} reason */
export const drops = (reason) => `madang_turn_drops_total{reason="${reason}"}`;
/** @param {Message | undefined} m @returns {number} 0: a success; -1: none came */
export const codeOf = (m) => (m ? (m.class === CLASS.success ? 0 : m.code) : -1);

/** A server for all tests of a file, and what each test opens, which ends with it. */
export class Lab {
  /**
   * @param {string} net  three numbers: clients over UDP come from an address of their own in it, so that limits for each
   *   address are not what is tested
   * @param {Parameters<typeof startServer>[0]} options
   * @param {{user: string, password: string}} [who]  clients are this one unless they say who they are
   */
  constructor(net, options, who) {
    this.net = net;
    this.who = who;
    this.count = 0;
    /** @type {{close: () => void}[]} */
    this.open = [];
    before(async () => { this.running = await startServer(options); });
    afterEach(() => { for (const x of this.open.splice(0)) x.close(); });
    after(async () => {
      if (this.running) assert.deepEqual(await this.running.stop(), { code: 0, signal: null }, this.running.log().slice(-3000));
    });
  }

  get server() { return /** @type {Server} */ (this.running); }

  /** Until the test ends. @template {{close: () => void}} T @param {T} x @returns {T} */
  keep(x) {
    this.open.push(x);
    return x;
  }

  /** @param {Partial<import('./turn_client.mjs').Options>} [o] */
  async client(o = {}) {
    const udp = (o.proto ?? 'udp') === 'udp';
    return this.keep(await TurnClient.open({
      host: '127.0.0.1', port: udp ? this.server.udpPort : this.server.port, ...this.who, rtoMs: 300,
      blame: () => `; the server's log:\n${this.server.log().slice(-3000)}`,
      ...(udp && o.host !== '::1' ? { localAddress: `${this.net}.${this.count++ % 250 + 1}` } : {}), ...o,
    }));
  }

  /** @param {string} [host] */
  async ear(host) { return this.keep(await openEar(host)); }

  /** Answers with what came. @param {string} host */
  async echo(host) {
    const e = await this.ear(host);
    e.socket.on('message', (m, from) => e.socket.send(m, from.port, from.address));
    return e;
  }

  metrics() { return metricsOf(this.server); }

  /** Waits for a value of /metrics. @param {string} name @param {(n: number) => boolean} is @returns {Promise<number>} */
  async until(name, is) {
    for (const end = Date.now() + PATIENCE; ; await sleep(10)) {
      const n = (await this.metrics())(name);
      if (is(n)) return n;
      if (Date.now() > end) throw new Error(`${name} is still ${n}:\n${this.server.log().slice(-3000)}`);
    }
  }
}
