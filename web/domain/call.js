// The call as state: what the person wants, what the devices gave, and the ways to the others.

/** @typedef {import('./types.js').Intent} Intent */
/** @typedef {import('./types.js').MediaState} MediaState */
/** @typedef {import('./types.js').CaptureState} CaptureState */
/** @typedef {import('./types.js').PeerState} PeerState */
/** @typedef {import('./types.js').Action} Action */

/** @type {Intent} */
export const INTENT = {
  mic: true, cam: true, listenOnly: false, relayOnly: false, micId: '', camId: '', speakerId: '', micLabel: '',
  camLabel: '', speakerLabel: '', facing: 'user', quality: 'auto', name: '',
};

/** @type {CaptureState} */
const OFF = { phase: 'off', error: null, deviceId: '', label: '', stream: null, muted: false };

/** @type {MediaState} */
export const MEDIA = {
  mic: OFF, camera: OFF, screen: OFF, mics: [], cameras: [], speakers: [], canPickSpeaker: false,
  canShareScreen: false, canFlip: false, playbackBlocked: false, speaking: false, mutedSpeaking: false,
  way: null,
};

/**
 * What was stored, made safe: unknown fields dropped, wrong types replaced.
 * @param {unknown} stored
 * @returns {Intent}
 */
export function readIntent(stored) {
  const from = typeof stored === 'object' && stored !== null ? /** @type {Record<string, unknown>} */ (stored) : {};
  /** @type {Record<string, unknown>} */
  const out = { ...INTENT };
  for (const [key, value] of Object.entries(INTENT)) {
    if (typeof from[key] === typeof value) out[key] = from[key];
  }
  if (out.facing !== 'environment') out.facing = 'user';
  if (out.quality !== 'save' && out.quality !== 'audio') out.quality = 'auto';
  return /** @type {Intent} */ (out);
}

/** @param {Intent} intent @param {Action} action @returns {Intent} */
export function intentReducer(intent, action) {
  return action.type === 'intent/set' ? { ...intent, ...action.patch } : intent;
}

/** @param {MediaState} media @param {Action} action @returns {MediaState} */
export function mediaReducer(media, action) {
  switch (action.type) {
    case 'media/set':
      return { ...media, ...action.patch };
    case 'media/capture': {
      const kind = /** @type {'mic'|'camera'|'screen'} */ (action.kind);
      return { ...media, [kind]: { ...media[kind], ...action.patch } };
    }
    default:
      return media;
  }
}

/** @type {Omit<PeerState, 'session'>} */
const PEER = {
  phase: 'new', met: false, blocked: false, audio: null, sound: null, camera: null, screen: null, speaking: false, stats: null, told: null,
};

/** @param {Record<string, PeerState>} peers @param {Action} action @returns {Record<string, PeerState>} */
export function peersReducer(peers, action) {
  switch (action.type) {
    case 'peer/set': {
      const session = /** @type {string} */ (action.session);
      const old = peers[session] ?? { ...PEER, session };
      return { ...peers, [session]: { ...old, ...action.patch } };
    }
    case 'peer/told': {
      const old = peers[action.session];
      return old ? { ...peers, [action.session]: { ...old, told: action.told } } : peers;
    }
    case 'peer/moved': {
      const { from, to } = /** @type {{from: string, to: string} & Action} */ (action);
      const old = peers[from];
      if (!old || from === to) return peers;
      const out = { ...peers, [to]: { ...old, session: to } };
      delete out[from];
      return out;
    }
    case 'peer/drop': {
      if (!peers[action.session]) return peers;
      const out = { ...peers };
      delete out[action.session];
      return out;
    }
    default:
      return peers;
  }
}

/**
 * What everybody is to see of one's microphone, camera and screen: the intent, as far as a device serves it.
 * @param {Intent} intent
 * @param {MediaState} media
 * @returns {{mic: boolean, cam: boolean, screen: boolean}}
 */
export function shownState(intent, media) {
  const has = (/** @type {CaptureState} */ c) => c.phase === 'live' || c.phase === 'starting';
  return {
    mic: intent.mic && !intent.listenOnly && has(media.mic),
    cam: intent.cam && !intent.listenOnly && has(media.camera),
    screen: media.screen.phase === 'live',
  };
}
