// The short sounds that say that something concerns everybody: two notes, rising or falling.
import { sound } from './ringer.js';

const [LOW, HIGH] = [587.33, 880];

/** @param {'on'|'off'} what @returns {import('./ringer.js').Note[]} */
export const notesOf = (what) => (what === 'on' ? [LOW, HIGH] : [HIGH, LOW])
  .map((hz, i) => ({ at: i * 0.22, hz, for: 0.3, loud: 0.16 }));

export class Chime {
  /** @param {() => AudioContext} [makeContext] */
  constructor(makeContext = () => new AudioContext()) {
    this.makeContext = makeContext;
    /** @type {AudioContext | null} */
    this.context = null;
  }

  /** @param {'on'|'off'} what */
  play(what) {
    try {
      const context = this.context ??= this.makeContext();
      if (context.state === 'suspended') context.resume().catch(() => {});
      for (const note of notesOf(what)) sound(context, note);
    } catch { /* no sound on this device: mark and notice say it */ }
  }
}
