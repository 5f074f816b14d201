// What tells of a call when nobody looks at the page: the title changes to and fro, and a notification.
import { useEffect, useState } from '../../vendor/htm-preact.js';
import { inPhase } from '../../domain/ring.js';

/** @typedef {import('../../domain/types.js').State} State */
/** @typedef {import('../../i18n/index.js').Translate} Translate */

const BLINK_MS = 1000;

/** So much of a display name is in a line, so that the user name behind it is always to be seen. */
const DISPLAY_MAX = 32;

/** Anybody may have any display name: where a line is all that is seen, the user name stands in it.
 * @param {{ name: string, display: string }} person */
function named({ name, display }) {
  const all = [...display];
  const short = all.length > DISPLAY_MAX ? `${all.slice(0, DISPLAY_MAX).join('')}…` : display;
  return short === name ? name : `${short} (@${name})`;
}

/** Who calls, in a line: for the title, the notification and the name of the dialog.
 * @param {Pick<import('../../domain/ring.js').Ring, 'video' | 'caller'>} ring @param {Translate} t */
export const callsLine = ({ video, caller }, t) => t(video ? 'ring.calls_video' : 'ring.calls_voice', { name: named(caller) });

/** That line of the call that rings, or ''. @param {State} state @param {Translate} t */
export function ringLine(state, t) {
  const ring = inPhase(state.ring, 'incoming')[0];
  return ring ? callsLine(ring, t) : '';
}

/** @param {string} line @param {string} tag @returns {() => void} how to take it away */
function notify(line, tag) {
  const may = typeof Notification === 'function' && Notification.permission === 'granted';
  if (!may || document.visibilityState === 'visible') return () => {};
  const how = { tag, requireInteraction: true, icon: '/favicon.svg' };
  try {
    const shown = new Notification(line, how);
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
    return () => shown.close();
  } catch { // phones: only a service worker may
    const worker = navigator.serviceWorker?.ready;
    worker?.then((w) => w.showNotification(line, how)).catch(() => {});
    return () => {
      worker?.then((w) => w.getNotifications({ tag })).then((all) => all.forEach((n) => n.close()), () => {});
    };
  }
}

/**
 * @param {State} state @param {Translate} t
 * @param {string} title  as it is without a call
 * @returns {string} the title now
 */
export function useRingAlert(state, t, title) {
  const line = ringLine(state, t);
  const call = inPhase(state.ring, 'incoming')[0]?.call ?? '';
  const [odd, set] = useState(false);
  useEffect(() => {
    if (!call) return undefined;
    set(true);
    const timer = setInterval(() => set((/** @type {boolean} */ o) => !o), BLINK_MS);
    const away = notify(line, call);
    return () => {
      clearInterval(timer);
      away();
    };
  }, [call]);
  return line && odd ? line : title;
}
