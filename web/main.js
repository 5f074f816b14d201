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

// Addresses: /r/ROOM, /u/NAME (a call link), /i/CODE (an invitation), /g/CODE (into a room that stays),
// and where one is at home behind the #.
const HOMES = /** @type {const} */ (['people', 'calls', 'messages', 'me']);
const homeIn = (/** @type {string} */ hash) => HOMES.find((h) => `#${h}` === hash.split('/')[0]) ?? null;
/** #messages/CONV */
const convIn = (/** @type {string} */ hash) => /^#messages\/([0-9A-Za-z]{1,32})$/.exec(hash)?.[1] ?? null;
const lastPart = (/** @type {string} */ path, /** @type {string} */ kind) => {
  const found = new RegExp(`^/${kind}/([^/]{1,128})/?$`).exec(path)?.[1];
  try {
    return found ? decodeURIComponent(found) : null;
  } catch {
    return null;
  }
};

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
  startsInRooms: location.hash === '#rooms',
  clicked: !!navigator.userActivation?.hasBeenActive,
  vibrate: (pattern) => { navigator.vibrate?.(pattern); },
  credentials: typeof PublicKeyCredential === 'function' ? navigator.credentials : undefined,
  workers: navigator.serviceWorker,
  notification: typeof Notification === 'function' ? Notification : undefined,
  canvas: (width, height) => Object.assign(document.createElement('canvas'), { width, height }),
}, log);

// ---- the address and what is shown
const roomIn = (/** @type {string} */ path) => /^\/r\/([0-9A-Za-z]{1,32})\/?$/.exec(path)?.[1] ?? null;

const pathOf = (/** @type {import('./domain/types.js').State} */ s) => {
  const room = s.screen === 'room' ? s.current : s.screen === 'prejoin' ? s.prejoin?.room : null;
  if (room) return `/r/${room}`;
  if (!s.account.user) return '/';
  if (s.screen === 'messages' && s.convs.chosen) return `/#messages/${s.convs.chosen}`;
  return s.screen === 'people' ? '/' : `/#${s.screen === 'lobby' ? 'rooms' : s.screen}`;
};

app.subscribe((s) => {
  if (s.screen === 'over' || s.screen === 'sign' || (s.screen === 'prejoin' && !s.prejoin?.room)) return;
  if (s.people.link && !s.people.link.error) return; // not yet found
  const path = pathOf(s);
  if (path === location.pathname + location.hash) return;
  const [before, hash = ''] = path.split('#');
  history.pushState(null, '', before + location.search + (hash && `#${hash}`));
});
const goHome = () => {
  const home = homeIn(location.hash) ?? 'people';
  if (home !== 'messages' || app.state().screen !== 'messages') app.actions.home(home);
  if (home === 'messages') app.actions.convs.open(convIn(location.hash));
};
// A notification that was pressed, while the page is open.
navigator.serviceWorker?.addEventListener('message', (e) => {
  if (e.data?.open) app.actions.openNotified(e.data.open);
});
addEventListener('popstate', () => {
  const room = roomIn(location.pathname);
  const { screen, account } = app.state();
  if (room) app.actions.prepare({ room });
  else if (screen === 'room') app.actions.leave();
  else if (account.user && location.hash !== '#rooms') goHome();
  else app.actions.goLobby();
});

// ---- what happens to the page
addEventListener('pagehide', () => app.page.hidden());
addEventListener('beforeunload', (e) => {
  if (app.page.busy()) e.preventDefault(); // the browser asks
});
addEventListener('pageshow', (e) => {
  if (!e.persisted) return;
  if (tab) dropHandoff(tab);
  app.page.visible();
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') app.page.visible();
  else app.page.unseen();
});
const networkChanged = () => app.page.networkChanged(navigator.onLine);
addEventListener('online', networkChanged);
addEventListener('offline', networkChanged);
/** @type {any} */ (navigator).connection?.addEventListener?.('change', networkChanged);
for (const sign of ['pointerdown', 'pointermove', 'wheel']) addEventListener(sign, () => app.page.stirred(), { passive: true });
// Not before the click is over: what goes away with it would move the button from under the finger.
addEventListener('click', () => app.page.gesture());
addEventListener('keydown', () => app.page.gesture());
for (const [kind, name] of /** @type {const} */ ([['mic', 'microphone'], ['camera', 'camera']])) {
  navigator.permissions?.query({ name: /** @type {any} */ (name) }).then((status) => {
    status.onchange = () => { if (status.state === 'granted') app.page.permissionGiven(kind); };
  }, () => {});
}

if (debug) Object.assign(window, { madang: app });

const first = roomIn(location.pathname);
mount(app, /** @type {Element} */ (document.getElementById('app')));
const [invitation, somebody] = [lastPart(location.pathname, 'i'), lastPart(location.pathname, 'u')];
const [conv, roomLink] = [convIn(location.hash), lastPart(location.pathname, 'g')];
const home = homeIn(location.hash);
if (first) app.actions.prepare({ room: first });
else if (invitation) app.actions.account.openInvitation(invitation);
else if (somebody) app.actions.people.openLink(somebody);
else if (roomLink) app.actions.openRoomLink(roomLink);
else if (home && app.state().screen === 'people') app.actions.home(home);
if (home === 'messages' && conv) app.actions.convs.open(conv);
app.start();
