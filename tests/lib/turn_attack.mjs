// What the attack tests on TURN share: every way to write an address that must not be reached, ears at addresses where
// something forbidden would arrive, and the server's own account of what it refused.
import dgram from 'node:dgram';
import os from 'node:os';
import { afterEach } from 'node:test';
import { ATTR, CLASS, METHOD, addressValue, build, messageType, u16pad } from './stun.mjs';

/** @typedef {import('./stun.mjs').Address} Address */
/** @typedef {import('./turn_client.mjs').TurnClient} TurnClient */

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

/** Of the running test: a test that fails leaves nothing open. @type {Set<dgram.Socket>} */
const ears = new Set();
afterEach(() => {
  for (const s of ears) s.close();
  ears.clear();
});

/**
 * Somebody who listens where nothing may arrive, on all addresses of this machine or on one; answers nothing. Until the
 * end of the test.
 * @param {string} [host]  default: all, IPv4 and IPv6
 */
export async function ear(host = '::') {
  const s = dgram.createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
  ears.add(s);
  /** @type {{from: string, port: number, data: Buffer}[]} */
  const heard = [];
  s.on('message', (data, from) => heard.push({ from: from.address, port: from.port, data }));
  await new Promise((resolve) => s.bind(0, host, () => resolve(undefined)));
  return { heard, port: s.address().port, socket: s };
}

/** Answers with what came. @param {string} host */
export async function echo(host) {
  const e = await ear(host);
  e.socket.on('message', (m, from) => e.socket.send(m, from.port, from.address));
  return e;
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
    if (!m) throw new Error(`no answer to method ${method} about ${peer.host} ${peer.port}`);
    return m.class === CLASS.success ? 0 : m.code;
  };
  return {
    permission: await ask(METHOD.createPermission, (id) => [[ATTR.peer, addressValue(peer, id)]]),
    channel: await ask(METHOD.channelBind, (id) => [[ATTR.channelNumber, u16pad(number)], [ATTR.peer, addressValue(peer, id)]]),
  };
}

/** A Send indication with exactly these attributes. @param {import('./stun.mjs').Attribute[]} attributes @param {Buffer} [id] */
export const sendIndication = (attributes, id) => build(messageType(METHOD.send, CLASS.indication), attributes, id);

/** The values of /metrics. @param {import('./server.mjs').Server} server @returns {Promise<(name: string) => number>} */
export async function metrics(server) {
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
