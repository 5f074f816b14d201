// People with accounts, over HTTP as a page does it, for tests of the real program.
import assert from 'node:assert/strict';
import http from 'node:http';

/** @typedef {{status: number, body: any, cookie: string | undefined}} Answer */

let addresses = 0;
/** One of loopback's many, so that limits per address do not meet. */
export const someAddress = () => {
  addresses++;
  return `127.${1 + (addresses >> 16 & 63)}.${addresses >> 8 & 255}.${1 + (addresses & 127)}`;
};

/**
 * A call by HTTP, such as `register`; rejects when there is no answer.
 * @param {import('./server.mjs').Server} server plain HTTP
 * @param {string} verb
 * @param {object} body
 * @param {{cookie?: string, from?: string}} [o]
 * @returns {Promise<Answer>}
 */
export function call(server, verb, body, o = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request({
      host: server.host, port: server.port, path: `/api/${verb}`, method: 'POST', agent: false,
      localAddress: o.from ?? someAddress(), timeout: 30000,
      headers: { 'Content-Type': 'application/json', Origin: server.url, ...(o.cookie ? { Cookie: o.cookie } : {}) },
    }, (res) => {
      let text = '';
      res.on('data', (d) => { text += d; });
      res.once('error', reject);
      res.once('aborted', () => reject(new Error('cut')));
      res.once('end', () => {
        const set = res.headers['set-cookie']?.[0]?.split(';')[0];
        try {
          resolve({ status: res.statusCode ?? 0, body: JSON.parse(text), cookie: set });
        } catch (e) { reject(e); }
      });
    });
    req.once('error', reject);
    req.once('timeout', () => req.destroy(new Error('no answer')));
    req.end(JSON.stringify(body));
  });
}

export const PASSWORD = 'violet trombone harbour 81';

/** @param {import('./server.mjs').Server} server @param {string} name */
export const register = (server, name) => call(server, 'register', { name, password: PASSWORD });

/** @param {import('./server.mjs').Server} server @param {string} name @returns {Promise<string>} the cookie */
export async function mustRegister(server, name) {
  const r = await register(server, name);
  assert.equal(r.status, 200, JSON.stringify(r.body));
  assert.ok(r.cookie);
  return /** @type {string} */ (r.cookie);
}

/** Flags with which hashing takes little, and one address may sign in as often as it likes. */
export const CHEAP = ['--registration', 'open', '--argon2-memory', '8M', '--argon2-passes', '1', '--password-queue', '256',
  '--rate-sign-in', 'off'];
