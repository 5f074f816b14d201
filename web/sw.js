// The service worker: calls that wake the browser when no tab is open, and the shell of the page, so that
// the installed app opens to words and not to the browser's error while the server is away.
// docs/protocol-people.md says what a push holds.
const worker = /** @type {any} */ (self);
const ASSETS = '@ASSETS@';
const SHELL = `madang${ASSETS}`;
const WORDS = {
  ko: { call: '{name}님의 전화', video: '{name}님의 영상 전화', missed: '{name}님의 전화를 못 받았어요', other: 'madang에서 알림이 왔어요' },
  en: { call: '{name} calls you', video: '{name} calls you with video', missed: 'You missed a call of {name}', other: 'Something new in madang' },
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

/** @param {any} data @param {'call' | 'video' | 'missed' | 'other'} key */
function line(data, key) {
  const lang = data.lang === 'ko' || (!data.lang && navigator.language.startsWith('ko')) ? 'ko' : 'en';
  return WORDS[lang][key].replace('{name}', () => String(data.name ?? 'madang').slice(0, 64));
}

/** @param {any} data  what the server sent, or {} */
async function show(data) {
  const old = await worker.registration.getNotifications({ tag: data.call ?? 'madang' });
  const options = { tag: data.call ?? 'madang', icon: `${ASSETS}/icons/icon-192.png`, badge: `${ASSETS}/icons/icon-192.png`, data: { call: data.call ?? null } };
  if (data.type === 'call') {
    return worker.registration.showNotification(line(data, data.video ? 'video' : 'call'), { ...options, requireInteraction: true, vibrate: [350, 150, 350] });
  }
  for (const n of old) n.close();
  return worker.registration.showNotification(line(data, data.type === 'missed' ? 'missed' : 'other'), options);
}

worker.addEventListener('push', (/** @type {any} */ e) => {
  let data = {};
  try {
    data = e.data?.json() ?? {};
  } catch { /* shown without a name */ }
  e.waitUntil(show(data));
});

worker.addEventListener('notificationclick', (/** @type {any} */ e) => {
  e.notification.close();
  e.waitUntil(worker.clients.matchAll({ type: 'window', includeUncontrolled: true }).then((/** @type {any[]} */ open) => {
    const tab = open.find((c) => c.visibilityState === 'visible') ?? open[0];
    return tab ? tab.focus() : worker.clients.openWindow('/');
  }));
});
