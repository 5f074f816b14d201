// Microphone and camera. What the person wants is handed in and never changed here; this finds a track that
// serves it, again and again: after an unplug, a re-plug, a phone call, a permission given later.
// Camera off stops the track, so the light goes out; muting only disables the microphone's.
import { Emitter } from '../core/emitter.js';
import { findDevice, listDevices } from './devices.js';
import { mediaError } from './errors.js';

/** @typedef {'mic'|'camera'} Kind */
/** @typedef {import('../domain/types.js').CaptureState} CaptureState */
/** @typedef {import('./devices.js').DeviceLists} DeviceLists */
/**
 * @typedef {object} Wish
 * @property {boolean} open   whether a device is to be in use
 * @property {boolean} muted  (mic) nothing is to be heard
 * @property {string} id      '' is the system's choice
 * @property {string} label
 * @property {'user'|'environment'} facing  (camera without id)
 */
/** @typedef {{wish: Wish, track: MediaStreamTrack | null, served: string, failed: string | null, again:
 *   number,
 *             busy: boolean}} Slot */

/** @type {Wish} */
const NONE = { open: false, muted: false, id: '', label: '', facing: 'user' };
const KINDS = /** @type {const} */ (['mic', 'camera']);
const RETRY_MS = [500, 2000, 5000];

/**
 * @extends {Emitter<{track: {kind: Kind, track: MediaStreamTrack | null},
 *   state: {kind: Kind, patch: Partial<CaptureState>}, devices: DeviceLists, fallback: {kind: Kind, label:
 *   string}}>}
 *   fallback: the chosen device is gone and another one serves
 */
export class Capture extends Emitter {
  /**
   * @param {object} o
   * @param {MediaDevices | undefined} o.devices
   * @param {import('../core/clock.js').Clock} o.clock
   * @param {import('../core/log.js').Log} o.log
   */
  constructor({ devices, clock, log }) {
    super();
    this.devices = devices;
    this.clock = clock;
    this.log = log;
    /** @type {DeviceLists} */
    this.lists = { mics: [], cameras: [], speakers: [] };
    const slot = () => /** @type {Slot} */ (
      { wish: NONE, track: null, served: '', failed: null, again: 0, busy: false });
    /** @type {Record<Kind, Slot>} */
    this.slots = { mic: slot(), camera: slot() };
    devices?.addEventListener?.('devicechange', () => { this.devicesChanged(); });
  }

  /** @param {Partial<Record<Kind, Wish>>} wishes */
  want(wishes) {
    for (const kind of KINDS) {
      const wish = wishes[kind];
      if (!wish) continue;
      const s = this.slots[kind];
      const other = s.wish.id !== wish.id || s.wish.facing !== wish.facing || s.wish.open !== wish.open;
      s.wish = wish;
      if (other) s.failed = null;
      this.#applyMute(kind);
    }
    this.#settle();
  }

  /** @param {Kind} kind  the person pressed "try again" */
  retry(kind) {
    this.slots[kind].failed = null;
    this.slots[kind].again = 0;
    this.#settle();
  }

  /** The page is seen again: what the system took away meanwhile is fetched back. */
  wake() {
    for (const kind of KINDS) {
      const s = this.slots[kind];
      if (s.track && (s.track.readyState === 'ended' || s.track.muted)) this.#release(kind, 'ended');
      if (s.failed === 'device_in_use' || s.failed === 'unplugged') s.failed = null;
    }
    this.#settle();
  }

  async devicesChanged() {
    await this.refresh();
    for (const kind of KINDS) {
      const s = this.slots[kind];
      if (s.failed && s.failed !== 'permission_denied') s.failed = null;
      if (s.track?.readyState === 'ended') this.#release(kind, 'unplugged');
    }
    this.#settle();
  }

  async refresh() {
    this.lists = await listDevices(this.devices);
    this.emit('devices', this.lists);
  }

  close() {
    this.want({ mic: NONE, camera: NONE });
  }

  // ---- from wishes to tracks

