// How loud one's own microphone is, also while muted: it listens to a copy of the track.

/** @typedef {import('../core/clock.js').Clock} Clock */

const EVERY_MS = 66;

export class Meter {
  /** @param {{clock: Clock, makeContext?: () => AudioContext}} options */
  constructor({ clock, makeContext = () => new AudioContext() }) {
    this.clock = clock;
    this.makeContext = makeContext;
    /** @type {Set<(level: number) => void>} */
    this.listeners = new Set();
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {{copy: MediaStreamTrack, source: MediaStreamAudioSourceNode, analyser: AnalyserNode} | null} */
    this.tap = null;
    this.timer = null;
  }

  /** @param {MediaStreamTrack | null} track */
  setTrack(track) {
    this.tap?.source.disconnect();
    this.tap?.copy.stop();
    this.tap = null;
    if (!track) return this.#tick();
    try {
      this.context ??= this.makeContext();
      const copy = track.clone();
      copy.enabled = true;
      const source = this.context.createMediaStreamSource(new MediaStream([copy]));
      const analyser = this.context.createAnalyser();
      analyser.fftSize = 1024;
      source.connect(analyser);
      this.tap = { copy, source, analyser };
    } catch { }
    this.#tick();
  }

  /** @param {(level: number) => void} fn @returns {() => void} */
  listen(fn) {
    this.listeners.add(fn);
    this.#tick();
    return () => { this.listeners.delete(fn); };
  }

  /** After a tap, or an interruption on iOS: browsers keep sound back until then. */
  resume() {
    const state = /** @type {string | undefined} */ (this.context?.state);
    if (state === 'suspended' || state === 'interrupted') this.context?.resume().catch(() => {});
  }

  #tick() {
    this.clock.cancel(this.timer);
    if (!this.listeners.size) return;
    const level = this.level();
    for (const fn of [...this.listeners]) fn(level);
    if (this.tap) this.timer = this.clock.after(() => this.#tick(), EVERY_MS);
  }

  /** @returns {number} 0..1, on a scale that looks even to people (-60 dB .. 0 dB) */
  level() {
    if (!this.tap) return 0;
    const samples = new Float32Array(this.tap.analyser.fftSize);
    this.tap.analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const x of samples) sum += x * x;
    const db = 10 * Math.log10(sum / samples.length + 1e-10);
    return Math.min(1, Math.max(0, (db + 60) / 60));
  }
}
