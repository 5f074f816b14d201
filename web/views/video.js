// A <video> or <audio> that shows a stream of app.streams. The elements are muted where they are only
// looked at: sound is played by one <audio> for each person (sounds.js), so that tiles may come and go.
import { mediaRoom } from '../domain/order.js';
import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { useApp } from './context.js';

/** The stream of an id, also when it comes later or changes.
 *  @param {string | null} id @returns {MediaStream | null} */
export function useStream(id) {
  const { app } = useApp();
  const [stream, set] = useState(/** @type {MediaStream | null} */ (null));
  useEffect(() => {
    const update = () => set((id && app.streams.get(id)) || null);
    update();
    return app.streams.on('change', (/** @type {string} */ changed) => {
      if (changed === id) update();
    });
  }, [app, id]);
  return stream;
}

/** How much of a picture may be cut off to fill its tile: beyond this it is shown whole. */
const CUT = 2.6;

/** @param {number} vw @param {number} vh @param {number} w @param {number} h */
export const fits = (vw, vh, w, h) => {
  if (!vw || !vh || !w || !h) return true;
  const r = (vw / vh) / (w / h);
  return Math.max(r, 1 / r) <= CUT;
};

/**
 * @param {{ id: string, mirror?: boolean, whole?: boolean, label: string,
 *   onRatio?: (ratio: number) => void }} props
 * whole: never cut anything off (a screen).
 */
export function Video({ id, mirror = false, whole = false, label, onRatio }) {
  const { act } = useApp();
  const stream = useStream(id);
  const ref = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const [contain, setContain] = useState(whole);
  useEffect(() => {
    const video = ref.current;
    if (!video) return undefined;
    if (video.srcObject !== stream) video.srcObject = stream;
    if (!stream) return undefined;
    // Muted video may always play; a refusal here is a page in the background, and it plays when it is back.
    const play = () => { video.play().catch(() => {}); };
    play();
    document.addEventListener('visibilitychange', play);
    return () => document.removeEventListener('visibilitychange', play);
  }, [stream, act]);
  useEffect(() => () => {
    if (ref.current) ref.current.srcObject = null;
  }, []);
  useEffect(() => {
    const video = ref.current;
    if (!video) return undefined;
    const measure = () => {
      setContain(whole || !fits(video.videoWidth, video.videoHeight, video.clientWidth, video.clientHeight));
      if (video.videoWidth) onRatio?.(video.videoWidth / video.videoHeight);
    };
    const watch = new ResizeObserver(measure);
    watch.observe(video);
    video.addEventListener('resize', measure);
    video.addEventListener('loadedmetadata', measure);
    return () => {
      watch.disconnect();
      video.removeEventListener('resize', measure);
      video.removeEventListener('loadedmetadata', measure);
    };
  }, [whole]);
  return html`<video ref=${ref} class=${`video ${mirror ? 'mirror' : ''} ${contain ? 'contain' : ''}`} data-stream=${id}
    autoplay playsinline muted aria-label=${label}></video>`;
}

/** @param {{ id: string, silent: boolean }} props */
function Sound({ id, silent }) {
  const { app, act } = useApp();
  const stream = useStream(id);
  const ref = useRef(/** @type {HTMLAudioElement | null} */ (null));
  const blocked = app.state().media.playbackBlocked;
  useEffect(() => (ref.current ? act.attachSink(ref.current) : undefined), []);
  useEffect(() => {
    const audio = ref.current;
    if (!audio) return;
    if (audio.srcObject !== stream) audio.srcObject = stream;
    if (stream) audio.play().catch((/** @type {DOMException} */ e) => {
      if (e.name === 'NotAllowedError') act.playbackBlocked();
    });
  }, [stream, blocked]);
  return html`<audio ref=${ref} autoplay muted=${silent} data-stream=${id}></audio>`;
}

/** The sound of everybody who is here. @param {{ silent?: boolean }} props  silent: the call is on hold */
export function Sounds({ silent = false }) {
  const { state } = useApp();
  // Who is muted is not heard, whatever their page sends.
  const here = mediaRoom(state);
  const muted = (/** @type {string} */ session) => here?.people[session]?.muted ?? [];
  const ids = Object.values(state.peers).flatMap(({ session, audio, sound }) => [
    muted(session).includes('mic') ? null : audio, muted(session).includes('screen') ? null : sound]).filter(Boolean);
  return html`<div hidden>${ids.map((id) => html`<${Sound} key=${id} id=${id} silent=${silent} />`)}</div>`;
}
