// A small internet in network namespaces: an internet router, a server, home routers that translate
// addresses in one of two ways, and clients behind them that can move from one to the other. Only as root.
// All namespaces carry the number of the process that made them in their name, so that a later run can clear
// away what a killed one has left. docs/architecture/netlab.md has the picture.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * How a router translates: `cone` keeps the port (the same for every destination), `symmetric` takes a new
 * random port for each destination, `none` only lets answers in (IPv6).
 * @typedef {'cone' | 'symmetric' | 'none'} Nat
 */
/** @typedef {{name: string, ns: string, i: number, wan4: string, wan6: string, nat: Nat, ports: number}} Router */
/** @typedef {{name: string, ns: string, at: Router | null, number: number}} Client */

const PREFIX = 'madanglab';
const RELAY = fileURLToPath(new URL('firefox-ns.mjs', import.meta.url));

/** The server's addresses, two of each kind: a NAT shows its kind to who asks from two places. */
export const SERVER4 = ['203.0.113.10', '203.0.113.11'];
export const SERVER6 = ['2001:db8:feed::10', '2001:db8:feed::11'];

/** @param {string} file @param {string[]} args @param {string} [input] @returns {string} */
function run(file, args, input) {
  try {
    return execFileSync(file, args, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'], timeout: 20_000 });
  } catch (e) {
    throw new Error(`${file} ${args.join(' ')}: ${/** @type {any} */ (e).stderr || e}`);
  }
}

const namespaces = () => run('ip', ['netns', 'list']).split('\n').map((l) => l.split(' ')[0]).filter(Boolean);

/** Ends what runs in a namespace, and takes it away. @param {string} ns */
function removeNamespace(ns) {
  for (const pid of run('ip', ['netns', 'pids', ns]).split('\n').filter(Boolean)) {
    try { process.kill(Number(pid), 'SIGKILL'); } catch { /* it has ended */ }
  }
  run('ip', ['netns', 'del', ns]);
}

/** What a run that was killed has left behind. */
function sweep() {
  for (const ns of namespaces()) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(ns)?.[1];
    if (!pid || Number(pid) === process.pid || runs(Number(pid))) continue;
    try { removeNamespace(ns); } catch { /* another run clears the same */ }
  }
  for (const dir of readdirSync(os.tmpdir())) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(dir)?.[1];
    if (pid && !runs(Number(pid))) rmSync(path.join(os.tmpdir(), dir), { recursive: true, force: true });
  }
}

/** @param {number} pid */
function runs(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('node');
  } catch {
    return false;
  }
}

