// Is this person in the room already, in another tab of this browser? Asked before joining.
import { randomId } from '../core/random.js';

const ANSWER_MS = 200;

export class OtherTabs {
  /**
   * @param {object} o
   * @param {import('./tabs.js').Channel} o.channel
   * @param {import('../core/clock.js').Clock} o.clock
   * @param {(room: string) => boolean} o.amIn
   * @param {(room: string) => void} o.onSwitch  another tab takes this room over
   */
  constructor({ channel, clock, amIn, onSwitch }) {
    this.me = randomId(10);
    this.channel = channel;
    this.clock = clock;
    /** @type {Map<string, () => void>} */
    this.asking = new Map();
    channel.onmessage = ({ data: m }) => {
      if (typeof m !== 'object' || m === null || m.from === this.me) return;
      if (m.t === 'who' && amIn(m.room)) channel.postMessage({ t: 'here', room: m.room, to: m.from, from: this.me });
      if (m.t === 'here' && m.to === this.me) this.asking.get(m.room)?.();
      if (m.t === 'switch' && amIn(m.room)) onSwitch(m.room);
    };
  }

  /** @param {string} room @returns {Promise<boolean>} */
  ask(room) {
    return new Promise((resolve) => {
      const timer = this.clock.after(() => done(false), ANSWER_MS);
      const done = (/** @type {boolean} */ there) => {
        this.clock.cancel(timer);
        this.asking.delete(room);
        resolve(there);
      };
      this.asking.set(room, () => done(true));
      this.channel.postMessage({ t: 'who', room, from: this.me });
    });
  }

  /** @param {string} room  the other tabs leave it */
  takeOver(room) {
    this.channel.postMessage({ t: 'switch', room, from: this.me });
  }
}
