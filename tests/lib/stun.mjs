// STUN messages (RFC 8489) with TURN's attributes (RFC 8656, RFC 8016), written from the RFCs and not from our
// server: made whole or broken on purpose, and read. The protocol client (turn_client.mjs) and attacks use it.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import net from 'node:net';
import zlib from 'node:zlib';

export const COOKIE = 0x2112a442;
export const METHOD = { binding: 1, allocate: 3, refresh: 4, send: 6, data: 7, createPermission: 8, channelBind: 9, connect: 0xa };
export const CLASS = { request: 0, indication: 0x10, success: 0x100, error: 0x110 };
export const ATTR = {
  mappedAddress: 0x01, username: 0x06, integrity: 0x08, errorCode: 0x09, unknown: 0x0a, channelNumber: 0x0c, lifetime: 0x0d,
  peer: 0x12, data: 0x13, realm: 0x14, nonce: 0x15, relayed: 0x16, requestedFamily: 0x17, evenPort: 0x18, requestedTransport: 0x19,
  dontFragment: 0x1a, integritySha256: 0x1c, passwordAlgorithm: 0x1d, userhash: 0x1e, mapped: 0x20, reservationToken: 0x22,
  priority: 0x24, useCandidate: 0x25,
  additionalFamily: 0x8000, addressError: 0x8001, passwordAlgorithms: 0x8002, icmp: 0x8004, software: 0x8022, alternateServer: 0x8023,
  fingerprint: 0x8028, iceControlled: 0x8029, iceControlling: 0x802a, mobilityTicket: 0x8030,
};
/** Numbers of password algorithms (RFC 8489 18.5). */
export const ALGORITHM = { md5: 1, sha256: 2 };

/** @typedef {{host: string, port: number}} Address */
/** @typedef {[number, Buffer]} Attribute */
/** @typedef {'sha1' | 'sha256'} Integrity */
/**
 * @typedef {object} Message
 * @property {number} type
 * @property {number} method
 * @property {number} class
 * @property {Buffer} id
 * @property {Attribute[]} attributes  in their order
 * @property {(type: number) => Buffer | undefined} get  the first one of a type
 * @property {(type: number) => Address | undefined} address  of an XOR-...-ADDRESS
 * @property {(type: number) => number | undefined} number  of 32 bits
 * @property {number} code  of ERROR-CODE, 0 without one
 * @property {Buffer} raw
 */

// ---- addresses

/** @param {string} host @returns {Buffer} 4 or 16 bytes */
export function hostBytes(host) {
  if (net.isIPv4(host)) return Buffer.from(host.split('.').map(Number));
  if (!net.isIPv6(host)) throw new Error(`${host} is no address`);
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(host);
  if (dotted) {
    const b = hostBytes(dotted[2]);
    return hostBytes(`${dotted[1]}${b.readUInt16BE(0).toString(16)}:${b.readUInt16BE(2).toString(16)}`);
  }
  const [left, right] = host.split('::').map((s) => (s ? s.split(':') : []));
  const groups = right ? [...left, ...Array(8 - left.length - right.length).fill('0'), ...right] : left;
  return Buffer.concat(groups.map((g) => Buffer.from(g.padStart(4, '0'), 'hex')));
}

