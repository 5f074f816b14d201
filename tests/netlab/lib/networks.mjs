// The kinds of networks that people sit in, made in the laboratory: who can reach what from there.
import { spawn } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./lab.mjs').Lab} Lab */
/** @typedef {import('./lab.mjs').Client} Client */
/** @typedef {import('./lab.mjs').Router} Router */
/** @typedef {import('../../lib/turn_client.mjs').Options} Options */
/** @typedef {'open' | 'cone' | 'symmetric' | 'noudp' | 'only443' | 'onlytls' | 'proxy' | 'ipv6' | 'double'} Kind */
/**
 * @typedef {object} Place
 * @property {Kind} kind
 * @property {Router} router  of those who sit in it
 * @property {'udp' | 'tcp' | 'tls'} best  the way to the server that a browser finds first there
 * @property {import('../../lib/stun.mjs').Address} [proxy]
 * @property {boolean} v6
 */
/** A place and somebody in it. @typedef {Place & {client: Client}} Network */

/** In the order of the table, and how it calls them. @type {Record<Kind, string>} */
export const KINDS = {
  open: 'no NAT', cone: 'cone NAT', symmetric: 'symmetric NAT', noudp: 'UDP blocked', only443: 'only 443/tcp out', onlytls: 'only TLS on 443/tcp out',
  proxy: 'HTTP proxy only', ipv6: 'IPv6 only', double: 'double NAT',
};
const PROXY_PORT = 3128;

/**
 * A network of a kind, with a client in it.
 * @param {Lab} lab @param {Kind} kind @param {string} name @returns {Promise<Network>}
 */
export async function network(lab, kind, name) {
  const client = lab.client(name);
  const p = await place(lab, kind, name);
  enter(lab, client, p);
  return { ...p, client };
}

/** Plugs a client in there. @param {Lab} lab @param {Client} client @param {Place} p */
export const enter = (lab, client, p) => lab.attach(client, p.router, { v4: !p.v6, v6: p.v6 });

/**
 * A network of a kind, still empty.
 * @param {Lab} lab @param {Kind} kind @param {string} name @returns {Promise<Place>}
 */
export async function place(lab, kind, name) {
  const v6 = kind === 'ipv6';
  const rules = { noudp: 'meta l4proto != udp accept', only443: 'tcp dport 443 accept', onlytls: 'tcp dport 443 accept', proxy: 'drop' };
  const nat = kind === 'open' || kind === 'symmetric' ? kind : v6 ? 'none' : 'cone';
  const behind = kind === 'double' ? lab.router(`c-${name}`, 'cone', { carrier: true }) : undefined;
  const router = lab.router(`r-${name}`, nat, { behind, rules: /** @type {any} */ (rules)[kind] });
  /** @type {Place} */
  const p = { kind, router, best: 'udp', v6 };
  if (kind === 'noudp') p.best = 'tcp';
  if (kind === 'only443') p.best = 'tls';
  if (kind === 'onlytls') {
    p.best = 'tls';
    lab.nft(router.ns, INSPECTION);
  }
  if (kind === 'proxy') {
    p.best = 'tls';
    p.proxy = { host: `${router.lan4}.1`, port: PROXY_PORT };
    await startProxy(lab, router);
  }
  return p;
}

/** Before what a router lets out: the first bytes of a connection have to be those of TLS (a record of its handshake). */
const INSPECTION = `table inet home { chain inspect { type filter hook forward priority -10;
  iifname lan tcp dport 443 ct mark 1 accept
  iifname lan tcp dport 443 @ih,0,8 0x16 ct mark set 1 accept
  iifname lan tcp dport 443 @ih,0,8 != 0x16 reject with tcp reset
  }
}`;

/** @param {Lab} lab @param {Router} router */
async function startProxy(lab, router) {
  lab.nft(router.ns, `add rule inet home input iifname lan tcp dport ${PROXY_PORT} accept`);
  const child = spawn('ip', ['netns', 'exec', router.ns, process.execPath, fileURLToPath(import.meta.url), '--proxy'],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.unref();
  /** @type {any} */ (child.stdout).unref();
}

/** A proxy as in offices: CONNECT to port 443, nothing else. */
function serve() {
  const proxy = http.createServer((_req, res) => res.writeHead(403).end());
  proxy.on('connect', (req, a, head) => {
    const [, host, port] = /^\[?([^\]]+)\]?:(\d+)$/.exec(req.url ?? '') ?? [];
    if (port !== '443') return void a.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const b = net.connect(443, host, () => {
      a.write('HTTP/1.1 200 OK\r\n\r\n');
      if (head.length) b.write(head);
      a.pipe(b).pipe(a);
    });
    for (const s of [a, b]) s.on('error', () => { a.destroy(); b.destroy(); }).on('close', () => { a.destroy(); b.destroy(); });
  });
  proxy.listen(PROXY_PORT, () => process.stdout.write('ready\n'));
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === '--proxy') serve();
