// Recordings of real media: encoded by ffmpeg, packed into RTP by GStreamer (AV1 by us), made into files by our recorder, and
// decoded by ffmpeg again: without an error, as long as they should be, sound with picture, and wherever a file is cut off.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { promisify } from 'node:util';
import { audioRtp, beeps, decodes, flashes, pictures, probe, recorder, SECONDS, videoRtp } from '../lib/recorded.mjs';
import { BIN } from '../lib/server.mjs';

const DIR = mkdtempSync(path.join(os.tmpdir(), 'madang-recording-'));
const run = promisify(execFile);
const record = recorder(DIR);

after(() => rmSync(DIR, { recursive: true, force: true }));

/** @param {number[]} got @param {number[]} want @param {number} within @param {string} what */
function close(got, want, within, what) {
  const text = `${what}: ${got.map((t) => t.toFixed(3)).join(' ')}`;
  assert.equal(got.length, want.length, text);
  got.forEach((t, i) => assert.ok(Math.abs(t - want[i]) <= within, text));
}

const PAIRS = [['vp8', 'opus'], ['vp9', 'opus'], ['h264', 'pcmu'], ['av1', 'pcma']];
const EVERY_TWO = Array.from({ length: SECONDS / 2 }, (_, i) => i * 2);

for (const [video, audio] of PAIRS) {
  test(`${video} and ${audio}: decoded without an error, as long as it was, sound with picture`, { timeout: 300_000 }, async () => {
    const rtp = { video: await videoRtp(DIR, video), audio: await audioRtp(DIR, audio) };
    const { track } = await record(`${video}-${audio}`, [
      { kind: 'camera', codec: video, rtp: rtp.video }, { kind: 'mic', codec: audio, rtp: rtp.audio }]);
    const [cam, mic] = [track('camera'), track('mic')];
    for (const t of [cam, mic]) {
      await decodes(t.path);
      const seen = await probe(t.path);
      assert.ok(Math.abs(Number(seen.format.duration) - SECONDS) < 0.1, `${t.file} lasts ${seen.format.duration} s`);
      assert.equal(t.left_out_frames, 0);
      assert.equal(t.clock, 'sender');
    }
    assert.equal(cam.lost_packets, 0); // of Opus, GStreamer leaves one out itself
    assert.equal(await pictures(cam.path), SECONDS * 25);
    const picture = (await flashes(cam.path)).map((s) => s + cam.start_ms / 1000);
    const sound = (await beeps(mic.path)).map((s) => s + mic.start_ms / 1000);
    close(picture, EVERY_TWO.map((s) => s + 0.02), 0.045, 'flashes'); // the least delay that was seen is 20 ms
    close(sound, picture, 0.045, 'beeps');
  });
}

/** The recording as one file. @param {string} dir @param {...string} args */
async function mix(dir, ...args) {
  const { stdout } = await run(BIN, ['mix', ...args, dir], { timeout: 200_000 });
  return stdout.trim();
}

test('madang mix: one file, cameras beside the screen, sound with picture', { timeout: 400_000 }, async () => {
  const { dir } = await record('meeting', [
    { kind: 'camera', codec: 'vp8', rtp: path.join(DIR, 'vp8.rtp') },
    { kind: 'mic', codec: 'opus', rtp: path.join(DIR, 'opus.rtp') },
    { kind: 'screen', codec: 'h264', rtp: path.join(DIR, 'h264.rtp') },
    { kind: 'sound', codec: 'pcmu', rtp: path.join(DIR, 'pcmu.rtp') },
  ]);
  const file = await mix(dir);
  assert.equal(file, path.join(dir, 'mix.mp4'));
  await decodes(file);
  const { streams, format } = await probe(file);
  assert.deepEqual(streams.map((/** @type {{codec_name: string}} */ s) => s.codec_name).sort(), ['aac', 'h264']);
  assert.ok(Math.abs(Number(format.duration) - SECONDS) < 0.2, `${format.duration} s`);
  const screen = await flashes(file, 'crop=300:300:200:200,'), camera = await flashes(file, 'crop=200:100:1020:40,');
  close(screen, EVERY_TWO, 0.085, 'flashes of the screen');
  close(camera, EVERY_TWO, 0.085, 'flashes of the camera');
  close(await beeps(file), screen, 0.085, 'beeps');
  const webm = await mix(dir, '--output', path.join(dir, 'all.webm'));
  assert.equal((await probe(webm)).format.format_name, 'matroska,webm');
});

test('madang mix says clearly what is missing', async () => {
  const nothing = path.join(DIR, 'nothing');
  mkdirSync(nothing);
  await assert.rejects(mix(nothing), /manifest.json cannot be read/);
  await assert.rejects(run(BIN, ['mix']), /Usage: madang mix/);
  await assert.rejects(run(BIN, ['mix', path.join(DIR, 'meeting')], { env: { PATH: nothing } }), /the program ffmpeg is not here/);
  writeFileSync(path.join(nothing, 'manifest.json'), '{"tracks": [{"file": "../../etc/passwd", "kind": "mic", "start_ms": 0, "duration_ms": 1}]}');
  await assert.rejects(mix(nothing), /is no manifest of a recording/);
  assert.match(await mix(path.join(DIR, 'meeting'), '--print'), /^ffmpeg .*overlay/);
});

test('what is lost leaves no error in a file, only a gap up to the next key frame', { timeout: 300_000 }, async () => {
  for (const codec of ['vp8', 'h264', 'av1']) {
    const { track } = await record(`lossy-${codec}`, [{ kind: 'camera', codec, rtp: path.join(DIR, `${codec}.rtp`), lose: 211 }]);
    const cam = track('camera');
    assert.ok(cam.lost_packets > 1 && cam.left_out_frames > 3, JSON.stringify(cam));
    await decodes(cam.path);
    assert.equal(await pictures(cam.path), cam.frames);
    assert.ok(cam.frames < SECONDS * 25 && cam.frames > SECONDS * 5, `${codec}: ${cam.frames} frames`);
    assert.ok(Math.abs(Number((await probe(cam.path)).format.duration) - SECONDS) < 1.1);
  }
});

test('a file that is cut off anywhere plays up to there', { timeout: 600_000 }, async () => {
  for (const name of ['vp8-opus', 'h264-pcmu']) {
    const whole = readFileSync(path.join(DIR, name, '0002-camera.webm'.replace('webm', name.startsWith('vp8') ? 'webm' : 'mkv')));
    let before = 0;
    for (let i = 1; i <= 24; i++) {
      const cut = path.join(DIR, 'cut.mkv'), n = Math.floor(whole.length * i / 24 * (1 - 1 / 997));
      writeFileSync(cut, whole.subarray(0, n));
      const seen = await pictures(cut);
      assert.ok(seen >= before, `${name}: ${seen} pictures in ${n} bytes, ${before} in fewer`);
      assert.ok(seen >= SECONDS * 25 * (i - 3) / 24, `${name}: ${seen} pictures in ${n} of ${whole.length} bytes`);
      before = seen;
    }
    assert.ok(before >= SECONDS * 25 - 2, `${before}`);
  }
});
