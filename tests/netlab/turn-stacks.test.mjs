// Other people's WebRTC with `madang turn`: Pion (Go), aiortc (Python), GStreamer's webrtcbin (libnice), each from Debian's
// packages, two peers in one program behind a NAT that may use relays only; the server is behind its firewall.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildGo } from '../lib/golang.mjs';
import { startServer } from '../lib/server.mjs';
import { Lab } from './lib/lab.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const DIR = mkdtempSync(path.join(os.tmpdir(), 'madang-stacks-'));
const [USER, PASSWORD] = ['ann', 'pw-for-tests'];
const [TCP, UDP] = [443, 3478];
const lab = new Lab();
const site = lab.site('firewall', TCP, UDP);
const client = lab.client('ann');
lab.attach(client, lab.router('home', 'symmetric'));
/** @type {import('../lib/server.mjs').Server} */
let server;

before(async () => {
  server = await startServer({
    command: 'turn', port: TCP, udpPort: UDP, host: site.fromDriver, wrap: ['ip', 'netns', 'exec', site.ns],
    args: ['--listen', site.v4, '--listen', site.v6, '--rfc5766-channels', 'on', '--user', `${USER}:${PASSWORD}`, '--realm', 'lab.test', '--workers', '2'],
  });
});

after(async () => {
  await server?.stop('SIGKILL');
  lab.close();
  rmSync(DIR, { recursive: true, force: true });
});

/** @type {Record<string, {start: () => Promise<string[]>, says: RegExp}>} */
const STACKS = {
  Pion: { start: async () => [await buildGo(path.join(HERE, 'foreign/pion.go'), DIR)], says: /^re: hello relay > relay$/m },
  aiortc: { start: async () => ['/usr/bin/python3', path.join(HERE, 'foreign/aiortc_pair.py')], says: /^re: hello relay > relay$/m },
  webrtcbin: { start: async () => ['/usr/bin/python3', path.join(HERE, 'foreign/webrtcbin_pair.py')], says: /^\d+ frames, relay > relay$/m },
};

test('coturn\'s client with IPv6 relays, over IPv4', async () => {
  const flags = ['-p', `${UDP}`, '-u', USER, '-w', PASSWORD, '-y'];
  for (const more of [['-x'], ['-x', '-s', '-c']]) {
    const { code, out } = await lab.spawn(client.ns, 'turnutils_uclient', ...flags, ...more, site.v4);
    assert.equal(code, 0, `${more}: ${out.slice(-1500)}`);
    assert.match(out, /Total lost packets 0 /, `${more}: ${out.slice(-1500)}`);
  }
});

for (const [name, { start, says }] of Object.entries(STACKS)) {
  test(`${name}: relays only, over UDP and TCP`, { timeout: 400_000 }, async (t) => {
    const [file, ...args] = await start();
    const before = lab.counters(site);
    for (const url of [`turn:${site.v4}:${UDP}?transport=udp`, `turn:${site.v4}:${TCP}?transport=tcp`]) {
      const { out } = await lab.spawn(client.ns, file, ...args, url, USER, PASSWORD);
      assert.match(out, says, `${url}: ${out.slice(-2000)}`);
      t.diagnostic(`${url.split('=')[1]}: ${says.exec(out)?.[0]}`);
    }
    const now = lab.counters(site);
    // aioice also tries the relayed addresses from its own socket: turned away.
    assert.equal(now.foreign - before.foreign, now.refused - before.refused, 'nobody came in by another port');
    assert.equal(now.relayed, before.relayed, 'nothing left from a relayed port');
  });
}
