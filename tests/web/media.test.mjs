// Devices that come, go and refuse, under a wish that stays the same.
// @ts-nocheck -- fakes
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock } from '../../web/core/clock.js';
import { Log } from '../../web/core/log.js';
import { Capture } from '../../web/media/capture.js';
import { findDevice, sortDevices } from '../../web/media/devices.js';
import { mediaError } from '../../web/media/errors.js';
import { Screen } from '../../web/media/screen.js';
import { WakeLock } from '../../web/media/wake_lock.js';

const refuse = (name) => Object.assign(new Error(name), { name });

/** A machine with devices that can be pulled out. */
function machine(...names) {
  const m = Object.assign(new EventTarget(), {
    list: [], tracks: [], asked: [], error: {}, permission: true,
    plug(name) {
      const kind = name.startsWith('mic') ? 'audioinput' : name.startsWith('cam') ? 'videoinput' : 'audiooutput';
      m.list.push({ deviceId: name, kind, label: `The ${name}` });
      m.dispatchEvent(new Event('devicechange'));
    },
    unplug(name) {
      m.list = m.list.filter((d) => d.deviceId !== name);
      for (const t of m.tracks.filter((t) => t.id === name && t.readyState === 'live')) {
        t.readyState = 'ended';
        t.onended?.();
      }
      m.dispatchEvent(new Event('devicechange'));
    },
    async enumerateDevices() {
      return m.list.map((d) => (m.permission ? d : { ...d, deviceId: '', label: '' }));
    },
    async getUserMedia(c) {
      m.asked.push(c);
      const out = [];
      for (const [kind, key] of [['audioinput', 'audio'], ['videoinput', 'video']]) {
        if (!c[key]) continue;
        if (m.error[key]) throw refuse(m.error[key]);
        const all = m.list.filter((d) => d.kind === kind);
        if (!all.length) throw refuse('NotFoundError');
        const { exact, ideal } = c[key].deviceId ?? {};
        if (exact && !all.some((x) => x.deviceId === exact)) throw refuse('OverconstrainedError');
        const d = all.find((x) => x.deviceId === (exact ?? ideal)) ?? all[0];
        const t = {
          kind: key, id: d.deviceId, label: d.label, readyState: 'live', enabled: true, muted: false,
          facing: c[key].facingMode?.ideal, getSettings: () => ({ deviceId: d.deviceId }),
          stop() { t.readyState = 'ended'; },
        };
        m.tracks.push(t);
        out.push(t);
      }
      return {
        getTracks: () => out, getAudioTracks: () => out.filter((t) => t.kind === 'audio'),
        getVideoTracks: () => out.filter((t) => t.kind === 'video'),
      };
    },
  });
  for (const n of names) m.plug(n);
  return m;
}
const WISH = { open: true, muted: false, id: '', label: '', facing: 'user' };
const settle = async () => { for (let i = 0; i < 20; i++) await new Promise((r) => { setImmediate(r); }); };
async function start(m, mic = WISH, camera = WISH) {
  const clock = fakeClock();
  const c = new Capture({ devices: m, clock, log: new Log() });
  const now = { mic: null, camera: null };
  const state = { mic: {}, camera: {} };
  c.on('track', ({ kind, track }) => { now[kind] = track; });
  c.on('state', ({ kind, patch }) => Object.assign(state[kind], patch));
  c.want({ mic, camera });
  await settle();
  return { c, clock, now, state };
}
const live = (m) => m.tracks.filter((t) => t.readyState === 'live').map((t) => t.id).sort();

test('both are asked for in one question', async () => {
  const m = machine('mic1', 'cam1');
  const { state } = await start(m);
  assert.equal(m.asked.length, 1);
  assert.deepEqual(live(m), ['cam1', 'mic1']);
  assert.equal(state.mic.phase, 'live');
  assert.equal(state.camera.label, 'The cam1');
});

test('no camera, and yet a microphone', async () => {
  const m = machine('mic1');
  const { state } = await start(m);
  assert.equal(state.mic.phase, 'live');
  assert.deepEqual([state.camera.phase, state.camera.error], ['error', 'no_device']);
});

test('camera off stops the track at once; on again opens it; muting stops nothing', async () => {
  const m = machine('mic1', 'cam1');
  const { c, now } = await start(m);
  c.want({ camera: { ...WISH, open: false }, mic: { ...WISH, muted: true } });
  assert.deepEqual(live(m), ['mic1']);
  assert.equal(now.camera, null);
  assert.equal(now.mic.enabled, false);
  c.want({ camera: WISH });
  await settle();
  assert.deepEqual(live(m), ['cam1', 'mic1']);
});

test('a wish that is taken back while the browser asks leaves no light on', async () => {
  const m = machine('mic1', 'cam1');
  const { get } = { get: m.getUserMedia };
  m.getUserMedia = async (c) => { await settle(); return get(c); };
  const clock = fakeClock();
  const c = new Capture({ devices: m, clock, log: new Log() });
  c.want({ camera: WISH });
  c.want({ camera: { ...WISH, open: false } });
  await settle();
  await settle();
  assert.deepEqual(live(m), []);
});

test('unplugged: another one serves, still muted; plugged in again: back to the chosen one', async () => {
  const m = machine('mic1', 'mic2', 'cam1');
  const wish = { ...WISH, id: 'mic2', label: 'The mic2', muted: true };
  const { now, clock } = await start(m, wish);
  assert.equal(now.mic.id, 'mic2');
  m.unplug('mic2');
  await settle();
  await clock.advance(600);
  await settle();
  assert.equal(now.mic.id, 'mic1');
  assert.equal(now.mic.enabled, false);
  m.plug('mic2');
  await settle();
  assert.equal(now.mic.id, 'mic2');
  assert.equal(now.mic.enabled, false);
  assert.deepEqual(live(m), ['cam1', 'mic2']);
});

