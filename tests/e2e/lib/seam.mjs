// What somebody notices while a call moves from one way to another: how long nothing new was to be seen of a
// person, how long nothing to be heard, and whether their picture was ever black.

/** @typedef {import('./browser.mjs').Page} Page */
/**
 * @typedef {{soundMs: number, frameMs: number, black: number, looks: number, elements: number}} Seam
 * soundMs: the longest time without sound of the tracks that their <audio> has (in Chromium the tone itself, in Firefox
 * packets that were played); frameMs: the longest time between two pictures of their <video>; black: how often it was
 * black, or empty, of so many looks; elements: how many <video> there were
 */

/** Runs in the page. @param {string} session */
function begin(session) {
  const w = /** @type {any} */ (window);
  const { call, mesh } = w.madang.parts;
  const firefox = navigator.userAgent.includes('Firefox/');
  const seam = w.seam = { soundMs: 0, frameMs: 0, black: 0, looks: 0, elements: 0 };
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 4;
  const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
  const ears = firefox ? null : w.ears ??= new AudioContext();
  /** @type {Map<string, AnalyserNode>} */
  const heard = w.heard ??= new Map();
  const samples = new Float32Array(512);
  let soundAt = performance.now();
  let frameAt = performance.now();
  /** @type {HTMLVideoElement | null} */
  let video = null;

  const shown = () => {
    const now = performance.now();
    seam.frameMs = Math.max(seam.frameMs, now - frameAt);
    frameAt = now;
    if (w.seam === seam) video?.requestVideoFrameCallback(shown);
  };

  /** All that could carry sound of anybody. @returns {RTCRtpReceiver[]} */
  const receivers = () => [...mesh.peers().map((/** @type {any} */ h) => h.peer.pc), ...(call.groups.group ? [call.groups.group.pc] : [])]
    .flatMap((pc) => pc.getReceivers()).filter((r) => r.track.kind === 'audio');

  /** @param {MediaStreamTrack[]} tracks */
  const audible = (tracks) => tracks.some((t) => {
    const ear = heard.get(t.id);
    ear?.getFloatTimeDomainData(samples);
    return ear && Math.hypot(...samples) / Math.sqrt(samples.length) > 0.01;
  });

  const listen = () => {
    const now = performance.now();
    const all = receivers();
    const tracks = w.madang.streams.get(w.madang.state().peers[session]?.audio)?.getAudioTracks() ?? [];
    if (firefox) {
      for (const r of all.filter((x) => tracks.includes(x.track))) {
        const [s] = r.getSynchronizationSources();
        const at = s ? s.timestamp - performance.timeOrigin : 0;
        const played = at > 0 ? at : s?.timestamp ?? 0; // of either clock
        if (s && played > soundAt - 20) {
          seam.soundMs = Math.max(seam.soundMs, played - soundAt);
          soundAt = Math.max(soundAt, played);
        }
      }
      if (now - soundAt > 1000) seam.soundMs = Math.max(seam.soundMs, now - soundAt);
      return;
    }
    for (const { track } of all) {
      if (heard.has(track.id)) continue;
      const ear = /** @type {AudioContext} */ (ears).createAnalyser();
      ear.fftSize = 512;
      /** @type {AudioContext} */ (ears).createMediaStreamSource(new MediaStream([track])).connect(ear);
      heard.set(track.id, ear);
    }
    if (!audible(tracks)) return;
    seam.soundMs = Math.max(seam.soundMs, now - soundAt);
    soundAt = now;
  };

  const look = () => {
    const now = performance.now();
    const v = /** @type {HTMLVideoElement | null} */ (document.querySelector(`figure.tile[data-session="${session}"] video`));
    if (v && v !== video) {
      video = v;
      seam.elements++;
      v.requestVideoFrameCallback(shown);
    }
    if (now - (w.lookedAt ?? 0) < 50) return;
    w.lookedAt = now;
    seam.looks++;
    if (!v || v.readyState < 2) return void seam.black++;
    g.drawImage(v, 0, 0, 4, 4);
    const { data } = g.getImageData(0, 0, 4, 4);
    if (data.filter((_, i) => i % 4 < 3).every((c) => c < 24)) seam.black++;
  };
  w.seamTimer = setInterval(() => {
    listen();
    look();
  }, 10);
}

/** Looks are few on a busy machine: so many there are in any case. */
const LOOKS = 10;

/** @param {Page} page @param {string} session  of whom to watch @returns {Promise<() => Promise<Seam>>} ends it */
export async function watchSeam(page, session) {
  await page.eval(begin, session);
  return async () => {
    await page.until((least) => /** @type {any} */ (window).seam.looks >= least, LOOKS, { what: `it was looked ${LOOKS} times` });
    return page.eval(end);
  };
}

/** Runs in the page. */
function end() {
  const w = /** @type {any} */ (window);
  const { seam } = w;
  clearInterval(w.seamTimer);
  w.seam = null;
  return { ...seam, soundMs: Math.round(seam.soundMs), frameMs: Math.round(seam.frameMs) };
}
