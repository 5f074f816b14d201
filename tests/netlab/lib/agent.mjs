// Somebody in a network who is told what to do: TURN clients (tests/lib/turn_client.mjs) inside a namespace.
// Run as a program it takes jobs on stdin, one JSON object a line, and answers on stdout; Agent is the other end.
import { spawn } from 'node:child_process';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ATTR, METHOD } from '../../lib/stun.mjs';
import { TurnClient } from '../../lib/turn_client.mjs';

/** @typedef {import('../../lib/turn_client.mjs').Options} Options */
/** @typedef {import('../../lib/stun.mjs').Address} Address */

const CHANNEL = 0x4000;

/** What an agent can do. @type {Record<string, (clients: Map<string, TurnClient>, job: any) => Promise<any>>} */
const deeds = {
  /** Does a Binding get through? @param {any} _c @param {{o: Options}} job */
  async reaches(_c, { o }) {
    const c = await TurnClient.open({ ...o, rtoMs: 100, tries: 6 }).catch(() => undefined);
    const m = c && await c.transact(c.make(METHOD.binding, () => [], { sign: false }), { ms: 4000 });
    const mapped = m?.address(ATTR.mapped);
    c?.close();
    return mapped ?? null;
  },
  /** @param {Map<string, TurnClient>} clients @param {{name: string, o: Options, how?: any}} job  how: see TurnClient.allocate() */
  async allocate(clients, { name, o, how }) {
    const c = await TurnClient.open(o);
    clients.set(name, c);
    const { relayed, relays, mapped } = await c.allocate(how);
    return { relayed, relays, mapped };
  },
  /** @param {Map<string, TurnClient>} clients @param {{name: string, peer: Address}} job */
  async bind(clients, { name, peer }) { await clients.get(name)?.bind(CHANNEL, peer); },
  /** Numbered packets to the other one's relay and from there.
   *  @param {Map<string, TurnClient>} clients @param {{name: string, n: number}} job */
  async exchange(clients, { name, n }) {
    const c = /** @type {TurnClient} */ (clients.get(name));
    const peer = /** @type {Address} */ (c.channels.get(CHANNEL));
    const seen = new Set();
    const hear = async () => {
      while (seen.size < n) {
        const r = await c.receive((x) => x.peer?.host === peer.host && x.peer.port === peer.port, 4000);
        if (!r) return;
        if (r.data.length === 1100) seen.add(r.data.readUInt32BE(0));
      }
    };
    const speak = async () => {
      for (let i = 0; i < n; i++) {
        const b = Buffer.alloc(1100);
        b.writeUInt32BE(i);
        if (i % 4) c.sendChannel(CHANNEL, b);
        else c.send(peer, b);
        await sleep(5);
      }
    };
    await Promise.all([hear(), speak()]);
    return { got: seen.size, odd: c.odd };
  },
  /** From the relay to the other one's own socket, without a relay over there: does it hear us, and we it?
   *  @param {Map<string, TurnClient>} clients @param {{name: string, peer: Address, ms: number}} job */
  async outward(clients, { name, peer, ms }) {
    const c = /** @type {TurnClient} */ (clients.get(name));
    await c.permit(peer);
    let heard = false;
    for (const end = Date.now() + ms; Date.now() < end && !heard;) {
      c.send(peer, Buffer.from('outward'));
      heard = !!await c.receive((r) => r.data.toString() === 'inward', 50);
    }
    for (let i = 0; heard && i < 4; i++) {
      c.send(peer, Buffer.from('outward'));
      await sleep(20);
    }
    return heard;
  },
  /** The other end of outward(). @param {Map<string, TurnClient>} clients @param {{name: string, relayed: Address, ms: number}} job */
  async inward(clients, { name, relayed, ms }) {
    const c = /** @type {TurnClient} */ (clients.get(name));
    let heard = false;
    for (const end = Date.now() + ms; Date.now() < end && !heard;) {
      c.direct(Buffer.from('inward'), relayed);
      heard = !!await c.receive((r) => r.data.toString() === 'outward' && r.peer?.port === relayed.port, 50);
    }
    for (let i = 0; heard && i < 4; i++) {
      c.direct(Buffer.from('inward'), relayed);
      await sleep(20);
    }
    return heard;
  },
  /** @param {Map<string, TurnClient>} clients @param {{name: string}} job */
  async end(clients, { name }) {
    const c = clients.get(name);
    clients.delete(name);
    await c?.refresh(0).catch(() => {});
    c?.close();
  },
};

export class Agent {
  /** @param {string} ns */
  constructor(ns) {
    this.child = spawn('ip', ['netns', 'exec', ns, process.execPath, fileURLToPath(import.meta.url)], { stdio: ['pipe', 'pipe', 'inherit'] });
    /** @type {Map<number, {resolve: (x: any) => void, reject: (e: Error) => void}>} */
    this.asked = new Map();
    this.count = 0;
    readline.createInterface({ input: this.child.stdout }).on('line', (line) => {
      const { id, result, error } = JSON.parse(line);
      const { resolve, reject } = /** @type {any} */ (this.asked.get(id));
      this.asked.delete(id);
      if (error) reject(new Error(error));
      else resolve(result);
    });
    this.child.once('exit', () => { for (const { reject } of this.asked.values()) reject(new Error('the agent has ended')); });
  }

  /** @param {string} deed @param {any} job @returns {Promise<any>} */
  ask(deed, job) {
    const id = ++this.count;
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject });
      this.child.stdin.write(`${JSON.stringify({ id, deed, ...job })}\n`);
    });
  }

  close() { this.child.kill(); }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  /** @type {Map<string, TurnClient>} */
  const clients = new Map();
  readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const job = JSON.parse(line);
    deeds[job.deed](clients, job).then((result) => ({ result }), (e) => ({ error: `${e?.message ?? e}` }))
      .then((answer) => process.stdout.write(`${JSON.stringify({ id: job.id, ...answer })}\n`));
  }).on('close', () => process.exit());
}
