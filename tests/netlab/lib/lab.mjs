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
 * random port for each destination, `none` only lets answers in (IPv6), `open` is a router of the internet: public
 * addresses behind it, and everything gets through.
 * @typedef {'cone' | 'symmetric' | 'none' | 'open'} Nat
 */
/** @typedef {{name: string, ns: string, i: number, wan4: string, wan6: string, nat: Nat, ports: number, lan4: string}} Router */
/**
 * A place with a server, behind a firewall of its own.
 * @typedef {{name: string, ns: string, fw: string, public4: string, v4: string, v6: string, driver: string, fromDriver: string}} Site
 */
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
    /** @type {Site[]} */
    this.sites = [];
    this.drivers = 0;
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
    [this.driver, this.serverFromDriver] = this.#driverLink(this.server);
  }

  // ---- parts

  /** @param {string} name @returns {string} */
  #namespace(name) {
    const ns = `${PREFIX}-${process.pid}-${name}`;
    run('ip', ['netns', 'add', ns]);
    this.made.push(ns);
    this.ip(ns, 'link set lo up');
    // Nobody else has these addresses: no second of looking for them before they are used.
    this.sysctl(ns, ...['accept_ra', 'accept_dad', 'dad_transmits'].flatMap((s) => ['default', 'all'].map((d) => `net.ipv6.conf.${d}.${s}=0`)));
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

  /**
   * A line between the test and a server, beside the internet: for start, /metrics and stopping.
   * @param {string} ns @returns {[string, string]} this end, that end
   */
  #driverLink(ns) {
    const taken = run('ip', ['-4', 'addr', 'show']);
    let n = process.pid % 60;
    while (taken.includes(`169.254.177.${4 * n + 1}/`)) n = (n + 1) % 60;
    const [here, there] = [`169.254.177.${4 * n + 1}`, `169.254.177.${4 * n + 2}`];
    const dev = `mdl${process.pid}${'abcdef'[this.drivers++]}`;
    run('ip', ['link', 'add', dev, 'type', 'veth', 'peer', 'name', 'driver', 'netns', ns]);
    run('ip', ['addr', 'add', `${here}/30`, 'dev', dev]);
    run('ip', ['link', 'set', dev, 'up']);
    this.ip(ns, `addr add ${there}/30 dev driver`);
    this.ip(ns, 'link set driver up');
    return [here, there];
  }

  /**
   * A server behind a stateful firewall that lets in new flows to two ports only, and counts them: with a public address
   * (`firewall`), or with a private one and a 1:1 NAT in the firewall (`nat`). counters() says what was counted.
   * @param {'firewall' | 'nat'} kind @param {number} tcp @param {number} udp @returns {Site}
   */
  site(kind, tcp, udp) {
    const n = this.sites.length + 1;
    const [fw, ns] = [this.#namespace(`fw${n}`), this.#namespace(`srv${n}`)];
    this.#forwarding(fw);
    const [up4, wan4] = [`203.0.113.${64 + 4 * n + 1}`, `203.0.113.${64 + 4 * n + 2}`];
    const [up6, wan6] = [`2001:db8:fee${n}::1`, `2001:db8:fee${n}::2`];
    const public4 = `203.0.113.${128 + 8 * n + 2}`;
    const v4 = kind === 'nat' ? `10.0.${n}.10` : public4;
    const v6 = `2001:db8:fed${n}::10`;
    this.#link(this.net, `site${n}`, [`${up4}/30`, `${up6}/64`], fw, 'wan', [`${wan4}/30`, `${wan6}/64`]);
    this.#default(fw, up4, up6);
    this.#link(fw, 'dmz', [kind === 'nat' ? `10.0.${n}.1/24` : `203.0.113.${128 + 8 * n + 1}/29`, `2001:db8:fed${n}::1/64`], ns, 'eth0',
      [kind === 'nat' ? `${v4}/24` : `${v4}/29`, `${v6}/64`]);
    this.#default(ns, kind === 'nat' ? `10.0.${n}.1` : `203.0.113.${128 + 8 * n + 1}`, `2001:db8:fed${n}::1`);
    this.ip(this.net, `route add 203.0.113.${128 + 8 * n}/29 via ${wan4}`);
    this.ip(this.net, `-6 route add 2001:db8:fed${n}::/64 via ${wan6}`);
    // `opened` counts flows, `foreign` any packet of a flow that somebody outside began elsewhere, `relayed` what the server
    // sends from another port than its own: packets of relays that left the machine.
    this.nft(fw, `table inet fw {
      counter opened_tcp {}
      counter opened_udp {}
      counter refused {}
      counter foreign {}
      counter relayed {}
      chain forward { type filter hook forward priority 0; policy drop;
        iifname wan ct direction original meta l4proto tcp tcp dport != ${tcp} counter name foreign
        iifname wan ct direction original meta l4proto udp udp dport != ${udp} counter name foreign
        iifname dmz udp sport != ${udp} counter name relayed
        iifname dmz accept
        ct state established,related accept
        iifname wan ct state new tcp dport ${tcp} counter name opened_tcp accept
        iifname wan ct state new udp dport ${udp} counter name opened_udp accept
        meta l4proto { icmp, ipv6-icmp } accept
        counter name refused
      }
      chain input { type filter hook input priority 0; policy drop;
        ct state established,related accept
        meta l4proto { icmp, ipv6-icmp } accept
      }
    }`);
    if (kind === 'nat') {
      this.nft(fw, `table ip nat {
        chain pre { type nat hook prerouting priority dstnat; ip daddr ${public4} dnat to ${v4}; }
        chain post { type nat hook postrouting priority srcnat; ip saddr ${v4} snat to ${public4}; }
      }`);
    }
    const [driver, fromDriver] = this.#driverLink(ns);
    const site = { name: kind, ns, fw, public4, v4, v6, driver, fromDriver };
    this.sites.push(site);
    return site;
  }

  /** Packets that a site's firewall has counted, by name. @param {Site} site @returns {Record<string, number>} */
  counters(site) {
    const { nftables } = JSON.parse(this.exec(site.fw, 'nft', '-j', 'list', 'counters'));
    return Object.fromEntries(nftables.flatMap((/** @type {any} */ x) => (x.counter ? [[x.counter.name, x.counter.packets]] : [])));
  }

  /**
   * A home router and its line to the internet, or to the router of a carrier that translates, too.
   * @param {string} name @param {Nat} [nat] @param {{behind?: Router, carrier?: boolean, rules?: string}} [o]
   *   carrier: others' routers are behind it; rules: what is let out (nft, of the forward chain, for what comes from the
   *   home), default: everything
   * @returns {Router}
   */
  router(name, nat = 'cone', { behind, carrier = false, rules = 'accept' } = {}) {
    const i = this.routers.size + 1;
    const ns = this.#namespace(name);
    const wan4 = behind ? `${behind.lan4}.200` : `198.51.100.${4 * i + 2}`;
    const lan4 = `${nat === 'open' ? '203.0' : carrier ? '100.64' : '192.168'}.${i}`;
    const r = { name, ns, i, wan4, wan6: `2001:db8:${i}::2`, nat, ports: 0, lan4 };
    this.#forwarding(ns);
    if (behind) {
      const port = `p${++behind.ports}`;
      this.#link(behind.ns, port, [], ns, 'wan', [`${wan4}/24`]);
      this.ip(behind.ns, `link set ${port} master lan`);
      this.#default(ns, `${behind.lan4}.1`, null);
    } else {
      this.#link(this.net, `to${i}`, [`198.51.100.${4 * i + 1}/30`, `2001:db8:${i}::1/64`], ns, 'wan', [`${r.wan4}/30`, `${r.wan6}/64`]);
      this.#default(ns, `198.51.100.${4 * i + 1}`, `2001:db8:${i}::1`);
      this.ip(this.net, `-6 route add 2001:db8:f${i}::/64 via ${r.wan6}`);
    }
    this.ip(ns, 'link add lan type bridge');
    this.ip(ns, 'link set lan up');
    this.ip(ns, `addr add ${lan4}.1/24 dev lan`);
    this.ip(ns, `addr add 2001:db8:f${i}::1/64 dev lan nodad`);
    this.routers.set(name, r);
    if (nat === 'open') {
      this.ip(this.net, `route add ${lan4}.0/24 via ${wan4}`);
      return r;
    }
    // Without the drop, a packet from outside that comes first would take the mapping for the router itself.
    this.nft(ns, `table inet home {
      chain input { type filter hook input priority 0; policy drop;
        ct state established,related accept
        meta l4proto { icmp, ipv6-icmp } accept
      }
      chain forward { type filter hook forward priority 0; policy drop;
        iifname lan ${rules}
        ct state established,related accept
      }
    }`);
    if (nat !== 'none') {
      this.nft(ns, `table ip nat { chain post { type nat hook postrouting priority srcnat;
        oifname wan masquerade ${nat === 'symmetric' ? 'fully-random' : ''}
      }
      }`);
    }
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
      ...(v4 ? [`${r.lan4}.${c.number}/24`] : []), ...(v6 ? [`2001:db8:f${r.i}::${c.number}/64`] : [])]);
    this.ip(r.ns, `link set ${port} master lan`);
    this.#default(c.ns, v4 ? `${r.lan4}.1` : null, v6 ? `2001:db8:f${r.i}::1` : null);
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

  /**
   * The server's addresses under this name, for all programs of this run: another /etc/hosts, in the run's own list of mounts
   * (scripts/own-net.sh). With a dot at its end, too: so Chromium asks for those of relays.
   * @param {string} name
   */
  name(name) {
    if (!process.env.OWN_NET) throw new Error('/etc/hosts is the computer\'s own: run this by scripts/own-net.sh');
    const file = path.join(this.dir, 'hosts');
    writeFileSync(file, `127.0.0.1 localhost\n::1 localhost\n${SERVER4[0]} ${name} ${name}.\n${SERVER6[0]} ${name} ${name}.\n`);
    run('mount', ['--bind', file, '/etc/hosts']);
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