/** @param {Buffer} b @returns {string} the form in which Node writes it, too */
export function hostText(b) {
  if (b.length === 4) return [...b].join('.');
  const text = (b.toString('hex').match(/.{4}/g) ?? []).map((g) => parseInt(g, 16).toString(16)).join(':');
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/** @param {Buffer} value @param {Buffer} id @returns {Buffer} the other one of the two forms */
function xor(value, id) {
  const key = Buffer.concat([Buffer.alloc(4), id]);
  key.writeUInt32BE(COOKIE, 0);
  const out = Buffer.from(value);
  out.writeUInt16BE(value.readUInt16BE(2) ^ (COOKIE >>> 16), 2);
  for (let i = 4; i < out.length; i++) out[i] ^= key[i - 4];
  return out;
}

/** An XOR-...-ADDRESS for a message with this id. @param {Address} a @param {Buffer} id @returns {Buffer} */
export function addressValue({ host, port }, id) {
  const ip = hostBytes(host);
  const head = Buffer.from([0, ip.length === 4 ? 1 : 2, port >> 8, port & 255]);
  return xor(Buffer.concat([head, ip]), id);
}

/** @param {Buffer} value @param {Buffer} id @returns {Address} */
export function readAddress(value, id) {
  const plain = xor(value, id);
  return { host: hostText(plain.subarray(4)), port: plain.readUInt16BE(2) };
}

// ---- making

/** @param {number} n */
export const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n >>> 0); return b; };
/** @param {number} n in the upper half: CHANNEL-NUMBER */
export const u16pad = (n) => { const b = Buffer.alloc(4); b.writeUInt16BE(n); return b; };
/** @param {number} n in the first byte: families, transports, EVEN-PORT (which is one byte only) */
export const u8pad = (n) => Buffer.from([n, 0, 0, 0]);

/** @param {number} type @param {Buffer} [value] @returns {Buffer} padded */
export function attribute(type, value = Buffer.alloc(0)) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - value.length % 4) % 4)]);
}

/** @param {number} method @param {number} cls @returns {number} the first two bytes (RFC 8489 5) */
export const messageType = (method, cls) => (method & 0xf) | ((method & 0x70) << 1) | ((method & 0xf80) << 2) | cls;

/** @param {number} type @param {Attribute[]} [attributes] @param {Buffer} [id] @returns {Buffer} */
export function build(type, attributes = [], id = randomBytes(12)) {
  const body = Buffer.concat(attributes.map(([t, v]) => attribute(t, v)));
  const head = Buffer.alloc(20);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(body.length, 2);
  head.writeUInt32BE(COOKIE, 4);
  id.copy(head, 8);
  return Buffer.concat([head, body]);
}

/** The message with the length that it will have. @param {Buffer} m @param {number} more */
function lengthened(m, more) {
  const b = Buffer.from(m);
  b.writeUInt16BE(m.length - 20 + more, 2);
  return b;
}

/**
 * Adds MESSAGE-INTEGRITY or -SHA256.
 * @param {Buffer} m @param {Buffer} key @param {Integrity} [kind] @param {number} [size]  of a cut one
 */
export function sign(m, key, kind = 'sha1', size = kind === 'sha1' ? 20 : 32) {
  const b = lengthened(m, 4 + size);
  const mac = createHmac(kind, key).update(b).digest().subarray(0, size);
  return Buffer.concat([b, attribute(kind === 'sha1' ? ATTR.integrity : ATTR.integritySha256, mac)]);
}

/** Adds FINGERPRINT. @param {Buffer} m */
export function fingerprint(m) {
  const b = lengthened(m, 8);
  return Buffer.concat([b, attribute(ATTR.fingerprint, u32(crc32(b) ^ 0x5354554e))]);
}

/** @type {Uint32Array | undefined} */
let table;
/** @param {Buffer} b */
function crc32(b) {
  const own = /** @type {any} */ (zlib).crc32;
  if (own) return own(b) >>> 0;
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n >>> 0;
  });
  let c = 0xffffffff;
  for (const x of b) c = table[(c ^ x) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** ChannelData. @param {number} channel @param {Buffer} data @param {boolean} [pad]  as streams want it */
export function channelData(channel, data, pad = false) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(channel, 0);
  head.writeUInt16BE(data.length, 2);
  return Buffer.concat([head, data, Buffer.alloc(pad ? (4 - data.length % 4) % 4 : 0)]);
}

// ---- reading

