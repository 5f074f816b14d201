// Where MediaStreams live: the state holds their ids.
import { Emitter } from '../core/emitter.js';

/** @extends {Emitter<{change: string}>} */
export class StreamRegistry extends Emitter {
  constructor() {
    super();
    /** @type {Map<string, MediaStream>} */
    this.streams = new Map();
  }

  /** @param {string | null | undefined} id */
  get(id) {
    return id ? this.streams.get(id) : undefined;
  }

  /** The stream of that id holds this track, in place of others of its kind and name.
   * @param {string} id @param {MediaStreamTrack} track @param {MediaStreamTrack} [instead] */
  put(id, track, instead) {
    let stream = this.streams.get(id);
    if (stream?.getTracks().includes(track)) return;
    if (!stream) this.streams.set(id, stream = new MediaStream());
    if (instead) stream.removeTrack(instead);
    stream.addTrack(track);
    this.emit('change', id);
  }

  /** @param {string} id */
  delete(id) {
    if (this.streams.delete(id)) this.emit('change', id);
  }

  /** @param {string} from @param {string} to */
  rename(from, to) {
    const stream = this.streams.get(from);
    if (!stream) return;
    this.streams.delete(from);
    this.streams.set(to, stream);
    this.emit('change', from);
    this.emit('change', to);
  }
}
