// Other people's WebRTC offers, the SFU answers, and they take the answer: aiortc (Python), Pion (Go), GStreamer's webrtcbin, each
// from Debian's packages. What they offered when this was written is in tests/corpus/sdp.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildGo } from '../lib/golang.mjs';
import { BIN } from '../lib/server.mjs';

const FOREIGN = path.join(path.dirname(fileURLToPath(import.meta.url)), '../netlab/foreign');
const ANSWERER = path.join(path.dirname(BIN), 'tests/answer_offer');
const DIR = mkdtempSync(path.join(os.tmpdir(), 'madang-offers-'));
const run = promisify(execFile);

after(() => rmSync(DIR, { recursive: true, force: true }));

/** @type {Record<string, {start: () => Promise<string[]>, says: string[]}>} */
const STACKS = {
  aiortc: {
    start: async () => ['/usr/bin/python3', path.join(FOREIGN, 'aiortc_offer.py')],
    says: ['publish audio sendonly opus', 'publish video sendonly VP8 rtx', 'h264 audio sendonly opus', 'h264 video sendonly H264 rtx',
      'watch audio recvonly opus PCMU PCMA', 'watch video recvonly VP8 rtx H264 rtx', 'sound audio sendonly opus'],
  },
  webrtcbin: {
    start: async () => ['/usr/bin/python3', path.join(FOREIGN, 'webrtcbin_offer.py')],
    says: ['publish audio sendonly', 'publish video sendonly', 'vp9 audio sendonly', 'vp9 video sendonly', 'single video sendonly',
      'watch audio recvonly', 'watch video recvonly'],
  },
  Pion: { // its directions are those that it offered
    start: async () => [await buildGo(path.join(FOREIGN, 'pion_offer.go'), DIR)],
    says: ['publish audio sendrecv 0', 'publish video sendrecv 1', 'simulcast video sendrecv 0', 'watch audio recvonly 0',
      'watch video recvonly 1', 'data audio sendrecv 0', 'data video sendrecv 1'],
  },
};

for (const [name, { start, says }] of Object.entries(STACKS)) {
  test(`${name}: the answers to its offers suit it`, { timeout: 400_000 }, async () => {
    const [file, ...args] = await start();
    const { stdout } = await run(file, [...args, ANSWERER], { timeout: 60_000 });
    assert.deepEqual(stdout.trim().split('\n'), says);
  });
}