/** How long the first message of a stream is, with padding; 0 while that isn't known. @param {Buffer} b */
export function frameSize(b) {
  if (b.length < 4) return 0;
  const size = b.readUInt16BE(2);
  return b[0] < 0x40 ? 20 + size : 4 + size + (4 - size % 4) % 4;
}

/** @param {Buffer} raw @returns {Message} */
export function read(raw) {
  if (raw.length < 20 || raw.length !== 20 + raw.readUInt16BE(2) || raw.readUInt32BE(4) !== COOKIE) {
    throw new Error(`no STUN message: ${raw.subarray(0, 40).toString('hex')}`);
  }
  const type = raw.readUInt16BE(0);
  const id = raw.subarray(8, 20);
  /** @type {Attribute[]} */
  const attributes = [];
  for (let at = 20; at < raw.length;) {
    const size = raw.readUInt16BE(at + 2);
    if (at + 4 + size > raw.length) throw new Error(`an attribute is longer than its message: ${raw.toString('hex')}`);
    attributes.push([raw.readUInt16BE(at), raw.subarray(at + 4, at + 4 + size)]);
    at += 4 + size + (4 - size % 4) % 4;
  }
  const get = (/** @type {number} */ t) => attributes.find(([x]) => x === t)?.[1];
  const error = get(ATTR.errorCode);
  return {
    type, id, attributes, get, raw,
    method: (type & 0xf) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80), class: type & 0x110,
    address: (t) => { const v = get(t); return v && readAddress(v, id); },
    number: (t) => get(t)?.readUInt32BE(0),
    code: error ? (error[2] & 7) * 100 + error[3] : 0,
  };
}

/** Whether FINGERPRINT and integrity of a message are right. @param {Message} m @param {Buffer} key @param {Integrity} kind */
export function verify(m, key, kind) {
  const type = kind === 'sha1' ? ATTR.integrity : ATTR.integritySha256;
  let at = 20;
  for (const [t, v] of m.attributes) {
    if (t === type) {
      const b = lengthened(m.raw.subarray(0, at), 4 + v.length);
      const mac = createHmac(kind, key).update(b).digest().subarray(0, v.length);
      return timingSafeEqual(mac, v);
    }
    at += 4 + v.length + (4 - v.length % 4) % 4;
  }
  return false;
}

/** @param {Message} m */
export function fingerprintIsRight(m) {
  const v = m.get(ATTR.fingerprint);
  const at = m.raw.length - 8;
  return !!v && v.length === 4 && m.raw.readUInt16BE(at) === ATTR.fingerprint
    && v.readUInt32BE(0) === ((crc32(m.raw.subarray(0, at)) ^ 0x5354554e) >>> 0);
}

// ---- credentials

/**
 * The key of long-term credentials (RFC 8489 9.2.2).
 * @param {'md5' | 'sha256'} algorithm @param {string} user @param {string} realm @param {string} password
 */
export const longTermKey = (algorithm, user, realm, password) => createHash(algorithm).update(`${user}:${realm}:${password}`).digest();
/** @param {string} user @param {string} realm */
export const userhash = (user, realm) => createHash('sha256').update(`${user}:${realm}`).digest();
/** What the nonce says that the server can do (RFC 8489 9.2 and 18.1; bit 0 is the last one, as in the
 *  sample of appendix B). @param {string} nonce */
export function nonceFeatures(nonce) {
  if (!nonce.startsWith('obMatJos2')) return { algorithms: false, userhash: false };
  const bits = Buffer.from(nonce.slice(9, 13), 'base64')[2];
  return { algorithms: !!(bits & 1), userhash: !!(bits & 2) };
}
/**
 * REST credentials as coturn's use-auth-secret wants them.
 * @param {string} secret @param {string} user @param {number} seconds  from now @param {Integrity} [kind]
 */
export function restCredential(secret, user, seconds, kind = 'sha1') {
  const name = `${Math.floor(Date.now() / 1000) + seconds}:${user}`;
  return { user: name, password: createHmac(kind, secret).update(name).digest('base64') };
}
