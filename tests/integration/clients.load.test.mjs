// 2,000 WebSocket clients in rooms of 10 come, talk at 4,500 deliveries a second, and leave; three times. The
// clients are bench/load, which ends with an error when a message is lost, comes twice or out of order, or when a
// connection breaks. Here: what the server counts adds up with it, and its memory is back afterwards.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sleep, startServer } from '../lib/server.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const CLIENTS = 2000;
const ROOM = 10;
const SECONDS = 4;
const HIGH_KB = 48 * 1024;
const LIFTED = ['hello', 'join', 'chat', 'manage'].flatMap((k) => [`--rate-${k}`, 'off'])
  .concat('--connections-per-address', '4000', '--max-connections', '4000');

/**
 * @param {import('../lib/server.mjs').Server} server
 * @param {string[]} steps
 * @returns {Promise<any[]>} what the clients report, step by step
 */
function load(server, steps) {
  const args = ['--port', `${server.port}`, '--pid', `${server.pid}`, '--clients', `${CLIENTS}`,
    '--room-size', `${ROOM}`, ...(server.tls ? ['--tls'] : []), ...steps];
  return new Promise((resolve, reject) => {
    execFile(path.join(ROOT, 'build/bench/load'), args, { timeout: 150000 }, (e, out, err) => {
      if (e) reject(new Error(`${err || e}\n${server.log().slice(-2000)}`));
      else resolve(out.trim().split('\n').map((l) => JSON.parse(l)));
    });
  });
}

/** @param {import('../lib/server.mjs').Server} server @returns {Promise<(key: string) => number>} */
async function metrics(server) {
  const text = (await server.get('/metrics')).body.toString();
  return (key) => {
    const line = text.split('\n').find((l) => l.startsWith(`${key} `));
    assert.ok(line, `no ${key} in /metrics`);
    return Number(line.slice(key.length + 1));
  };
}

/** Waits until nobody is there, then the counters of this moment. */
async function whenEmpty(/** @type {import('../lib/server.mjs').Server} */ server) {
  for (let i = 0; ; i++) {
    const m = await metrics(server);
    if (m('madang_websockets') === 0 && m('madang_sessions') === 0) return m;
    assert.ok(i < 100, `${m('madang_websockets')} WebSockets and ${m('madang_sessions')} sessions are left`);
    await sleep(100);
  }
}

/** The least memory of 6 s: the server gives back what is free every 5 s.
 * @param {import('../lib/server.mjs').Server} server */
async function whenTrimmed(server) {
  let least = Infinity;
  for (let i = 0; i < 12; i++) {
    await sleep(500);
    least = Math.min(least, await server.rssKb());
  }
  return least;
}

execFileSync(path.join(ROOT, 'bench/build-load.sh'), { stdio: 'inherit' });

for (const tls of [false, true]) {
  test(`2,000 clients join, chat and leave${tls ? ' over TLS' : ''}`, { timeout: 300000 }, async () => {
    const server = await startServer({ tls, args: LIFTED });
    try {
      const before = await metrics(server);
      const rss = [];
      const rounds = 3;
      let chats = 0;
      for (let i = 0; i < rounds; i++) {
        const steps = await load(server, ['join', `chat:4500:${SECONDS}`, 'leave']);
        const chat = steps.find((s) => s.step === 'chat');
        assert.equal(chat.deliveries, 4500 * SECONDS);
        assert.equal(chat.acks, chat.deliveries / ROOM);
        chats += chat.deliveries;
        await whenEmpty(server);
        rss.push(await whenTrimmed(server));
      }
      const m = await whenEmpty(server);
      const grown = (/** @type {string} */ key) => m(key) - before(key);
      const joins = rounds * CLIENTS;
      const perRoom = ROOM * (ROOM - 1) / 2; // notices of entering in a room that fills; as many of leaving
      assert.equal(grown('madang_session_events_total{event="new"}'), joins);
      assert.equal(m('madang_rooms'), 0);
      assert.equal(m('madang_participants'), 0);
      assert.equal(m('madang_sessions_reconnecting'), 0);
      assert.equal(grown('madang_errors_total'), 0);
      for (const reason of ['outbox_full', 'replay_full', 'peer_dead', 'message_syntax', 'ws_protocol', 'conn_deadline']) {
        assert.equal(grown(`madang_dropped_total{reason="${reason}"}`), 0, reason);
      }
      // acks of hello, of create and of chat; notices of entering; chat. And notices of leaving with the change of
      // owner that goes with them, as far as somebody is there to hear of it.
      const least = joins + joins / ROOM + joins / ROOM * perRoom + chats + chats / ROOM;
      const most = least + 2 * joins / ROOM * perRoom + joins;
      const out = grown('madang_messages_total{dir="out"}');
      assert.ok(out >= least && out <= most, `${out} messages out, expected ${least} to ${most}`);
      // The first round finds the size of the tables; from then on memory must not grow.
      const [first, last] = [rss[0], /** @type {number} */ (rss.at(-1))];
      assert.ok(last <= first + 2048, `memory grows: ${rss.join(', ')} kB`);
      assert.ok(last <= HIGH_KB, `memory stays high: ${rss.join(', ')} kB`);
    } finally {
      await server.stop();
    }
  });
}
