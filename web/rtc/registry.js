// Where MediaStreams live: the state holds their ids.
import { Emitter } from '../core/emitter.js';

/** Firefox' <video> never shows a track that came while it had another one. */
const firstStays = () => 'mozPaintedFrames' in (globalThis.HTMLVideoElement?.prototype ?? {});

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

  /** The stream of that id holds these tracks, and no others. New ones come before old ones go: what plays a
   * stream stops for good where that is empty for a moment (Chromium). Pictures in Firefox are the other
   * way round.
   * @param {string} id @param {readonly MediaStreamTrack[]} tracks */
  fill(id, tracks) {
    if (!tracks.length) return this.delete(id);
    const stream = this.streams.get(id);
    const old = stream?.getTracks().filter((t) => !tracks.includes(t)) ?? [];
    const drop = () => { for (const t of old) stream?.removeTrack(t); };
    const first = firstStays() && tracks[0].kind === 'video';
    if (first) drop();
    for (const t of tracks) this.put(id, t);
    if (!first) drop();
    if (old.length) this.emit('change', id);
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
