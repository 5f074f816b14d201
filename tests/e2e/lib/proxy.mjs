// A proxy of our own in front of the server that misbehaves as proxies in offices and hotels do. It ends
// TLS with a certificate of its own and sees HTTP, so that it can treat WebSockets and event streams apart.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { sleep } from '../../lib/server.mjs';

/**
 * @typedef {object} Proxy
 * @property {number} port
 * @property {string} url  https://localhost:PORT
 * @property {'pass' | '403' | 'silent'} ws  what an upgrade to WebSocket meets: let through, answered 403,
 *   let through and then never a byte in either direction
 * @property {number} wsIdleMs  0, or: WebSockets are cut after so long without a byte from either side
 * @property {boolean} bufferSse  the answer to an event stream is held back (long-polls come through)
 * @property {(on: boolean) => void} down  while on, every connection is cut and new ones are refused
 * @property {(ms: number) => Promise<void>} cut  down for so long
 * @property {() => void} cutWs  the WebSockets of this moment
 * @property {{upgrades: number, streams: number, polls: number, posts: number, refused: number,
 *   idleCuts: number}} seen
 * @property {() => Promise<void>} close
 */

/** @type {{key: string, cert: string} | undefined} */
let pair;
function certificate() {
  if (pair) return pair;
  const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-proxy-'));
  try {
    const f = (/** @type {string} */ n) => path.join(dir, n);
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', f('key'), '-out', f('cert')],
    { stdio: 'ignore' });
    pair = { key: readFileSync(f('key'), 'utf8'), cert: readFileSync(f('cert'), 'utf8') };
    return pair;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** @param {import('node:http').IncomingMessage} req */
const headLines = (req) => {
  let text = `${req.method} ${req.url} HTTP/1.1\r\n`;
  for (let i = 0; i < req.rawHeaders.length; i += 2) text += `${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}\r\n`;
  return `${text}\r\n`;
};

/** @param {{port: number, host: string}} server @returns {Promise<Proxy>} */
export async function startProxy({ port: to, host }) {
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  /** @type {Set<{a: import('node:net').Socket, b: import('node:net').Socket, at: number}>} */
  const tunnels = new Set();
  let isDown = false;
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
  const front = https.createServer(certificate());

  /** @type {Proxy} */
  const proxy = {
    port: 0, url: '', ws: 'pass', wsIdleMs: 0, bufferSse: false,
    seen: { upgrades: 0, streams: 0, polls: 0, posts: 0, refused: 0, idleCuts: 0 },
    down(on) {
      isDown = on;
      if (on) for (const s of sockets) s.destroy();
    },
    async cut(ms) {
      proxy.down(true);
      await sleep(ms);
      proxy.down(false);
    },
    cutWs() { for (const t of [...tunnels]) t.a.destroy(); },
    async close() {
      clearInterval(idle);
      proxy.down(true);
      agent.destroy();
      await new Promise((resolve) => front.close(() => resolve(undefined)));
    },
  };

  const idle = setInterval(() => {
    for (const t of [...tunnels]) {
      if (!proxy.wsIdleMs || Date.now() - t.at < proxy.wsIdleMs) continue;
      proxy.seen.idleCuts++;
      t.a.destroy();
    }
  }, 50);

  front.on('connection', (socket) => {
    if (isDown) {
      proxy.seen.refused++;
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  front.on('tlsClientError', (_e, socket) => socket.destroy());

  front.on('request', (req, res) => {
    const stream = /^\/api\/stream\//.test(req.url ?? '');
    const poll = stream && /[?&]poll=1/.test(req.url ?? '');
    if (poll) proxy.seen.polls++;
    else if (stream) proxy.seen.streams++;
    else if (req.method === 'POST') proxy.seen.posts++;
    const up = https.request({
      host, port: to, agent: stream ? false : agent, rejectUnauthorized: false, method: req.method,
      path: req.url, headers: req.headers, setHost: false,
    }, (answer) => {
      if (stream && !poll && proxy.bufferSse) {
        answer.resume(); // swallowed: as if it waited for the end of what never ends
        return;
      }
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
      answer.on('error', () => res.destroy());
    });
    up.on('error', () => res.destroy());
    res.on('close', () => up.destroy());
    req.pipe(up);
  });

  front.on('upgrade', (req, a, head) => {
    proxy.seen.upgrades++;
    if (proxy.ws === '403') {
      a.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const silent = proxy.ws === 'silent';
    const b = tls.connect({ host, port: to, rejectUnauthorized: false });
    const tunnel = { a, b, at: Date.now() };
    tunnels.add(tunnel);
    const end = () => {
      tunnels.delete(tunnel);
      a.destroy();
      b.destroy();
    };
    for (const s of [a, b]) s.on('close', end).on('error', end);
    b.write(headLines(req));
    if (head.length && !silent) b.write(head);
    a.on('data', (d) => {
      tunnel.at = Date.now();
      if (!silent) b.write(d);
    });
    let upgraded = false;
    b.on('data', (d) => {
      tunnel.at = Date.now();
      if (!silent) a.write(d);
      else if (!upgraded) {
        // The answer itself, and nothing of what comes after it.
        const at = d.indexOf('\r\n\r\n');
        a.write(at < 0 ? d : d.subarray(0, at + 4));
        upgraded = at >= 0;
      }
    });
  });

  await new Promise((resolve) => front.listen(0, '127.0.0.1', () => resolve(undefined)));
  proxy.port = /** @type {import('node:net').AddressInfo} */ (front.address()).port;
  proxy.url = `https://localhost:${proxy.port}`;
  return proxy;
}