export class Lab {
  constructor() {
    if (process.getuid?.() !== 0) {
      throw new Error('The network laboratory needs root: it makes network namespaces. Try: sudo make test-netlab');
    }
    sweep();
    this.dir = mkdtempSync(path.join(os.tmpdir(), `${PREFIX}-${process.pid}-`));
    /** @type {string[]} */
    this.made = [];
    /** @type {Map<string, Router>} */
    this.routers = new Map();
    /** @type {Map<string, Client>} */
    this.clients = new Map();
    this.closed = false;
    process.on('exit', () => this.close());
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      process.once(signal, () => process.exit(128 + 15));
    }
    this.net = this.#namespace('net');
    this.#forwarding(this.net);
    this.nft(this.net, `table inet block {
      chain forward { type filter hook forward priority 0; policy accept; }
    }`);
    this.server = this.#namespace('srv');
    this.#link(this.net, 'srv', ['203.0.113.1/24', '2001:db8:feed::1/64'], this.server, 'eth0',
      [...SERVER4.map((a) => `${a}/24`), ...SERVER6.map((a) => `${a}/64`)]);
    this.#default(this.server, '203.0.113.1', '2001:db8:feed::1');
    this.#driverLink();
  }

  // ---- parts

  /** @param {string} name @returns {string} */
  #namespace(name) {
    const ns = `${PREFIX}-${process.pid}-${name}`;
    run('ip', ['netns', 'add', ns]);
    this.made.push(ns);
    this.ip(ns, 'link set lo up');
    this.sysctl(ns, 'net.ipv6.conf.default.accept_ra=0', 'net.ipv6.conf.all.accept_ra=0');
    return ns;
  }

  /** @param {string} ns @param {string} line */
  ip(ns, line) { return run('ip', ['-n', ns, ...line.split(' ')]); }

  /** @param {string} ns @param {string} rules */
  nft(ns, rules) { return run('ip', ['netns', 'exec', ns, 'nft', '-f', '-'], `${rules}\n`); }

  /** @param {string} ns @param {string[]} settings */
  sysctl(ns, ...settings) { run('ip', ['netns', 'exec', ns, 'sysctl', '-q', '-w', ...settings]); }

  /** @param {string} ns */
  #forwarding(ns) { this.sysctl(ns, 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'); }

  /**
   * @param {string} a @param {string} ifA @param {string[]} addrsA
   * @param {string} b @param {string} ifB @param {string[]} addrsB
   */
  #link(a, ifA, addrsA, b, ifB, addrsB) {
    run('ip', ['link', 'add', ifA, 'netns', a, 'type', 'veth', 'peer', 'name', ifB, 'netns', b]);
    for (const [ns, dev, addrs] of /** @type {[string, string, string[]][]} */ ([[a, ifA, addrsA], [b, ifB, addrsB]])) {
      for (const x of addrs) this.ip(ns, `addr add ${x} dev ${dev}${x.includes(':') ? ' nodad' : ''}`);
      this.ip(ns, `link set ${dev} up`);
    }
  }

  /** @param {string} ns @param {string | null} v4 @param {string | null} v6 */
  #default(ns, v4, v6) {
    if (v4) this.ip(ns, `route replace default via ${v4}`);
    if (v6) this.ip(ns, `-6 route replace default via ${v6}`);
  }

  /** A line between the test and the server, beside the internet: for start, /metrics and stopping. */
  #driverLink() {
    const taken = run('ip', ['-4', 'addr', 'show']);
    let n = process.pid % 60;
    while (taken.includes(`169.254.177.${4 * n + 1}/`)) n = (n + 1) % 60;
    this.driver = `169.254.177.${4 * n + 1}`;
    this.serverFromDriver = `169.254.177.${4 * n + 2}`;
    const dev = `mdl${process.pid}`;
    run('ip', ['link', 'add', dev, 'type', 'veth', 'peer', 'name', 'driver', 'netns', this.server]);
    run('ip', ['addr', 'add', `${this.driver}/30`, 'dev', dev]);
    run('ip', ['link', 'set', dev, 'up']);
    this.ip(this.server, `addr add ${this.serverFromDriver}/30 dev driver`);
    this.ip(this.server, 'link set driver up');
  }

  /** A home router and its line to the internet. @param {string} name @param {Nat} [nat] @returns {Router} */
  router(name, nat = 'cone') {
    const i = this.routers.size + 1;
    const ns = this.#namespace(name);
    const r = { name, ns, i, wan4: `198.51.100.${4 * i + 2}`, wan6: `2001:db8:${i}::2`, nat, ports: 0 };
    this.#forwarding(ns);
    this.#link(this.net, `to${i}`, [`198.51.100.${4 * i + 1}/30`, `2001:db8:${i}::1/64`], ns, 'wan', [`${r.wan4}/30`, `${r.wan6}/64`]);
    this.#default(ns, `198.51.100.${4 * i + 1}`, `2001:db8:${i}::1`);
    this.ip(ns, 'link add lan type bridge');
    this.ip(ns, 'link set lan up');
    this.ip(ns, `addr add 192.168.${i}.1/24 dev lan`);
    this.ip(ns, `addr add 2001:db8:1${i}::1/64 dev lan nodad`);
    this.ip(this.net, `-6 route add 2001:db8:1${i}::/64 via ${r.wan6}`);
    // Without the drop, a packet from outside that comes first would take the mapping for the router itself.
    this.nft(ns, `table inet home {
      chain input { type filter hook input priority 0; policy drop;
        ct state established,related accept
        meta l4proto { icmp, ipv6-icmp } accept
      }
      chain forward { type filter hook forward priority 0; policy drop;
        iifname lan accept
        ct state established,related accept
      }
    }`);
    if (nat !== 'none') {
      this.nft(ns, `table ip nat { chain post { type nat hook postrouting priority srcnat;
        oifname wan masquerade ${nat === 'symmetric' ? 'fully-random' : ''}
      }
      }`);
    }
    this.routers.set(name, r);
    return r;
  }

  /**
   * A computer without a network. attach() gives it one.
   * @param {string} name @returns {Client}
   */
  client(name) {
    const c = { name, ns: this.#namespace(name), at: null, number: this.clients.size + 2 };
    this.clients.set(name, c);
    return c;
  }

  /** Plugs a client in. @param {Client} c @param {Router} r @param {{v4?: boolean, v6?: boolean}} [o] default: IPv4 only */
  attach(c, r, { v4 = true, v6 = false } = {}) {
    this.sysctl(c.ns, `net.ipv6.conf.all.disable_ipv6=${v6 ? 0 : 1}`, `net.ipv6.conf.default.disable_ipv6=${v6 ? 0 : 1}`);
    const port = `p${++r.ports}`;
    this.#link(r.ns, port, [], c.ns, `eth${r.i}${r.ports}`, [
      ...(v4 ? [`192.168.${r.i}.${c.number}/24`] : []), ...(v6 ? [`2001:db8:1${r.i}::${c.number}/64`] : [])]);
    this.ip(r.ns, `link set ${port} master lan`);
    this.#default(c.ns, v4 ? `192.168.${r.i}.1` : null, v6 ? `2001:db8:1${r.i}::1` : null);
    c.at = r;
  }

  /** Pulls the plug: the interface is gone, and with it addresses and routes. @param {Client} c */
  detach(c) {
    const links = JSON.parse(run('ip', ['-n', c.ns, '-j', 'link', 'show', 'type', 'veth']));
    for (const { ifname } of links) if (ifname) this.ip(c.ns, `link del ${ifname}`);
    c.at = null;
  }

  /** Whether UDP gets through the internet, but for STUN with the server. @param {boolean} on @param {number} stunPort */
  udpBetweenClients(on, stunPort) {
    this.nft(this.net, on ? 'flush chain inet block forward'
      : `add rule inet block forward udp dport != ${stunPort} udp sport != ${stunPort} drop`);
  }

  // ---- programs inside

  /** @param {string} ns @param {string} file @param {string[]} args @returns {string} its output */
  exec(ns, file, ...args) { return run('ip', ['netns', 'exec', ns, file, ...args]); }

  /**
   * As exec, without standing still meanwhile.
   * @param {string} ns @param {string} file @param {string[]} args
   * @returns {Promise<{code: number | null, out: string}>}
   */
  spawn(ns, file, ...args) {
    return new Promise((resolve, reject) => {
      const child = spawn('ip', ['netns', 'exec', ns, file, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
      let out = '';
      child.stdout.on('data', (d) => { out += d; });
      child.stderr.on('data', (d) => { out += d; });
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, out }));
    });
  }

  /**
   * A program that starts a browser in a client's namespace and takes the browser's arguments.
   * @param {Client} c @param {'chromium' | 'firefox'} kind
   */
  browser(c, kind) {
    const file = path.join(this.dir, `${c.name}-${kind}`);
    const real = kind === 'chromium' ? process.env.CHROMIUM ?? '/usr/bin/chromium' : process.env.FIREFOX ?? '/usr/bin/firefox-esr';
    // Chromium is driven through pipes; Firefox listens on loopback, so that somebody has to carry over.
    const line = kind === 'chromium' ? `exec ip netns exec ${c.ns} ${real} "$@"` : `exec ${process.execPath} ${RELAY} ${c.ns} ${real} "$@"`;
    writeFileSync(file, `#!/bin/sh\n${line}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  /** Ends everything inside and takes it all away. */
  close() {
    if (this.closed) return;
    this.closed = true;
    for (const ns of this.made.reverse()) {
      try { removeNamespace(ns); } catch (e) { process.stderr.write(`${e}\n`); }
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
