// The service worker: calls that wake the browser when no tab is open, and the shell of the page, so that
// the installed app opens to words and not to the browser's error while the server is away.
// docs/protocol-people.md says what a push holds.
const worker = /** @type {any} */ (self);
const ASSETS = '@ASSETS@';
const SHELL = `madang${ASSETS}`;
const WORDS = {
  ko: { call: '{name}님의 전화', video: '{name}님의 영상 전화', missed: '{name}님의 전화를 못 받았어요', taken: '{name}님의 전화를 다른 기기에서 처리했어요', message: '{name}님의 메시지', other: 'madang에서 알림이 왔어요' },
  en: { call: '{name} calls you', video: '{name} calls you with video', missed: 'You missed a call of {name}', taken: 'The call of {name} was taken care of on another device', message: 'A message of {name}', other: 'Something new in madang' },
};

worker.addEventListener('install', (/** @type {any} */ e) => {
  e.waitUntil(caches.open(SHELL).then((shell) => shell.add('/')).catch(() => {}));
  worker.skipWaiting();
});

worker.addEventListener('activate', (/** @type {any} */ e) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((n) => n.startsWith('madang') && n !== SHELL).map((n) => caches.delete(n))));
  e.waitUntil(Promise.all([old, worker.clients.claim()]));
});

/** Files never change under their address. @param {Request} request */
async function asset(request) {
  const shell = await caches.open(SHELL);
  const kept = await shell.match(request);
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.status === 200 && !ASSETS.endsWith('/dev')) shell.put(request, fresh.clone()).catch(() => {});
  return fresh;
}

/** The page itself comes from the server, as long as it is there. @param {Request} request */
async function page(request) {
  try {
    return await fetch(request);
  } catch (e) {
    const kept = await (await caches.open(SHELL)).match('/');
    if (kept) return kept;
    throw e;
  }
}

worker.addEventListener('fetch', (/** @type {any} */ e) => {
  const { request } = e;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (request.mode === 'navigate' && !pathname.startsWith('/api/')) e.respondWith(page(request));
  else if (pathname.startsWith(`${ASSETS}/`)) e.respondWith(asset(request));
});

worker.addEventListener('message', (/** @type {any} */ e) => {
  const names = /** @type {unknown[]} */ (Array.isArray(e.data?.keep) ? e.data.keep : []);
  const ours = names.map(String).filter((n) => n.startsWith(`${location.origin}${ASSETS}/`)).slice(0, 500);
  e.waitUntil(Promise.allSettled(ours.map((n) => asset(new Request(n)))));
});

/** Anybody may have any display name: the user name stands behind it (as in views/people/ring-alert.js).
 * @param {any} data */
function named(data) {
  const name = String(data.name ?? 'madang').slice(0, 64);
  const all = [...String(data.display ?? name)];
  const display = all.length > 32 ? `${all.slice(0, 32).join('')}…` : all.join('');
  return display === name ? name : `${display} (@${name})`;
}

/** @param {any} data @param {'call' | 'video' | 'missed' | 'taken' | 'message' | 'other'} key */
function line(data, key) {
  const lang = navigator.language.startsWith('ko') ? 'ko' : 'en';
  return WORDS[lang][key].replace('{name}', () => named(data));
}

/** @param {any} data  what the server sent, or {} */
async function show(data) {
  const { type, video, text } = data;
  const icon = `${ASSETS}/icons/icon-192.png`;
  const body = typeof text === 'string' ? text.slice(0, 200) : undefined;
  // One tag for a call: that it was missed, or answered elsewhere, takes the place of that it rings. A push
  // has to show something, so it cannot just go away; it is quiet then.
  const options = { tag: String(data.id ?? 'madang'), icon, badge: icon, body, data: { type, id: data.id } };
  const key = type === 'call' && video ? 'video' : ['call', 'missed', 'taken', 'message'].includes(type) ? type : 'other';
  const rings = type === 'call' ? { requireInteraction: true, renotify: true, vibrate: [350, 150, 350] } : { silent: type === 'taken' };
  return worker.registration.showNotification(line(data, key), { ...options, ...rings });
}

worker.addEventListener('push', (/** @type {any} */ e) => {
  let data = {};
  try {
    data = e.data?.json() ?? {};
  } catch { /* shown without a name */ }
  e.waitUntil(show(data));
});

/** Where a notification leads: the page makes the same of it (main.js). A call that still rings is there
 * wherever the page is. @param {{type?: string, id?: string}} about */
const placeOf = ({ type, id }) =>
  (type === 'message' && /^[0-9A-Za-z]{1,32}$/.test(String(id)) ? `/#messages/${id}` : type === 'missed' ? '/#calls' : '/');

/** A tab that is there is told, so that a call that goes on in it is not reloaded; else there is one more.
 * @param {{type?: string, id?: string}} about */
async function open(about) {
  /** @type {any[]} */
  const tabs = (await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })).filter((/** @type {any} */ c) => !new URL(c.url).pathname.startsWith('/api/'));
  const tab = tabs.find((c) => c.focused) ?? tabs.find((c) => c.visibilityState === 'visible') ?? tabs[0];
  if (!tab) return worker.clients.openWindow(placeOf(about));
  tab.postMessage({ open: about });
  return tab.focus();
}

worker.addEventListener('notificationclick', (/** @type {any} */ e) => {
  e.notification.close();
  e.waitUntil(open(e.notification.data ?? {}));
});
