// Wiring only: the browser's own things to the app, the app to the views.
import { createApp } from './app.js';
import { Log } from './core/log.js';
import { currentLang } from './i18n/index.js';
import { dropHandoff } from './net/handoff.js';
import { mount } from './views/app.js';

const debug = new URLSearchParams(location.search).has('debug');
const log = new Log(debug ? { echo: (l) => console.debug(`[${l.session}] ${l.where}: ${l.text}`) } : {});

/** @param {'localStorage'|'sessionStorage'} which @returns {Storage | null} */
function storage(which) {
  try {
    return window[which];
  } catch {
    return null;
  }
}

const tab = storage('sessionStorage');
const app = createApp({
  server: location.origin, hostname: location.hostname, lang: currentLang(), local: storage('localStorage'), tab,
  devices: navigator.mediaDevices, wakeLock: /** @type {any} */ (navigator).wakeLock,
  phone: matchMedia('(pointer: coarse)').matches,
  channel: (name) => (typeof BroadcastChannel === 'function'
    ? /** @type {any} */ (new BroadcastChannel(name)) : { postMessage() {}, onmessage: null }),
  support: {
    secure: window.isSecureContext, webrtc: typeof RTCPeerConnection === 'function',
    devices: typeof navigator.mediaDevices?.getUserMedia === 'function',
  },
  reload: () => location.reload(),
  unseen: () => document.visibilityState === 'hidden',
}, log);

// ---- the address and what is shown
const roomIn = (/** @type {string} */ path) => /^\/r\/([0-9A-Za-z]{1,32})\/?$/.exec(path)?.[1] ?? null;

const pathOf = (/** @type {import('./domain/types.js').State} */ s) => {
  const room = s.screen === 'room' ? s.current : s.screen === 'prejoin' ? s.prejoin?.room : null;
  return room ? `/r/${room}` : '/';
};

app.subscribe((s) => {
  if (s.screen === 'over' || (s.screen === 'prejoin' && !s.prejoin?.room)) return;
  const path = pathOf(s);
  if (path !== location.pathname) history.pushState(null, '', path + location.search);
});
addEventListener('popstate', () => {
  const room = roomIn(location.pathname);
  if (room) app.actions.prepare({ room });
  else if (app.state().screen === 'room') app.actions.leave();
  else app.actions.goLobby();
});

// ---- what happens to the page
addEventListener('pagehide', () => app.page.hidden());
addEventListener('pageshow', (e) => {
  if (!e.persisted) return;
  if (tab) dropHandoff(tab);
  app.page.visible();
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') app.page.visible();
});
const networkChanged = () => app.page.networkChanged(navigator.onLine);
addEventListener('online', networkChanged);
addEventListener('offline', networkChanged);
/** @type {any} */ (navigator).connection?.addEventListener?.('change', networkChanged);
addEventListener('pointerdown', () => app.page.gesture(), { passive: true });
addEventListener('keydown', () => app.page.gesture());
for (const [kind, name] of /** @type {const} */ ([['mic', 'microphone'], ['camera', 'camera']])) {
  navigator.permissions?.query({ name: /** @type {any} */ (name) }).then((status) => {
    status.onchange = () => { if (status.state === 'granted') app.page.permissionGiven(kind); };
  }, () => {});
}

if (debug) Object.assign(window, { madang: app });

const first = roomIn(location.pathname);
mount(app, /** @type {Element} */ (document.getElementById('app')));
if (first) app.actions.prepare({ room: first });
app.start();
