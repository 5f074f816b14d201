// The measuring page: who publishes shows a picture that costs bits and has the time in it, with a tone; who views
// notes when each picture came, how large it was, and how old. The runner carries the descriptions to the server
// and back.
import { draw, Reader, WRAP } from './stamp.mjs';

/** @typedef {{rid: string, by: number, bps: number}} Layer */
/** @typedef {{width: number, height: number, fps: number, layers: Layer[]}} Camera */
/** [when (ms), width, how old (ms) or null] @typedef {[number, number, number | null]} Frame */

/** The age is read from every third picture only, to spare the machine. */
const READ_EVERY = 3;
const NOISES = 6;

/** @type {RTCPeerConnection[]} */
const pcs = [];
/** @type {Frame[]} */
const frames = [];
/** @type {any[]} */
const samples = [];

/** @param {number} width @param {number} height @param {number} contrast */
function noise(width, height, contrast) {
  const c = new OffscreenCanvas(width, height);
  const g = /** @type {OffscreenCanvasRenderingContext2D} */ (c.getContext('2d'));
  const image = g.createImageData(width, height);
  for (let i = 0; i < image.data.length; i += 4) {
    const v = 128 + (Math.random() - 0.5) * contrast;
    image.data.set([v, v, v, 255], i);
  }
  g.putImageData(image, 0, 0);
  return c;
}

/** Something like a room seen by a cheap camera: slow movement, one fast thing, grain. @param {Camera} o */
function picture({ width, height, fps }) {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
  const coarse = noise(32, 18, 255);
  const grains = Array.from({ length: NOISES }, () => noise(width, height, 255));
  let n = 0;
  const paint = () => {
    n++;
    const shift = 2 + 1.5 * Math.sin(n / 40);
    g.imageSmoothingEnabled = true;
    g.globalAlpha = 1;
    g.drawImage(coarse, shift, shift / 2, 26, 14.6, 0, 0, width, height);
    g.globalAlpha = 0.07;
    g.drawImage(grains[n % NOISES], 0, 0);
    g.globalAlpha = 1;
    g.fillStyle = `hsl(${n * 3 % 360} 60% 50%)`;
    g.beginPath();
    const [x, y] = [0.5 + 0.35 * Math.sin(n / 15), 0.6 + 0.2 * Math.cos(n / 11)];
    g.arc(width * x, height * y, height / 8, 0, 7);
    g.fill();
    draw(g, width, height, Date.now());
  };
  paint();
  setInterval(paint, 1000 / fps);
  return canvas.captureStream().getVideoTracks()[0]; // each picture; a rate of its own would beat with the painting
}

/** A tone that never ends. Firefox without a sound card has only that of its fake microphone. */
async function tone() {
  if (navigator.userAgent.includes('Firefox/')) {
    return (await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()[0];
  }
  const context = new AudioContext();
  const osc = context.createOscillator();
  const out = context.createMediaStreamDestination();
  osc.connect(out);
  osc.start();
  return out.stream.getAudioTracks()[0];
}

function connection() {
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  pcs.push(pc);
  return pc;
}

/** @param {RTCPeerConnection} pc @returns {Promise<string>} with all candidates in it */
async function described(pc) {
  if (pc.iceGatheringState !== 'complete') {
    await new Promise((resolve) => {
      pc.addEventListener('icegatheringstatechange', () => { if (pc.iceGatheringState === 'complete') resolve(null); });
    });
  }
  return pc.localDescription?.sdp ?? '';
}

/** @param {MediaStreamTrack} track */
function show(track) {
  const el = document.createElement(track.kind === 'video' ? 'video' : 'audio');
  Object.assign(el, { autoplay: true, playsInline: true, srcObject: new MediaStream([track]) });
  document.body.append(el);
  el.play().catch(() => {});
  if (el instanceof HTMLVideoElement) watch(el);
}

/** @param {HTMLVideoElement} video */
function watch(video) {
  const reader = new Reader();
  let n = 0;
  const seen = () => {
    const now = Date.now();
    const drawn = n++ % READ_EVERY ? null : reader.read(video);
    frames.push([now, video.videoWidth, drawn === null ? null : (now - drawn + WRAP) % WRAP]);
    video.requestVideoFrameCallback(seen);
  };
  video.requestVideoFrameCallback(seen);
}

const KEEP = ['inbound-rtp', 'outbound-rtp', 'candidate-pair'];
async function sample() {
  const all = [];
  for (const pc of pcs) all.push(...[...(await pc.getStats()).values()].filter((s) => KEEP.includes(s.type)));
  samples.push({ at: Date.now(), stats: all });
}
setInterval(sample, 1000);

Object.assign(window, { quality: {
  /** @param {Camera} camera @returns {Promise<string>} the offer */
  async publish(camera) {
    const pc = connection();
    const track = picture(camera);
    track.contentHint = 'motion';
    pc.addTransceiver(await tone(), { direction: 'sendonly' });
    pc.addTransceiver(track, { direction: 'sendonly', sendEncodings: camera.layers.map(({ rid, by, bps }) => ({
      rid, scaleResolutionDownBy: by, maxBitrate: bps, maxFramerate: camera.fps })) });
    await pc.setLocalDescription();
    return described(pc);
  },
  /** Asks for a tone and a picture. @returns {Promise<string>} the offer */
  async ask() {
    const pc = connection();
    pc.ontrack = ({ track }) => show(track);
    pc.addTransceiver('audio', { direction: 'recvonly' });
    pc.addTransceiver('video', { direction: 'recvonly' });
    await pc.setLocalDescription();
    return described(pc);
  },
  /** Another connection's offer is answered. @param {string} sdp @returns {Promise<string>} */
  async answer(sdp) {
    const pc = connection();
    pc.ontrack = ({ track }) => show(track);
    await pc.setRemoteDescription({ type: 'offer', sdp });
    await pc.setLocalDescription();
    return described(pc);
  },
  /** @param {string} sdp */
  async accept(sdp) { await pcs[pcs.length - 1].setRemoteDescription({ type: 'answer', sdp }); },
  mids: () => pcs[pcs.length - 1].getTransceivers().map((t) => t.mid),
  now: () => ({ state: pcs.map((pc) => pc.connectionState).join(), width: frames.at(-1)?.[1] ?? 0, frames: frames.length }),
  report: () => ({ frames, samples }),
} });
