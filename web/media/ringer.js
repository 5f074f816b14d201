// The sounds of ringing, made by WebAudio: no file to load. Browsers play nothing before the person has done
// something on the page: until then `ready` is false, and the page says so.

/** @typedef {'incoming'|'waiting'|'outgoing'|'knock'} Tune */
/** @typedef {{at: number, hz: number, for: number, loud: number}} Note  seconds */

const [C5, E5, G5] = [523.25, 659.25, 783.99];
/** @param {number[]} times @param {number[]} pitches  in turn @param {number} length @param {number} loud */
const notes = (times, pitches, length, loud) =>
  times.map((at, i) => ({ at, hz: pitches[i % pitches.length], for: length, loud }));

/** What is played, again and again. @type {Record<Tune, {every: number, notes: Note[]}>} */
export const TUNES = {
  // Four notes that rise and fall, twice, then a rest.
  incoming: {
    every: 3, notes: notes([0, 0.16, 0.32, 0.48, 0.9, 1.06, 1.22, 1.38], [C5, E5, G5, E5], 0.34, 0.22),
  },
  waiting: { every: 4, notes: notes([0, 0.22], [E5], 0.16, 0.08) },
  outgoing: { every: 3, notes: notes([0, 0], [440, 480], 1, 0.05) },
  knock: { every: 0, notes: notes([0, 0.18], [C5, G5], 0.2, 0.1) }, // somebody waits outside: once
};
const VIBRATE = [350, 150, 350, 1200];

/** Begins one note. @param {AudioContext} context @param {Note} note */
export function sound(context, { at, hz, for: length, loud }) {
  const from = context.currentTime + at + 0.02;
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.type = 'triangle';
  tone.frequency.value = hz;
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(loud, from + 0.02);
  volume.gain.setValueAtTime(loud, from + Math.max(0.03, length - 0.12));
  volume.gain.exponentialRampToValueAtTime(0.0001, from + length);
  tone.connect(volume).connect(context.destination);
  tone.start(from);
  tone.stop(from + length + 0.05);
  return tone;
}

export class Ringer {
  /**
   * @param {object} o
   * @param {import('../core/clock.js').Clock} o.clock
   * @param {() => AudioContext} [o.makeContext]
   * @param {(pattern: number | number[]) => void} [o.vibrate]
   * @param {boolean} [o.clicked]  the person has done something on this page already
   */
  constructor({ clock, makeContext, vibrate = () => {}, clicked = false }) {
    this.clock = clock;
    this.makeContext = makeContext ?? (() => new AudioContext());
    this.vibrate = vibrate;
    /** @type {AudioContext | null} */
    this.context = null;
    this.ready = clicked;
    this.shaken = false;
    /** @type {Tune | null} */
    this.tune = null;
    /** @type {any} */
    this.timer = null;
    /** @type {Set<OscillatorNode>} */
    this.sounding = new Set();
    /** @type {((ready: boolean) => void) | null} */
    this.told = null;
  }

  /** @param {(ready: boolean) => void} fn  told at once, and when it changes */
  listen(fn) {
    this.told = fn;
    fn(this.ready);
  }

  /** Within a click or a key: from now on there is sound. */
  unlock() {
    if (!this.ready) {
      this.ready = true;
      this.told?.(true);
    }
    if (this.context?.state === 'suspended') this.context.resume().catch(() => {});
    if (this.tune && !this.sounding.size) this.#again();
  }

  /** @param {Tune | null} tune  null: silence */
  play(tune) {
    if (tune === this.tune) return;
    this.tune = tune;
    this.#quiet();
    if (tune) this.#again();
  }

  /** Not again and again. @param {Tune} tune */
  once(tune) {
    if (this.ready && !this.tune) this.#sound(TUNES[tune].notes);
  }

  #quiet() {
    this.clock.cancel(this.timer);
    for (const o of this.sounding) o.stop();
    this.sounding.clear();
    if (this.shaken) this.vibrate(0);
    this.shaken = false;
  }

  #again() {
    const { tune } = this;
    if (!tune) return;
    this.clock.cancel(this.timer);
    if (this.ready) this.#sound(TUNES[tune].notes);
    if (this.ready && tune === 'incoming') {
      this.vibrate(VIBRATE);
      this.shaken = true;
    }
    this.timer = this.clock.after(() => this.#again(), TUNES[tune].every * 1000);
  }

  /** @param {Note[]} notes */
  #sound(notes) {
    try {
      const context = this.context ??= this.makeContext();
      if (context.state === 'suspended') context.resume().catch(() => {});
      for (const note of notes) this.#note(context, note);
    } catch { /* no sound on this device: the screen and the title say it */ }
  }

  /** @param {AudioContext} context @param {Note} note */
  #note(context, note) {
    const tone = sound(context, note);
    this.sounding.add(tone);
    tone.onended = () => { this.sounding.delete(tone); };
  }
}
