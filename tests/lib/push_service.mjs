// A push service of the tests (RFC 8030) and the browser behind it: an HTTPS server with a certificate of its own, and
// subscriptions whose messages it decrypts (RFC 8291) and whose sender it checks (RFC 8292).
import { execFileSync } from 'node:child_process';
import { createDecipheriv, createECDH, createHmac, createPublicKey, randomBytes, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';

/** @param {string} text */
const fromB64 = (text) => Buffer.from(text, 'base64url');

/** @param {Buffer} salt @param {Buffer} ikm @param {Buffer} info @param {number} n at most 32 */
function hkdf(salt, ikm, info, n) {
  const prk = createHmac('sha256', salt).update(ikm).digest();
  return createHmac('sha256', prk).update(Buffer.concat([info, Buffer.from([1])])).digest().subarray(0, n);
}

/** One browser's subscription. */
export class Subscription {
  /** @param {string} endpoint */
  constructor(endpoint) {
    this.endpoint = endpoint;
    this.ecdh = createECDH('prime256v1');
    this.ecdh.generateKeys();
    this.auth = randomBytes(16);
  }

  /** What push_add wants. */
  fields() {
    return { endpoint: this.endpoint, p256dh: this.ecdh.getPublicKey('base64url'),
      auth: this.auth.toString('base64url') };
  }

  /** @param {Buffer} body @returns {string} */
  decrypt(body) {
    const salt = body.subarray(0, 16);
    const keyLength = body[20];
    if (keyLength !== 65) throw new Error(`a key id of ${keyLength} bytes`);
    const server = body.subarray(21, 86);
    const shared = this.ecdh.computeSecret(server);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.ecdh.getPublicKey(), server]);
    const ikm = hkdf(this.auth, shared, info, 32);
    const key = hkdf(salt, ikm, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
    const nonce = hkdf(salt, ikm, Buffer.from('Content-Encoding: nonce\0'), 12);
    const open = createDecipheriv('aes-128-gcm', key, nonce);
    open.setAuthTag(body.subarray(-16));
    const plain = Buffer.concat([open.update(body.subarray(86, -16)), open.final()]);
    const end = plain.lastIndexOf(2);
    if (plain.subarray(end + 1).some((b) => b !== 0)) throw new Error('padding of other than zeros');
    return plain.subarray(0, end).toString();
  }
}

/**
 * The claims of "vapid t=…, k=…", whose signature is that of k.
 * @param {string} header
 */
export function checkVapid(header) {
  const m = /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)$/.exec(header);
  if (!m) throw new Error(`no VAPID: ${header}`);
  const point = fromB64(m[4]);
  const key = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') } });
  const good = verify('sha256', Buffer.from(`${m[1]}.${m[2]}`), { key, dsaEncoding: 'ieee-p1363' }, fromB64(m[3]));
  if (!good) throw new Error('the signature is not of that key');
  return { key: m[4], head: JSON.parse(fromB64(m[1]).toString()), claims: JSON.parse(fromB64(m[2]).toString()) };
}

/**
 * @typedef {object} PushRequest
 * @property {string} path
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {Buffer} body
 */

/** The service. `answers`: what the next requests are answered, as [status, headers]; 201 when there is none. */
export class PushService {
  constructor() {
    this.dir = mkdtempSync(path.join(os.tmpdir(), 'madang-push-'));
    this.ca = path.join(this.dir, 'cert.pem');
    const key = path.join(this.dir, 'key.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', '/CN=push service', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', this.ca],
    { stdio: 'ignore' });
    /** @type {PushRequest[]} */
    this.requests = [];
    /** @type {[number, Record<string, string>][]} */
    this.answers = [];
    /** @type {{n: number, done: () => void}[]} */
    this.waiting = [];
    this.server = https.createServer({ key: readFileSync(key), cert: readFileSync(this.ca) }, (req, res) => {
      /** @type {Buffer[]} */
      const parts = [];
      req.on('data', (d) => parts.push(d));
      req.on('end', () => {
        this.requests.push({ path: req.url ?? '', headers: req.headers, body: Buffer.concat(parts) });
        const [status, headers] = this.answers.shift() ?? [201, {}];
        res.writeHead(status, headers).end();
        for (const w of this.waiting.filter((x) => x.n <= this.requests.length)) w.done();
      });
    });
  }

  /** @returns {Promise<PushService>} */
  listen() {
    return new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', () => {
        this.port = /** @type {import('node:net').AddressInfo} */ (this.server.address()).port;
        resolve(this);
      });
    });
  }

  /** @param {string} name */
  subscription(name) { return new Subscription(`https://localhost:${this.port}/push/${name}`); }

  /** The n-th request, counted from 1, when it has come. @param {number} n @returns {Promise<PushRequest>} */
  async request(n) {
    let timer;
    if (this.requests.length < n) {
      await Promise.race([
        new Promise((done) => this.waiting.push({ n, done: () => done(undefined) })),
        new Promise((_, reject) => {
          timer = setTimeout(() => reject(new Error(`${this.requests.length} of ${n} push messages within 20 s`)), 20000);
        }),
      ]).finally(() => clearTimeout(timer));
    }
    return this.requests[n - 1];
  }

  close() {
    this.server.closeAllConnections?.();
    this.server.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
