// /watch/ROOM and /watch/ROOM/NAME: a player, and nothing else. The token stands behind "#": browsers do not
// send that to servers, so it comes into no log.
import { backoff } from './net/backoff.js';
import { currentLang, translator } from './i18n/index.js';
import { Whep, WhepError } from './rtc/whep.js';

const LINES = { audio: 6, video: 6 };
const lang = currentLang();
const t = translator(lang);
const pictures = /** @type {HTMLElement} */ (document.getElementById('pictures'));
const says = /** @type {HTMLElement} */ (document.getElementById('says'));
const sound = /** @type {HTMLButtonElement} */ (document.getElementById('sound'));

document.documentElement.lang = lang;
document.title = `${t('watch.title')} · madang`;
sound.textContent = t('watch.sound');

/** @type {Whep | null} */
let session = null;
let tries = 0;
/** @type {(HTMLVideoElement | HTMLAudioElement)[]} */
let elements = [];

/** @param {string} key  '': nothing */
const say = (key) => {
  says.textContent = key ? t(key) : '';
};

/** Only lines with a picture take room. */
function arrange() {
  const seen = elements.filter((e) => e instanceof HTMLVideoElement);
  for (const video of seen) video.hidden = video.videoWidth === 0 || !live(video);
  const n = seen.filter((v) => !v.hidden).length;
  pictures.style.gridTemplateColumns = `repeat(${Math.ceil(Math.sqrt(Math.max(n, 1)))}, 1fr)`;
  if (session?.phase === 'connected') say(n ? '' : 'watch.nobody');
}

/** @param {HTMLMediaElement} e */
const live = (e) => /** @type {MediaStream} */ (e.srcObject).getTracks().some((track) => !track.muted);

/** @param {MediaStreamTrack} track */
function show(track) {
  const e = document.createElement(track.kind === 'video' ? 'video' : 'audio');
  e.autoplay = true;
  if (e instanceof HTMLVideoElement) {
    e.muted = true;
    e.playsInline = true;
    e.hidden = true;
    e.addEventListener('resize', arrange);
    pictures.append(e);
  }
  e.srcObject = new MediaStream([track]);
  track.addEventListener('mute', arrange);
  track.addEventListener('unmute', arrange);
  elements.push(e);
  e.play().catch((/** @type {DOMException} */ error) => {
    if (error.name === 'NotAllowedError') sound.hidden = false;
  });
}

sound.addEventListener('click', () => {
  sound.hidden = true;
  for (const e of elements) e.play().catch(() => {});
});

/** @param {unknown} error */
function words(error) {
  if (!(error instanceof WhepError)) return 'watch.unreachable';
  if (error.status === 401 || error.status === 403) return 'watch.forbidden';
  return error.status === 404 ? 'watch.unknown' : 'watch.busy';
}

/** What cannot change by itself is not asked again. @param {unknown} error */
const final = (error) => error instanceof WhepError && [401, 403, 415].includes(error.status);

function again() {
  setTimeout(begin, backoff(++tries, Math.random));
}

function begin() {
  for (const e of elements) e.remove();
  elements = [];
  say('watch.connecting');
  const one = new Whep({
    url: new URL(location.pathname.replace(/^\/watch\//, '/whep/'), location.href).href,
    token: decodeURIComponent(location.hash.slice(1)),
    lines: LINES,
  });
  session = one;
  one.tracks.forEach(show);
  one.on('phase', (phase) => {
    if (phase === 'connected') tries = 0;
    if (phase === 'ended' && session === one) again();
    arrange();
  });
  one.start().catch((error) => {
    session = null;
    one.close();
    say(words(error));
    if (!final(error)) again();
  });
}

addEventListener('hashchange', () => {
  session?.close();
  if (!session) begin();
});
addEventListener('pagehide', () => {
  const one = session;
  session = null;
  one?.close();
});
addEventListener('pageshow', (e) => {
  if (e.persisted) begin();
});
begin();
