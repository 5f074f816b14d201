// A small STUN client, run inside a namespace: stun.mjs '{"proto":"udp","host":...,"port":...,"hex":[...]}'.
// It sends each message (to the host, or to `hosts` in turn, from one socket), waits, and prints as JSON its own
// port, the answers (hex), and what they say.
import dgram from 'node:dgram';
import net from 'node:net';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';

const COOKIE = 0x2112a442;
/** @typedef {{proto: 'udp' | 'tcp' | 'tls', hosts: string[], port: number, hex: string[], waitMs?: number}} Job */
/** @typedef {{hex: string, type: number, id: string, mapped: string, attributes: number[]}} Answer */
/** @typedef {{port: number, answers: Answer[]}} Result */

/**
 * A Binding request. @param {number} n  makes its transaction id @param {Buffer} [attributes]
 */
export function binding(n, attributes = Buffer.alloc(0)) {
  const head = Buffer.alloc(20);
  head.writeUInt16BE(1, 0);
  head.writeUInt16BE(attributes.length, 2);
  head.writeUInt32BE(COOKIE, 4);
  head.writeUInt32BE(n, 16);
  return Buffer.concat([head, attributes]).toString('hex');
}

/** @param {number} type @param {Buffer} value @returns {Buffer} */
export function attribute(type, value = Buffer.alloc(0)) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - value.length % 4) % 4)]);
}

/** @param {Buffer} b @returns {Answer} */
function read(b) {
  /** @type {Answer} */
  const out = { hex: b.toString('hex'), type: b.readUInt16BE(0), id: b.subarray(8, 20).toString('hex'), mapped: '', attributes: [] };
  for (let at = 20; at + 4 <= b.length;) {
    const type = b.readUInt16BE(at);
    const size = b.readUInt16BE(at + 2);
    out.attributes.push(type);
    if (type === 0x20) {
      const key = b.subarray(4, 20);
      const raw = b.subarray(at + 8, at + 4 + size).map((x, i) => x ^ key[i]);
      const host = raw.length === 4 ? [...raw].join('.') : (raw.toString('hex').match(/.{4}/g) ?? []).map((x) => parseInt(x, 16).toString(16)).join(':');
      out.mapped = `${host} ${b.readUInt16BE(at + 6) ^ (COOKIE >>> 16)}`;
    }
    at += 4 + size + (4 - size % 4) % 4;
  }
  return out;
}

/** @param {Job} job @returns {Promise<Result>} */
function overUdp({ hosts, port, hex, waitMs = 400 }) {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket(net.isIPv6(hosts[0]) ? 'udp6' : 'udp4');
    /** @type {Answer[]} */
    const answers = [];
    socket.on('message', (m) => answers.push(read(m)));
    socket.on('error', reject);
    hex.forEach((h, i) => socket.send(Buffer.from(h, 'hex'), port, hosts[i % hosts.length]));
    setTimeout(() => {
      const own = socket.address().port;
      socket.close();
      resolve({ port: own, answers });
    }, waitMs);
  });
}

/** @param {Job} job @returns {Promise<Result>} */
function overStream({ proto, hosts, port, hex, waitMs = 400 }) {
  return new Promise((resolve, reject) => {
    const socket = proto === 'tls' ? tls.connect({ host: hosts[0], port, rejectUnauthorized: false }) : net.connect(port, hosts[0]);
    let got = Buffer.alloc(0);
    socket.on('data', (d) => { got = Buffer.concat([got, d]); });
    socket.once('error', reject);
    socket.once(proto === 'tls' ? 'secureConnect' : 'connect', () => {
      for (const h of hex) socket.write(Buffer.from(h, 'hex'));
      setTimeout(() => {
        const own = socket.localPort ?? 0;
        socket.destroy();
        /** @type {Answer[]} */
        const answers = [];
        for (let at = 0; at + 20 <= got.length; at += 20 + got.readUInt16BE(at + 2)) {
          answers.push(read(got.subarray(at, at + 20 + got.readUInt16BE(at + 2))));
        }
        resolve({ port: own, answers });
      }, waitMs);
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const job = /** @type {Job} */ (JSON.parse(process.argv[2]));
  const result = await (job.proto === 'udp' ? overUdp(job) : overStream(job));
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