test('the only camera is unplugged and plugged in again', async () => {
  const m = machine('mic1', 'cam1');
  const { now, state, clock } = await start(m);
  m.unplug('cam1');
  await settle();
  await clock.advance(20_000);
  await settle();
  assert.equal(now.camera, null);
  assert.equal(state.camera.phase, 'error');
  m.plug('cam1');
  await settle();
  assert.equal(now.camera.id, 'cam1');
  assert.equal(state.camera.phase, 'live');
});

test('the same device under a new id is found by its name', async () => {
  const m = machine('mic1', 'mic9', 'cam1');
  const { now } = await start(m, { ...WISH, id: 'old-id', label: 'The mic9' });
  assert.equal(now.mic.id, 'mic9');
});

test('permission denied stays until somebody tries again; a busy device is tried again by itself', async () => {
  const m = machine('mic1', 'cam1');
  m.error.video = 'NotReadableError';
  const { state, c, clock } = await start(m);
  assert.equal(state.camera.error, 'device_in_use');
  assert.equal(state.mic.phase, 'live');
  m.error.video = null;
  await clock.advance(600);
  await settle();
  assert.equal(state.camera.phase, 'live');

  const n = machine('mic1', 'cam1');
  n.error = { audio: 'NotAllowedError', video: 'NotAllowedError' };
  const d = await start(n);
  assert.equal(d.state.mic.error, 'permission_denied');
  n.error = {};
  await d.clock.advance(60_000);
  await d.c.devicesChanged();
  await settle();
  assert.equal(d.state.mic.phase, 'error');
  d.c.retry('mic');
  await settle();
  assert.equal(d.state.mic.phase, 'live');
  c.close();
});

test('another camera: the old one is let go first; flip asks for the other side', async () => {
  const m = machine('mic1', 'cam1', 'cam2');
  const { c, now } = await start(m);
  c.want({ camera: { ...WISH, id: 'cam2', label: 'The cam2' } });
  await settle();
  assert.equal(now.camera.id, 'cam2');
  c.want({ camera: { ...WISH, facing: 'environment' } });
  await settle();
  assert.equal(now.camera.facing, 'environment');
  assert.equal(live(m).length, 2);
});

test('an interruption is shown, and what ended meanwhile is fetched back on waking up', async () => {
  const m = machine('mic1', 'cam1');
  const { c, now, state } = await start(m);
  now.mic.onmute();
  assert.equal(state.mic.phase, 'paused');
  now.mic.onunmute();
  assert.equal(state.mic.phase, 'live');
  now.mic.onmute();
  now.mic.muted = true;
  const old = now.mic;
  c.wake();
  await settle();
  assert.notEqual(now.mic, old);
  assert.equal(old.readyState, 'ended');
  assert.equal(state.mic.phase, 'live');
});

test('no getUserMedia at all', async () => {
  const { state } = await start(undefined);
  assert.equal(state.mic.error, 'unsupported');
  assert.equal(mediaError(refuse('NotAllowedError'), false), 'insecure_context');
  assert.equal(mediaError(refuse('Whatever'), true), 'failed');
});

test('lists: the system’s own entries are the empty choice', () => {
  const l = sortDevices([
    { kind: 'audioinput', deviceId: 'default', label: 'Default' }, { kind: 'audioinput', deviceId: 'a', label: 'A' },
    { kind: 'audiooutput', deviceId: 's', label: 'S' }, { kind: 'videoinput', deviceId: '', label: '' },
  ]);
  assert.deepEqual(l, { mics: [{ id: 'a', label: 'A' }], cameras: [], speakers: [{ id: 's', label: 'S' }] });
  assert.equal(findDevice(l.mics, '', 'A'), '');
  assert.equal(findDevice(l.mics, 'gone', 'A'), 'a');
  assert.equal(findDevice(l.mics, 'gone', ''), '');
});

test('screen: shared until stopped here or in the browser; a closed question is no error', async () => {
  let video;
  const make = () => {
    video = { kind: 'video', stop() { video.stopped = true; } };
    return { getTracks: () => [video], getVideoTracks: () => [video], getAudioTracks: () => [] };
  };
  let fail = null;
  const s = new Screen({ async getDisplayMedia() { if (fail) throw refuse(fail); return make(); } });
  const seen = [];
  s.on('tracks', (t) => seen.push(t.video === null ? 'off' : 'on'));
  s.on('error', (e) => seen.push(e));
  await s.start();
  s.stop();
  await s.start();
  video.onended();
  fail = 'NotAllowedError';
  await s.start();
  fail = 'NotReadableError';
  await s.start();
  assert.deepEqual(seen, ['on', 'off', 'on', 'off', 'device_in_use']);
  assert.equal(video.stopped, true);
});

test('wake lock: renewed when the page is seen again, let go when not wanted', async () => {
  let held = 0;
  const w = new WakeLock({ request: async () => { held++; return { release: async () => { held--; } }; } });
  await w.want(true);
  await w.renew();
  assert.equal(held, 2);
  held = 1;                    // browsers let the old one go when the page is hidden
  await w.want(false);
  await w.renew();
  assert.equal(held, 0);
  await new WakeLock(undefined).want(true);
});
