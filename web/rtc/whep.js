// Watching by WHEP: one offer by POST, and the answer is there. Nothing is sent, and nobody sees who watches.
import { Emitter } from '../core/emitter.js';

/** @typedef {'connecting' | 'connected' | 'ended'} WhepPhase */

/** An answer that says no. */
export class WhepError extends Error {
  /** @param {number} status @param {number} retryS  0: not said */
  constructor(status, retryS) {
    super(`WHEP: ${status}`);
    this.status = status;
    this.retryS = retryS;
  }
}

/**
 * @extends {Emitter<{phase: WhepPhase}>}
 */
export class Whep extends Emitter {
  /**
   * @param {object} o
   * @param {string} o.url
   * @param {string} o.token  '': none
   * @param {{audio: number, video: number}} o.lines  as many people can be heard and seen at once
   * @param {typeof fetch} [o.fetch]
   * @param {() => RTCPeerConnection} [o.create]
   */
  constructor({ url, token, lines, fetch = globalThis.fetch.bind(globalThis), create }) {
    super();
    this.url = url;
    this.token = token;
    this.fetch = fetch;
    /** @type {WhepPhase} */
    this.phase = 'connecting';
    /** Where the session can be ended. */
    this.session = '';
    this.pc = create ? create() : new RTCPeerConnection();
    /** What may come, silent and black until somebody sends. @type {MediaStreamTrack[]} */
    this.tracks = [];
    for (const kind of /** @type {const} */ (['audio', 'video'])) {
      for (let line = 0; line < lines[kind]; line++) {
        const { receiver } = this.pc.addTransceiver(kind, { direction: 'recvonly' });
        this.tracks.push(receiver.track);
      }
    }
    this.pc.onconnectionstatechange = () => {
      const state = this.pc.connectionState;
      if (state === 'connected') this.#become('connected');
      // A player has nothing to lose: another session is there sooner than one that may come back.
      if (state === 'disconnected' || state === 'failed' || state === 'closed') this.#become('ended');
    };
  }

  /** Settled when the answer is in use; rejects with a WhepError, or what fetch says. */
  async start() {
    await this.pc.setLocalDescription();
    // The server waits for checks at its own candidates: ours are of no use to it, and nothing is waited for.
    const response = await this.fetch(this.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', ...this.#credentials() },
      body: this.pc.localDescription?.sdp ?? '',
    });
    if (response.status !== 201) {
      throw new WhepError(response.status, Number(response.headers.get('Retry-After')) || 0);
    }
    this.session = new URL(response.headers.get('Location') ?? '', this.url).href;
    const sdp = await response.text();
    if (this.phase === 'ended') return this.#bye();
    await this.pc.setRemoteDescription({ type: 'answer', sdp });
  }

  /** Also while the page is going away. */
  close() {
    this.pc.close();
    this.#become('ended');
    this.#bye();
  }

  #bye() {
    if (!this.session) return;
    this.fetch(this.session, { method: 'DELETE', headers: this.#credentials(), keepalive: true }).catch(() => {});
    this.session = '';
  }

  /** @returns {Record<string, string>} */
  #credentials() {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {};
  }

  /** @param {WhepPhase} phase */
  #become(phase) {
    if (this.phase === phase || this.phase === 'ended') return;
    this.phase = phase;
    this.emit('phase', phase);
  }
}
