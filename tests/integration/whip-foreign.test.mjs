// What one program publishes by WHIP others watch by WHEP, through the whole running server: aiortc (Python), GStreamer's webrtcbin,
// Pion (Go) from Debian's packages, and libdatachannel (C++) in the way in which OBS uses it. Pictures are decoded, and the tone is heard.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { join } from '../lib/client.mjs';
import { AIORTC, DATACHANNEL, FOREIGN, Foreign, operatorsToken, WEBRTCBIN } from '../lib/foreign.mjs';
import { buildGo } from '../lib/golang.mjs';
import { startServer } from '../lib/server.mjs';

const DIR = mkdtempSync(path.join(os.tmpdir(), 'madang-whip-'));
/** @type {string[]} */
const PION = [];
/** @type {import('../lib/server.mjs').Server} */
let server;

before(async () => {
  PION.push(await buildGo(path.join(FOREIGN, 'pion_whip.go'), DIR));
  server = await startServer({ args: ['--groups', 'auto'] });
}, { timeout: 400_000 });
after(async () => {
  await server?.stop();
  rmSync(DIR, { recursive: true, force: true });
});

/** @type {{name: string, program: string[], args?: string[], width: number, restarts?: boolean}[]} */
const PUBLISHERS = [
  { name: 'aiortc', program: AIORTC, width: 640 },
  { name: 'webrtcbin', program: WEBRTCBIN, width: 320 },
  { name: 'Pion', program: PION, args: ['VP8'], width: 320, restarts: true },
  { name: 'libdatachannel, H.264 as OBS sends it', program: DATACHANNEL, width: 320 },
];

for (const { name, program, args = [], width, restarts } of PUBLISHERS) {
  test(`${name} publishes; aiortc, webrtcbin and Pion watch`, { timeout: 240_000 }, async (t) => {
    const { token, room } = await operatorsToken(server, '--room', 'new', '--publish', '--view', '--ttl', '10m');
    const publisher = new Foreign(program, 'publish', `${server.url}/whip/${room}/Stage%201`, token, ...args);
    t.after(() => publisher.kill());
    await publisher.says(/publishing/);
    const person = await join(server, { name: 'Ann' });
    const joined = await person.must('join', { room });
    assert.equal(joined.mode, 'group');
    const stage = joined.participants.find((/** @type {any} */ p) => p.program);
    assert.equal(stage.name, 'Stage 1');
    if (restarts) { // ICE with new credentials, by PATCH; media go on, as those see who come now
      publisher.tell('restart');
      await publisher.says(/restarted 200/);
    }

    await Promise.all([AIORTC, WEBRTCBIN, PION].map(async (watching) => {
      const viewer = new Foreign(watching, 'view', `${server.url}/whep/${room}`, token);
      t.after(() => viewer.kill());
      const [text] = await viewer.says(/\{.*\}/), seen = JSON.parse(text);
      assert.ok(seen.video >= 15 && seen.audio >= 50, `${path.basename(watching[0])} ${text}`);
      assert.equal(seen.width, width);
      assert.ok(Math.abs(seen.tone - 440) < 30, text);
      assert.equal(seen.ended, 200);
    }));

    publisher.tell('');
    await publisher.says(/ended 200/);
    await person.event((m) => m.type === 'left' && m.session === stage.session, 'that it has left');
    await publisher.over;
  });
}