  /** Which device a wish comes down to just now. @param {Kind} kind */
  #target(kind) {
    const { wish } = this.slots[kind];
    const list = kind === 'mic' ? this.lists.mics : this.lists.cameras;
    // Before permission browsers name no device.
    const id = list.some((d) => d.label) ? findDevice(list, wish.id, wish.label) : wish.id;
    return kind === 'camera' && !id ? `facing:${wish.facing}` : id;
  }

  #settle() {
    const idle = (/** @type {Kind} */ k) => {
      const s = this.slots[k];
      return s.wish.open && !s.track && !s.failed && !s.busy;
    };
    // Both in one question, so that the browser asks the person once.
    if (idle('mic') && idle('camera')) return void this.#openBoth();
    for (const kind of KINDS) {
      const s = this.slots[kind];
      if (s.busy) continue;
      if (!s.wish.open) {
        s.again = 0;
        if (s.track) this.#release(kind, null);
        this.emit('state', { kind, patch: { phase: 'off', error: null } });
      } else if (!s.failed && (!s.track || s.served !== this.#target(kind))) {
        this.#openOne(kind);
      }
    }
  }

  async #openBoth() {
    for (const k of KINDS) this.#starting(k);
    const targets = { mic: this.#target('mic'), camera: this.#target('camera') };
    let stream = null;
    try {
      stream = await this.#ask({
        audio: this.#constraints('mic', 'exact'), video: this.#constraints('camera', 'exact'),
      });
    } catch (error) {
      this.log.info('media', `both: ${error}`);
    }
    for (const k of KINDS) this.slots[k].busy = false;
    if (!stream) {
      for (const k of KINDS) if (this.slots[k].wish.open) await this.#openOne(k);
      return;
    }
    this.#got('mic', stream.getAudioTracks()[0], targets.mic);
    this.#got('camera', stream.getVideoTracks()[0], targets.camera);
    await this.refresh();
    this.#settle();
  }

  /** @param {Kind} kind */
  async #openOne(kind) {
    const s = this.slots[kind];
    if (s.busy) return;
    const target = this.#target(kind);
    // Many phones can't open a second camera beside the first.
    if (kind === 'camera' && s.track) this.#release(kind, null);
    this.#starting(kind);
    try {
      const ask = (/** @type {'exact'|'ideal'} */ how) => this.#ask(
        kind === 'mic' ? { audio: this.#constraints(kind, how) } : { video: this.#constraints(kind, how) });
      const stream = await ask('exact').catch((e) => {
        if (e?.name !== 'OverconstrainedError') throw e;
        return ask('ideal');
      });
      s.busy = false;
      this.#got(kind, stream.getTracks()[0], target);
    } catch (error) {
      s.busy = false;
      this.#refused(kind, error);
    }
    await this.refresh();
    this.#settle();
  }

  /** @param {MediaStreamConstraints} constraints */
  #ask(constraints) {
    if (!this.devices?.getUserMedia) {
      return Promise.reject(Object.assign(new Error('no getUserMedia'), { name: 'TypeError' }));
    }
    return this.devices.getUserMedia(constraints);
  }

  /**
   * @param {Kind} kind
   * @param {'exact'|'ideal'} [how]  browsers take `ideal` lightly
   * @returns {MediaTrackConstraints}
   */
  #constraints(kind, how = 'ideal') {
    const target = this.#target(kind);
    const device = target && !target.startsWith('facing:') ? { deviceId: { [how]: target } } : {};
    if (kind === 'mic') {
      return { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    }
    const facing = target.startsWith('facing:') ? { facingMode: { ideal: target.slice(7) } } : {};
    return { ...device, ...facing, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
  }

  /** @param {Kind} kind */
  #starting(kind) {
    this.slots[kind].busy = true;
    if (!this.slots[kind].track) this.emit('state', { kind, patch: { phase: 'starting', error: null } });
  }

  /** @param {Kind} kind @param {MediaStreamTrack | undefined} track @param {string} target */
  #got(kind, track, target) {
    const s = this.slots[kind];
    if (!track || !s.wish.open) return track?.stop();
    const old = s.track;
    s.track = track;
    s.served = target;
    s.again = 0;
    track.contentHint = kind === 'mic' ? 'speech' : 'motion';
    track.onended = () => { if (s.track === track) this.#lost(kind); };
    track.onmute = () => { if (s.track === track) this.#paused(kind, true); };
    track.onunmute = () => { if (s.track === track) this.#paused(kind, false); };
    this.#applyMute(kind);
    this.emit('track', { kind, track });
    if (old) old.stop();
    const deviceId = track.getSettings?.().deviceId ?? '';
    this.emit('state', { kind, patch: { phase: 'live', error: null, deviceId, label: track.label } });
    const { label, id } = s.wish;
    if (id && label && track.label && track.label !== label) this.emit('fallback', { kind, label: track.label });
  }

  /** The device went away by itself. @param {Kind} kind */
  #lost(kind) {
    this.log.warn('media', `${kind} ended`);
    this.#release(kind, 'unplugged');
    this.#retryLater(kind);
  }

  /** @param {Kind} kind @param {unknown} error */
  #refused(kind, error) {
    const s = this.slots[kind];
    s.failed = mediaError(error);
    this.log.warn('media', `${kind}: ${error}`);
    this.emit('state', { kind, patch: { phase: 'error', error: s.failed } });
    if (s.failed === 'device_in_use') this.#retryLater(kind);
  }

  /** @param {Kind} kind */
  #retryLater(kind) {
    const s = this.slots[kind];
    const ms = RETRY_MS[s.again++];
    if (ms === undefined) return;
    this.clock.after(() => {
      if (s.track || !s.wish.open || s.busy) return;
      s.failed = null;
      this.#settle();
    }, ms);
  }

  /** @param {Kind} kind @param {boolean} on */
  #paused(kind, on) {
    this.emit('state', { kind, patch: { phase: on ? 'paused' : 'live' } });
  }

  /** @param {Kind} kind @param {string | null} failed */
  #release(kind, failed) {
    const s = this.slots[kind];
    const { track } = s;
    if (!track) return;
    s.track = null;
    s.served = '';
    track.onended = track.onmute = track.onunmute = null;
    track.stop();
    s.failed = failed === 'ended' ? null : failed;
    this.emit('track', { kind, track: null });
    const patch = failed ? { phase: /** @type {const} */ ('error'), error: failed }
      : { phase: /** @type {const} */ ('off'), error: null };
    this.emit('state', { kind, patch: { ...patch, deviceId: '', label: '' } });
  }

  /** @param {Kind} kind */
  #applyMute(kind) {
    const { track, wish } = this.slots[kind];
    if (track) track.enabled = !wish.muted;
    if (kind === 'mic') this.emit('state', { kind, patch: { muted: wish.muted } });
  }
}
