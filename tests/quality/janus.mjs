// Debian's Janus with its VideoRoom in the laboratory's server namespace, told by its WebSocket API.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import WebSocket from 'ws';

const ROOM = 1;
const PORT = 8188;
const PLUGIN = 'janus.plugin.videoroom';
const OTHERS = ['audiobridge', 'duktape', 'echotest', 'lua', 'nosip', 'recordplay', 'sip', 'streaming', 'textroom', 'videocall', 'voicemail'];
const WAYS = ['http', 'mqtt', 'nanomsg', 'pfunix', 'rabbitmq'];

/** @param {string} kind @param {string[]} names */
const without = (kind, names) => `${kind}: { disable = "${names.map((n) => `libjanus_${n}.so`).join()}" }`;

/** Its settings are Debian's, but for what does not run here, and the one line to listen on. @param {string} dir */
function configure(dir) {
  mkdirSync(dir, { recursive: true });
  const file = (/** @type {string} */ name, /** @type {string[]} */ lines) => writeFileSync(path.join(dir, `${name}.jcfg`), `${lines.join('\n')}\n`);
  file('janus', [`general: { configs_folder = "${dir}", debug_level = 3, session_timeout = 0 }`, 'nat: { ice_enforce_list = "eth0" }',
    without('plugins', OTHERS), without('transports', WAYS)]);
  file('janus.transport.websockets', [`general: { ws = true, ws_port = ${PORT}, wss = false }`]);
  file(PLUGIN, []);
}

export class Janus {
  /** @param {import('../netlab/lib/lab.mjs').Lab} lab */
  static async open(lab) {
    const dir = path.join(lab.dir, 'janus');
    configure(dir);
    const child = spawn('ip', ['netns', 'exec', lab.server, 'janus', '-F', dir], { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    for (const out of [child.stdout, child.stderr]) out.on('data', (d) => { log += d; });
    const janus = new Janus(child, () => log);
    for (let tries = 0; !janus.ws; tries++) {
      if (tries > 100 || child.exitCode !== null) throw new Error(`Janus does not answer:\n${log}`);
      await janus.#connect(`ws://${lab.serverFromDriver}:${PORT}`);
    }
    janus.session = (await janus.#ask({ janus: 'create' })).data.id;
    const owner = await janus.#attach();
    janus.handles = [];
    await janus.#tell(owner, { request: 'create', room: ROOM, publishers: 4, videocodec: 'vp8', audiocodec: 'opus', bitrate: 0 });
    return janus;
  }

  /** @param {import('node:child_process').ChildProcess} child @param {() => string} log */
  constructor(child, log) {
    this.child = child;
    this.log = log;
    this.name = 'Janus';
    this.session = 0;
    this.asked = 0;
    this.feed = 0;
    /** @type {number[]} of those who are in the room */
    this.handles = [];
    /** @type {WebSocket | undefined} */
    this.ws = undefined;
    /** @type {Map<string, (m: any) => void>} */
    this.waiting = new Map();
  }

  /** @param {string} url */
  async #connect(url) {
    const ws = new WebSocket(url, 'janus-protocol');
    const open = await new Promise((resolve) => { ws.once('open', () => resolve(true)); ws.once('error', () => resolve(false)); });
    if (!open) return void await new Promise((resolve) => { setTimeout(resolve, 100); });
    ws.on('message', (data) => {
      const m = JSON.parse(data.toString());
      if (m.janus === 'ack' || !this.waiting.has(m.transaction)) return;
      this.waiting.get(m.transaction)?.(m);
      this.waiting.delete(m.transaction);
    });
    this.ws = ws;
  }

  /** @param {any} m @returns {Promise<any>} its answer; of a plugin, the event */
  async #ask(m) {
    const transaction = `${++this.asked}`;
    const answer = new Promise((resolve, reject) => {
      this.waiting.set(transaction, resolve);
      setTimeout(() => reject(new Error(`Janus does not answer ${JSON.stringify(m)}`)), 15_000).unref();
    });
    this.ws?.send(JSON.stringify({ ...m, transaction, ...(this.session ? { session_id: this.session } : {}) }));
    const a = /** @type {any} */ (await answer);
    if (a.janus === 'error' || a.plugindata?.data?.error) throw new Error(`Janus: ${JSON.stringify(a)}`);
    return a;
  }

  async #attach() {
    const { id } = (await this.#ask({ janus: 'attach', plugin: PLUGIN })).data;
    this.handles.push(id);
    return id;
  }

  /** @param {number} handle @param {any} body @param {{type: string, sdp: string}} [jsep] */
  #tell(handle, body, jsep) { return this.#ask({ janus: 'message', handle_id: handle, body, ...(jsep ? { jsep } : {}) }); }

  /** @param {import('./pages.mjs').Seat} seat @param {any} camera */
  async publish(seat, camera) {
    const handle = await this.#attach();
    const joined = await this.#tell(handle, { request: 'join', ptype: 'publisher', room: ROOM, display: seat.name });
    this.feed = joined.plugindata.data.id;
    // It takes the first layer for the best one.
    const sdp = await seat.call('publish', { ...camera, layers: [...camera.layers].reverse() });
    const { jsep } = await this.#tell(handle, { request: 'publish' }, { type: 'offer', sdp });
    await seat.call('accept', jsep.sdp);
    await seat.connected(); // before that there is nothing to subscribe to
  }

  /** @param {import('./pages.mjs').Seat} seat */
  async view(seat) {
    const handle = await this.#attach();
    const { jsep } = await this.#tell(handle, { request: 'join', ptype: 'subscriber', room: ROOM, streams: [{ feed: this.feed }] });
    await this.#tell(handle, { request: 'start' }, { type: 'answer', sdp: await seat.call('answer', jsep.sdp) });
  }

  /** Everybody leaves. */
  async clear() {
    for (const handle of this.handles.splice(0)) await this.#ask({ janus: 'detach', handle_id: handle });
  }

  async close() {
    this.ws?.terminate();
    this.child.kill('SIGKILL');
  }
}
