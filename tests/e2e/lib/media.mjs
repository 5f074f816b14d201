// What really arrives: decoded frames, audio energy, the way packets take, and the colours on a video.
import assert from 'node:assert/strict';
import { PATIENCE } from './browser.mjs';
import { sleep } from '../../lib/server.mjs';

/** @typedef {import('./browser.mjs').Page} Page */
/**
 * @typedef {object} Incoming
 * @property {number} frames  decoded
 * @property {number} bytes
 * @property {number} width
 */
/**
 * One connection of a page, as seen from there.
 * @typedef {object} Flow
 * @property {string} session  of the other side
 * @property {string} conn  the connection's name: another one is another connection
 * @property {string} phase
 * @property {Incoming} camera
 * @property {Incoming} screen
 * @property {{energy: number, bytes: number}} mic
 * @property {{energy: number, bytes: number}} sound  of the shared screen
 * @property {{camera: number, mic: number, screen: number}} sent  bytes
 * @property {{local: string, remote: string, protocol: string, relay: string, rtt: number}} path  candidate
 * types; relay: how
 *   the local one reaches its relay, '' without one
 * @property {string} ufrag  of the local description: another one after an ICE restart
 */

/** All connections of a page of the app (opened with ?debug), and what comes of each person over the
 * server: that has
 *  the name of the connection there.
 *  @param {Page} page @returns {Promise<Flow[]>} */
export const flows = (page) => page.eval(async () => {
  const { mesh, call } = /** @type {any} */ (window).madang.parts;
  const { group } = call.groups;
  /** @param {any} pc */
  const pathOf = async (pc) => {
    const report = pc.signalingState === 'closed' ? [] : [...(await pc.getStats()).values()];
    const by = new Map(report.map((r) => [r.id, r]));
    const named = report.find((r) => r.type === 'transport' && r.selectedCandidatePairId)?.selectedCandidatePairId;
    const pair = by.get(named) ?? report.find((r) => r.type === 'candidate-pair'
      && (r.selected ?? (r.nominated && r.state === 'succeeded')));
    const [here, there] = [by.get(pair?.localCandidateId), by.get(pair?.remoteCandidateId)];
    return {
      local: here?.candidateType ?? '', remote: there?.candidateType ?? '', protocol: here?.protocol ?? '', relay: here?.relayProtocol ?? '',
      rtt: pair?.currentRoundTripTime ?? 0,
    };
  };
  /** @param {any} flow @param {string} role @param {any} receiver @param {any} sender */
  const add = async (flow, role, receiver, sender) => {
    /** @type {any} */
    let s = {};
    let sent = 0;
    if (receiver) for (const r of (await receiver.getStats()).values()) if (r.type === 'inbound-rtp') s = r;
    if (sender) for (const r of (await sender.getStats()).values()) if (r.type === 'outbound-rtp') sent += r.bytesSent ?? 0;
    flow.sent[role] = sent;
    flow[role] = role === 'camera' || role === 'screen'
      ? { frames: s.framesDecoded ?? 0, bytes: s.bytesReceived ?? 0, width: s.frameWidth ?? 0 }
      : { energy: s.totalAudioEnergy ?? 0, bytes: s.bytesReceived ?? 0 };
  };
  const ufrag = (/** @type {any} */ pc) => /a=ice-ufrag:(\S+)/.exec(pc.localDescription?.sdp ?? '')?.[1] ?? '';
  const ROLES = ['camera', 'screen', 'mic', 'sound'];
  const out = [];
  for (const { session, conn, peer } of mesh.peers()) {
    if (call.shown.wayOf(session) === 'group') continue;
    /** @type {any} */
    const flow = { session, conn, phase: peer.phase, ufrag: ufrag(peer.pc), sent: {}, path: {} };
    for (const role of ROLES) await add(flow, role, peer.lines.get(role)?.receiver, peer.lines.get(role)?.sender);
    flow.path = await pathOf(peer.pc);
    out.push(flow);
  }
  const { tracks = {} } = call.settled() ?? {};
  for (const session of group ? call.shown.people.keys() : []) {
    if (call.shown.wayOf(session) !== 'group') continue;
    /** @type {any} */
    const flow = { session, conn: group.conn, phase: group.phase, ufrag: ufrag(group.pc), sent: {}, path: {} };
    for (const role of ROLES) {
      const track = /** @type {any[]} */ (Object.values(tracks)).find((t) => t.session === session && t.kind === role);
      await add(flow, role, track && group.receiverOf(track.track), group.lines.get(role)?.sender);
    }
    flow.path = await pathOf(group.pc);
    out.push(flow);
  }
  return out;
});

/** The connection with one person.
 *  @param {Page} page @param {string} session @returns {Promise<Flow | undefined>} */
export const flowFrom = async (page, session) => (await flows(page)).find((f) => f.session === session);

/** The letters of rack.mjs that a <video> shows; '' as long as it shows nothing.
 *  @param {Page} page @param {string} selector @returns {Promise<string>} */
