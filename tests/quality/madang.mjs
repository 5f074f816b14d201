// madang in the laboratory's server namespace; its clients' signaling is done here (docs/protocol.md), their media in the pages.
import { startServer } from '../lib/server.mjs';
import { Client } from '../lib/client.mjs';
import { SERVER4 } from '../netlab/lib/lab.mjs';

const CONN = 'q';

export class Madang {
  /** @param {import('../netlab/lib/lab.mjs').Lab} lab */
  static async open(lab) {
    const server = await startServer({
      tls: true, port: 8443, udpPort: 3478, host: lab.serverFromDriver, wrap: ['ip', 'netns', 'exec', lab.server],
      args: ['--listen', SERVER4[0], '--groups', 'always'],
    });
    return new Madang(server);
  }

  /** @param {import('../lib/server.mjs').Server} server */
  constructor(server) {
    this.server = server;
    this.name = 'madang';
    this.log = server.log;
    /** @type {Client[]} */
    this.clients = [];
    this.room = '';
    /** @type {any[]} what the publisher has */
    this.tracks = [];
  }

  async #client() {
    const c = await new Client(this.server).open();
    await c.hello({ name: 'quality' });
    this.clients.push(c);
    return c;
  }

  /** @param {Client} c @param {any[]} lines @param {string} sdp @returns {Promise<[any, string]>} */
  async #offer(c, lines, sdp) {
    const ack = await c.must('group_offer', { room: this.room, conn: CONN, lines }, sdp);
    const answer = await c.event((m) => m.type === 'group_answer' || m.type === 'group_refused', 'group_answer');
    if (answer.type !== 'group_answer') throw new Error(`refused: ${answer.code}`);
    return [ack, answer.body];
  }

  /** @param {import('./pages.mjs').Seat} seat @param {any} camera */
  async publish(seat, camera) {
    const c = await this.#client();
    this.room = (await c.must('create', { title: 'quality' })).room.room;
    const sdp = await seat.call('publish', camera);
    const [mic, cam] = await seat.call('mids');
    const [ack, answer] = await this.#offer(c, [{ mid: mic, kind: 'mic' }, { mid: cam, kind: 'camera' }], sdp);
    this.tracks = [mic, cam].map((mid) => ack.tracks.find((/** @type {any} */ t) => t.mid === mid).track);
    await seat.call('accept', answer);
    await seat.connected();
  }

  /** @param {import('./pages.mjs').Seat} seat */
  async view(seat) {
    const c = await this.#client();
    await c.must('join', { room: this.room, media: false });
    const sdp = await seat.call('ask');
    const mids = /** @type {string[]} */ (await seat.call('mids'));
    const [, answer] = await this.#offer(c, mids.map((mid, i) => ({ mid, track: this.tracks[i] })), sdp);
    await seat.call('accept', answer);
    await c.must('group_wish', { room: this.room, conn: CONN,
      wishes: [{ mid: mids[1], track: this.tracks[1], width: 1280, height: 720, priority: 'visible' }] });
  }

  async clear() {
    for (const c of this.clients.splice(0)) {
      await c.must('leave', { room: this.room });
      c.close();
    }
  }

  async close() { await this.server.stop('SIGKILL'); }
}
