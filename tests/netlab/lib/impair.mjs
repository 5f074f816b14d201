// A home router's line made bad (tests/netlab/impair): delay, losses, a slow link ... each way by itself.
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./lab.mjs').Lab} Lab */
/** @typedef {import('./lab.mjs').Router} Router */
/**
 * What a line has done with the packets of one way (line.h).
 * @typedef {{packets: number, bytes: number, lost: number, burst: number, queue: number, cut: number, full: number, reordered: number,
 *   twice: number, passed: number, passedBytes: number, waitedMaxMs: number}} Counts
 */

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PROGRAM = path.join(path.dirname(path.resolve(ROOT, process.env.MADANG_BIN ?? 'build/madang')), 'tests/impair');
/** @type {[string, string, number][]} of the packets that are forwarded: where they come from, and to which queue they go */
const WAYS = [['-i', 'wan', 0], ['-o', 'wan', 1]];

export class Impair {
  /** @param {Lab} lab @param {Router} router @param {number} [seed] @returns {Promise<Impair>} a line without any fault */
  static async open(lab, router, seed = 1) {
    const im = new Impair(spawn('ip', ['netns', 'exec', router.ns, PROGRAM, `${seed}`], { stdio: ['pipe', 'pipe', 'inherit'] }));
    if (await im.#next() !== 'ready') throw new Error('impair does not run (libnetfilter-queue-dev when it was built?)');
    // With iptables: nftables' own "queue" is missing from some kernels that have the rest. Without the program everything passes.
    for (const [flag, dev, queue] of WAYS) {
      lab.exec(router.ns, 'iptables', '-w', '-t', 'mangle', '-A', 'FORWARD', flag, dev, '-j', 'NFQUEUE', '--queue-num', `${queue}`, '--queue-bypass');
    }
    return im;
  }

  /** @param {ReturnType<typeof spawn>} child */
  constructor(child) {
    this.stdin = /** @type {import('node:stream').Writable} */ (child.stdin);
    /** @type {string[]} lines that nobody has asked for yet */
    this.said = [];
    /** @type {((line: string | undefined) => void)[]} */
    this.asking = [];
    const hear = (/** @type {string | undefined} */ line) => {
      const ask = this.asking.shift();
      if (ask) ask(line);
      else if (line !== undefined) this.said.push(line);
    };
    const input = /** @type {import('node:stream').Readable} */ (child.stdout);
    readline.createInterface({ input }).on('line', hear).on('close', () => { while (this.asking.length) hear(undefined); });
    child.on('error', () => {});
    this.stdin.on('error', () => {});
  }

  /** @returns {Promise<string | undefined>} */
  #next() {
    return this.said.length ? Promise.resolve(this.said.shift()) : new Promise((resolve) => { this.asking.push(resolve); });
  }

  /** @param {string[]} lines  e.g. 'down rate 500000'; they hold when this returns */
  async tell(...lines) {
    for (const line of lines) {
      this.stdin.write(`${line}\n`);
      const answer = await this.#next();
      if (answer !== 'ok') throw new Error(`impair: ${line}: ${answer ?? 'it has ended'}`);
    }
  }

  /** @returns {Promise<{down: Counts, up: Counts}>} */
  async counts() {
    this.stdin.write('print\n');
    return JSON.parse(await this.#next() ?? 'null');
  }

  /** @returns {Promise<{down: Counts, up: Counts}>} */
  async close() {
    this.stdin.end();
    return JSON.parse(await this.#next() ?? 'null');
  }
}
