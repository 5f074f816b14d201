// What the parts of the app share.
import { Emitter } from '../core/emitter.js';

/** @typedef {import('../domain/types.js').State} State */
/** @typedef {import('../domain/types.js').Action} Action */
/** @typedef {import('../domain/types.js').Intent} Intent */
/** @typedef {import('../net/signaling.js').Signaling} Signaling */
/** @typedef {import('../net/protocol.js').Joined} Joined */
/**
 * What of the browser is handed in.
 * @typedef {object} Env
 * @property {string} server   origin
 * @property {string} hostname
 * @property {string} lang     ko or en, as the page is shown
 * @property {Storage | null} local
 * @property {Storage | null} tab      sessionStorage
 * @property {MediaDevices | undefined} devices
 * @property {any} wakeLock    navigator.wakeLock
 * @property {boolean} phone
 * @property {(name: string) => import('../net/tabs.js').Channel} channel
 * @property {import('../domain/types.js').Support} support
 * @property {() => void} reload
 * @property {() => boolean} unseen  nobody looks at the page
 * @property {boolean} [startsInRooms]  the address says so
 * @property {boolean} [clicked]  somebody has done something on the page already: it may make sounds
 * @property {(pattern: number | number[]) => void} [vibrate]
 * @property {CredentialsContainer} [credentials]  where there is WebAuthn
 * @property {ServiceWorkerContainer} [workers]
 * @property {typeof Notification} [notification]
 * @property {import('../media/picture_file.js').MakeCanvas} canvas  for pictures that are drawn anew
 */
/**
 * @typedef {object} Context
 * @property {import('../core/store.js').Store<State, Action>} store
 * @property {() => State} state
 * @property {(action: Action) => void} dispatch
 * @property {Signaling} sig
 * @property {import('../core/log.js').Log} log
 * @property {import('../core/clock.js').Clock} clock
 * @property {Env} env
 * @property {string} instance  of this page
 * @property {() => Promise<boolean>} [confirmSelf]  asks for the password or a passkey once more
 * @property {Bus} bus
 * @property {(level: 'info'|'warn'|'error', code: string, params?: Record<string, string|number>) => void}
 *   toast
 */

/**
 * What the parts tell each other.
 * @extends {Emitter<{session: import('../net/protocol.js').HelloAck, joined: {joined: Joined, again:
 *   boolean},
 *   event: any, out: string, left: any, moved: {from: string, to: string}}>}
 *   joined: one is in a room (again: after a new session); out: one is in it no more
 */
export class Bus extends Emitter {}

const TOAST_MS = 6000;
let toasts = 0;

/** @param {{dispatch: (a: Action) => void, clock: import('../core/clock.js').Clock}} c @returns
 *   {Context['toast']} */
export const toaster = ({ dispatch, clock }) => (level, code, params = {}) => {
  const id = ++toasts;
  dispatch({ type: 'toast/add', toast: { id, level, code, params } });
  clock.after(() => dispatch({ type: 'toast/drop', id }), level === 'error' ? 2 * TOAST_MS : TOAST_MS);
};

/** The code of whatever was thrown. @param {any} e @returns {string} */
export const codeOf = (e) => (typeof e?.code === 'string' ? e.code : 'failed');
