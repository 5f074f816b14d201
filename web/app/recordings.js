// Rooms that are recorded: beginning and ending it, agreeing, the sound that everybody hears, and one's own
// recordings afterwards.
import { Chime } from '../media/chime.js';
import { ask } from './ask.js';
import { codeOf } from './context.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../domain/recording.js').RecordedTrack} RecordedTrack */

export class Recordings {
  /** @param {Context} c */
  constructor(c) {
    this.c = c;
    this.chime = new Chime();
    c.bus.on('event', (e) => { if (e.type === 'recording') this.#heard(e); });
    c.bus.on('joined', ({ joined, again }) => { if (joined.room.recording && !again) this.chime.play('on'); });
  }

  /** @param {any} e */
  #heard(e) {
    this.chime.play(e.on ? 'on' : 'off');
    if (!e.on && e.why !== 'stopped') this.c.toast('warn', `recording_${e.why}`);
  }

  /** @param {'record_start'|'record_stop'|'record_agree'} type  of the request, about the room in view
   * @param {{on?: boolean}} [more] */
  async #here(type, more) {
    const room = this.c.state().current;
    try {
      if (room) await this.c.sig.request(type, { room, ...more });
    } catch (e) {
      this.c.toast('error', codeOf(e));
    }
  }

  start = () => this.#here('record_start');

  stop = () => this.#here('record_stop');

  agree = () => this.#here('record_agree');

  takeBack = () => this.#here('record_agree', { on: false });

  async load() {
    const answer = await ask(this.c, 'recordings', () => this.c.sig.request('recordings', {}));
    if (answer) this.c.dispatch({ type: 'account/lists', lists: { recordings: answer.recordings } });
  }

  /** @param {string} recording */
  async remove(recording) {
    const what = 'recording_remove';
    const done = await ask(this.c, what, () => this.c.sig.request(what, { recording }));
    if (done) this.load();
  }

  /** @param {string} recording
   * @returns {Promise<RecordedTrack[] | null>} null: they cannot be had just now */
  async tracks(recording) {
    try {
      const answer = await fetch(`${this.c.env.server}/api/recording/${recording}/manifest.json`);
      const { tracks } = answer.ok ? await answer.json() : { tracks: null };
      return Array.isArray(tracks) ? tracks.filter((t) => t.file) : null;
    } catch {
      return null;
    }
  }
}

/** What views may call. @param {Recordings} r */
export const recordingActions = (r) => ({
  start: r.start, stop: r.stop, agree: r.agree, takeBack: r.takeBack,
  load: () => { r.load(); },
  remove: (/** @type {string} */ recording) => { r.remove(recording); },
  tracks: (/** @type {string} */ recording) => r.tracks(recording),
});