export const colours = (page, selector) => page.eval((s) => {
  const video = /** @type {HTMLVideoElement | null} */ (document.querySelector(s));
  if (!video || !video.videoWidth || video.readyState < 2) return '';
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 40;
  const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
  g.drawImage(video, 0, 0, 40, 40);
  /** @type {[string, number, number, number][]} */
  const known = [['R', 220, 40, 40], ['G', 40, 180, 60], ['B', 40, 70, 220], ['W', 235, 235, 235],
    ['Y', 230, 220, 40], ['K', 20, 20, 20]];
  return [[10, 8], [30, 8], [10, 32], [30, 32]].map(([x, y]) => {
    const [r, gr, b] = g.getImageData(x, y, 1, 1).data;
    const far = (/** @type {[string, number, number, number]} */ k) =>
      (k[1] - r) ** 2 + (k[2] - gr) ** 2 + (k[3] - b) ** 2;
    const best = known.reduce((a, k) => (far(k) < far(a) ? k : a));
    return far(best) < 3 * 70 ** 2 ? best[0] : '?';
  }).join('');
}, selector);

/** Waits until a video shows this pattern.
 *  @param {Page} page @param {string} selector @param {string} look @param {number} [ms] */
export async function shows(page, selector, look, ms = PATIENCE) {
  let last = '';
  for (const end = Date.now() + ms; Date.now() < end; await sleep(100)) {
    last = await colours(page, selector);
    if (last === look) return;
  }
  throw new Error(`${selector} shows "${last}" and not "${look}" after ${ms} ms`);
}

/** The video of a person's tile, and of their screen. @param {string} session */
export const tileOf = (session) => `figure.tile[data-session="${session}"] video`;
/** @param {string} session */
export const screenOf = (session) => `figure[data-screen="${session}"] video`;

const NOTHING = { camera: { frames: 0, bytes: 0, width: 0 }, screen: { frames: 0, bytes: 0, width: 0 },
  mic: { energy: 0, bytes: 0 }, sound: { energy: 0, bytes: 0 }, conn: '' };

/**
 * Waits until more of something has come from a person: frames of a camera or screen, energy of a microphone.
 * Counted from now; a connection made anew starts from nothing.
 * @param {Page} page @param {string} session
 * @param {{camera?: number, screen?: number, mic?: boolean, sound?: boolean, ms?: number}} want  frames
 */
export async function receives(page, session, want) {
  const { camera = 0, screen = 0, mic = false, sound = false, ms = PATIENCE } = want;
  let from = await flowFrom(page, session) ?? NOTHING;
  /** @type {any} */
  let now = NOTHING;
  for (const end = Date.now() + ms; Date.now() < end; await sleep(150)) {
    now = await flowFrom(page, session) ?? NOTHING;
    if (now.conn !== from.conn) from = { ...NOTHING, conn: now.conn };
    const loud = (/** @type {'mic'|'sound'} */ k) => now[k].energy - from[k].energy > 1e-5;
    if (now.camera.frames - from.camera.frames >= camera && now.screen.frames - from.screen.frames >= screen
      && (!mic || loud('mic')) && (!sound || loud('sound'))) return;
  }
  assert.fail(`from ${session} within ${ms} ms: ${JSON.stringify(want)} wanted; then ${
    JSON.stringify(from)}, now ${JSON.stringify(now)}`);
}

/**
 * Waits until nothing of this comes from a person any more: for `quietMs` at a stretch.
 * @param {Page} page @param {string} session @param {'camera' | 'screen' | 'mic'} role
 * @param {{quietMs?: number, ms?: number}} [o]
 */
export async function hasStopped(page, session, role, { quietMs = 1200, ms = PATIENCE } = {}) {
  const value = async () => {
    const f = await flowFrom(page, session);
    return { conn: f?.conn, n: role === 'mic' ? f?.mic.energy ?? 0 : f?.[role].frames ?? 0 };
  };
  let since = Date.now();
  let last = await value();
  for (const end = Date.now() + ms; Date.now() < end; await sleep(100)) {
    const now = await value();
    if (now.conn !== last.conn || now.n - last.n > (role === 'mic' ? 1e-5 : 0)) {
      since = Date.now();
      last = now;
    } else if (Date.now() - since >= quietMs) return;
  }
  assert.fail(`${role} of ${session} still comes after ${ms} ms`);
}

/**
 * Watches frames of a camera while something happens: the longest time without a new one.
 * @param {Page} page @param {string} session
 * @returns {() => Promise<{frames: number, longestMs: number, conns: number}>}  ends it
 */
export function watchFrames(page, session) {
  let on = true;
  const seen = { frames: 0, longestMs: 0, conns: 0 };
  const work = (async () => {
    let conn;
    let last = -1;
    let at = Date.now();
    while (on) {
      const f = await flowFrom(page, session).catch(() => undefined);
      if (f && f.conn !== conn) {
        conn = f.conn;
        seen.conns++;
        last = f.camera.frames;
      }
      if (f && f.camera.frames > last) {
        seen.frames += f.camera.frames - last;
        last = f.camera.frames;
        at = Date.now();
      }
      seen.longestMs = Math.max(seen.longestMs, Date.now() - at);
      await sleep(100);
    }
  })();
  return async () => {
    on = false;
    await work;
    return seen;
  };
}
