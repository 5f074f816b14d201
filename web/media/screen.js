// Screen sharing. start() must be called within a click.
import { Emitter } from '../core/emitter.js';
import { mediaError } from './errors.js';

/** @extends {Emitter<{tracks: {video: MediaStreamTrack | null, audio: MediaStreamTrack | null}, error:
 *   string}>} */
export class Screen extends Emitter {
  /** @param {MediaDevices | undefined} devices */
  constructor(devices) {
    super();
    this.devices = devices;
    /** @type {MediaStream | null} */
    this.stream = null;
  }

  available() {
    return typeof this.devices?.getDisplayMedia === 'function';
  }

  async start() {
    if (this.stream || !this.devices || !this.available()) return;
    try {
      const video15 = { frameRate: { ideal: 15, max: 30 } };
      const stream = await this.devices.getDisplayMedia({ video: video15, audio: true });
      this.stop();
      const [video] = stream.getVideoTracks();
      const audio = stream.getAudioTracks()[0] ?? null;
      this.stream = stream;
      video.contentHint = 'detail';
      if (audio) audio.contentHint = 'music';
      video.onended = () => { if (this.stream === stream) this.stop(); };
      this.emit('tracks', { video, audio });
    } catch (error) {
      // Closing the browser's question is no error.
      if (/** @type {{name?: string}} */ (error).name !== 'NotAllowedError') this.emit('error', mediaError(error));
    }
  }

  stop() {
    const { stream } = this;
    if (!stream) return;
    this.stream = null;
    for (const track of stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
    this.emit('tracks', { video: null, audio: null });
  }
}
