// Starts the real program for a test: free ports, a data folder of its own, logs collected, stopped by
// its process id. The binary is MADANG_BIN or build/madang.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import dgram from 'node:dgram';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { unwatch, watch } from './watch.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const BIN = path.resolve(process.env.MADANG_BIN || path.join(ROOT, 'build/madang'));

/** Test files that run at the same time have ranges of their own (scripts/test-pool.sh), below the ports that the system gives away
 *  to whoever connects: a server finds its port again when it is restarted. */
const PORTS = 1000;
const FIRST_PORT = Number(process.env.MADANG_TEST_PORTS ?? 11_000 + (process.pid % 20) * PORTS);
let portsAsked = Math.floor(Math.random() * PORTS);

/**
 * The next port of this file's range that can be had.
 * @param {(port: number, done: (e?: Error) => void) => void} listen and let go of it again
 * @returns {Promise<number>}
 */
async function nextPort(listen) {
  for (let tries = 0; tries < PORTS; tries++) {
    const port = FIRST_PORT + portsAsked++ % PORTS;
    const e = await new Promise((resolve) => { listen(port, resolve); });
    if (!e) return port;
  }
  throw new Error(`no free port from ${FIRST_PORT} on`);
}

/** @returns {Promise<number>} a TCP port that is free now on loopback */
export const freePort = () => nextPort((port, done) => {
  const s = net.createServer();
  s.once('error', done);
  s.listen(port, '127.0.0.1', () => { s.close(() => done()); });
});

/** @returns {Promise<number>} a UDP port that is free now on loopback */
export const freeUdpPort = () => nextPort((port, done) => {
  const s = dgram.createSocket('udp4');
  s.once('error', done);
  s.bind(port, '127.0.0.1', () => { s.close(() => done()); });
});

/** @param {number} ms */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @typedef {object} Server
 * @property {number} port TCP
 * @property {number} udpPort
 * @property {number} pid
 * @property {string} host the address it listens on
 * @property {string} url "https://127.0.0.1:PORT" or http
 * @property {boolean} tls
 * @property {string} data its data folder
 * @property {Buffer | undefined} ca certificate of its CA, PEM, when TLS is on
 * @property {() => string} log all that it has written so far
 * @property {(path: string, options?: https.RequestOptions, body?: string | Buffer) => Promise<{status: number,
 *   headers: http.IncomingHttpHeaders, body: Buffer}>} get a request on a connection of its own
 * @property {(re: RegExp, ms?: number) => Promise<string>} waitLog waits for a line of the log
 * @property {() => Promise<number>} rssKb resident memory
 * @property {() => Promise<number>} fds open descriptors
 * @property {() => boolean} alive
 * @property {(signal?: NodeJS.Signals) => Promise<{code: number | null, signal: string | null}>} stop
 * @property {(signal?: NodeJS.Signals) => Promise<void>} restart stops it and starts it again on the same
 *   ports and the same data
 * @property {(signal?: NodeJS.Signals) => Promise<void>} down only stops it; the data stay
 * @property {() => Promise<void>} up starts it again after that
 */

/**
 * @param {object} [o]
 * @param {boolean} [o.tls] default false
 * @param {string} [o.command] e.g. 'turn'; default: none, the whole server
 * @param {string[]} [o.args] further flags
 * @param {Record<string, string>} [o.env]
 * @param {string} [o.host] default 127.0.0.1
 * @param {number} [o.port]
 * @param {number} [o.udpPort]
 * @param {string} [o.data] default: a new folder, removed at stop()
 * @param {string[]} [o.wrap] a command in front of it, e.g. ['ip', 'netns', 'exec', 'a']
 * @param {number} [o.readyMs] default 20000
 * @returns {Promise<Server>}
 */
export async function startServer(o = {}) {
  const tls = o.tls ?? false;
  const host = o.host ?? '127.0.0.1';
  const port = o.port ?? (await freePort());
  const udpPort = o.udpPort ?? (await freeUdpPort());
  const data = o.data ?? (await mkdtemp(path.join(os.tmpdir(), 'madang-test-')));
  const argv = [...(o.command ? [o.command] : []), '--port', `${port}`, '--udp-port', `${udpPort}`, '--listen', host, '--data', data,
    ...(o.args?.includes('--tls') ? [] : ['--tls', tls ? 'auto' : 'off']), ...(o.args ?? [])];
  const cmd = [...(o.wrap ?? []), BIN, ...argv];
  let log = '';
  /** @type {import('node:child_process').ChildProcess} */
  let child;
  /** @type {Promise<{code: number | null, signal: string | null}>} */
  let exited;

  const start = () => {
    child = spawn(cmd[0], cmd.slice(1), { env: { ...process.env, ...o.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const add = (/** @type {Buffer} */ chunk) => { log += chunk.toString(); };
    child.stdout?.on('data', add);
    child.stderr?.on('data', add);
    exited = new Promise((resolve) => {
      child.once('error', (e) => { log += `${e}\n`; resolve({ code: 127, signal: null }); });
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
  };
  const alive = () => child.exitCode === null && child.signalCode === null;

  /** @type {Server} */
  const server = {
    port, udpPort, host, tls, data, url: `${tls ? 'https' : 'http'}://${host}:${port}`, ca: undefined,
    get pid() { return /** @type {number} */ (child.pid); },
    log: () => log,
    alive,
    get: (p, options = {}, body = undefined) => new Promise((resolve, reject) => {
      const lib = tls ? https : http;
      const req = lib.request({ host, port, path: p, agent: false, rejectUnauthorized: false, timeout: 10000,
        ...options }, (res) => {
        /** @type {Buffer[]} */
        const parts = [];
        res.on('data', (d) => parts.push(d));
        res.on('error', reject);
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(parts) }));
      });
      req.once('error', reject);
      req.once('timeout', () => req.destroy(new Error('timeout')));
      req.end(body);
    }),
    waitLog: async (re, ms = 10000) => {
      for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
        const hit = log.split('\n').find((l) => re.test(l));
        if (hit) return hit;
      }
      throw new Error(`no ${re} in the log within ${ms} ms:\n${log.slice(-4000)}`);
    },
    rssKb: async () => {
      const text = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0);
    },
    fds: async () => (await import('node:fs/promises')).readdir(`/proc/${child.pid}/fd`).then((l) => l.length),
    stop: async (signal = 'SIGTERM') => {
      if (alive()) child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), 15000);
      const result = await exited;
      clearTimeout(timer);
      unwatch(server);
      if (!o.data) await rm(data, { recursive: true, force: true });
      return result;
    },
    restart: async (signal = 'SIGTERM') => {
      await server.down(signal);
      await server.up();
    },
    down: async (signal = 'SIGTERM') => {
      if (alive()) child.kill(signal);
      await exited;
    },
    up: async () => {
      start();
      await ready();
    },
  };

  const ready = async () => {
    const end = Date.now() + (o.readyMs ?? 20000);
    for (;;) {
      if (!alive()) throw new Error(`madang ended at its start:\n${cmd.join(' ')}\n${log}`);
      try {
        if ((await server.get('/healthz')).status === 200) break;
      } catch { /* not yet */ }
      if (Date.now() > end) {
        child.kill('SIGKILL');
        throw new Error(`madang isn't ready in time:\n${log}`);
      }
      await sleep(10);
    }
    if (tls) server.ca = (await server.get('/ca.crt')).body;
  };

  start();
  watch(server);
  try {
    await ready();
  } catch (e) {
    unwatch(server);
    if (!o.data) await rm(data, { recursive: true, force: true });
    throw e;
  }
  return server;
}
