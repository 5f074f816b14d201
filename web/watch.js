// /watch/ROOM and /watch/ROOM/NAME: a player, and nothing else. The token stands behind "#": browsers do not
// send that to servers, so it comes into no log.
import { backoff } from './net/backoff.js';
import { currentLang, translator } from './i18n/index.js';
import { Whep, WhepError } from './rtc/whep.js';

/** Each line costs time before the first picture, so few of them come first, and more when all of those are
 *  in use; who is watched by name has no more than camera and screen. */
const FEW = { audio: 2, video: 2 }, MANY = { audio: 6, video: 6 };
const ofAll = location.pathname.split('/').filter(Boolean).length < 3;
const lang = currentLang();
const t = translator(lang);
const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const pictures = byId('pictures'), says = byId('says'), sound = byId('sound');
const bar = byId('bar'), full = byId('full'), pip = byId('pip');

document.documentElement.lang = lang;
document.title = `${t('watch.title')} · madang`;
sound.textContent = t('watch.sound');
full.textContent = t('watch.full');
pip.textContent = t('watch.pip');

/** @param {string} key  '': nothing */
const say = (key) => {
  says.textContent = key ? t(key) : '';
};

/** @param {HTMLMediaElement} e */
function play(e) {
  e.play().catch((/** @type {DOMException} */ error) => {
    if (error.name === 'NotAllowedError') sound.hidden = false;
  });
}

/** One session, and the elements that play it. */
class Showing {
  /** @param {{audio: number, video: number}} lines */
  constructor(lines) {
    this.whep = new Whep({
      url: new URL(location.pathname.replace(/^\/watch\//, '/whep/'), location.href).href,
      token: decodeURIComponent(location.hash.slice(1)),
      lines,
    });
    const kind = (/** @type {string} */ of) => this.whep.tracks.filter((track) => track.kind === of);
    /** @type {HTMLVideoElement[]} */
    this.videos = kind('video').map((track) => Object.assign(document.createElement('video'), {
      autoplay: true, muted: true, playsInline: true, hidden: true, srcObject: new MediaStream([track]),
      onresize: arrange,
    }));
    this.sounds = kind('audio').map((track) => Object.assign(document.createElement('audio'), {
      srcObject: new MediaStream([track]),
    }));
    for (const track of this.whep.tracks) track.onmute = track.onunmute = arrange;
    pictures.append(...this.videos);
    this.videos.forEach(play);
  }

  /** Not before it is the one that is shown: nobody is to be heard twice. */
  hear() {
    this.sounds.forEach(play);
  }

  seen() {
    return this.videos.filter((v) => v.videoWidth > 0 && live(v));
  }

  /** Somebody may have found no line. */
  full() {
    return [this.videos, this.sounds].some((all) => all.every(live));
  }

  close() {
    this.whep.close();
    for (const v of this.videos) v.remove();
    for (const e of this.sounds) e.pause();
  }
}

/** @param {HTMLMediaElement} e */
const live = (e) => /** @type {MediaStream} */ (e.srcObject).getTracks().some((track) => !track.muted);

/** @type {Showing | null} */
let shown = null;
/** One with more lines, until it has a picture. @type {Showing | null} */
let larger = null;
let mayGrow = ofAll;
let tries = 0;

/** Only lines with a picture take room. */
function arrange() {
  if (larger?.seen().length) {
    const few = shown;
    shown = larger;
    larger = null;
    few?.close();
    shown.hear();
  }
  if (!shown) return;
  const seen = shown.seen(), connected = shown.whep.phase === 'connected';
  for (const video of shown.videos) video.hidden = !seen.includes(video);
  pictures.style.gridTemplateColumns = `repeat(${Math.ceil(Math.sqrt(Math.max(seen.length, 1)))}, 1fr)`;
  bar.hidden = seen.length === 0;
  if (connected) say(seen.length ? '' : 'watch.nobody');
  if (connected && mayGrow && shown.full()) {
    mayGrow = false;
    larger = open(MANY);
  }
}

/** @param {unknown} error */
function words(error) {
  if (!(error instanceof WhepError)) return 'watch.unreachable';
  if (error.status === 401 || error.status === 403) return 'watch.forbidden';
  return error.status === 404 ? 'watch.unknown' : 'watch.busy';
}

/** What cannot change by itself is not asked again. @param {unknown} error */
const final = (error) => error instanceof WhepError && [401, 403, 415].includes(error.status);

/** @param {Showing} one @param {unknown} [error] */
function over(one, error) {
  const was = shown;
  if (one === larger) larger = null;
  if (one === shown) end();
  one.close();
  if (one !== was) return;
  bar.hidden = true;
  say(error ? words(error) : 'watch.connecting');
  if (!final(error)) setTimeout(begin, backoff(++tries, Math.random));
}

/** @param {{audio: number, video: number}} lines */
function open(lines) {
  const one = new Showing(lines);
  one.whep.on('phase', (phase) => {
    if (phase === 'connected') tries = 0;
    if (phase === 'ended') over(one);
    arrange();
  });
  one.whep.start().catch((error) => over(one, error));
  return one;
}

function begin() {
  if (shown) return;
  if (tries === 0) say('watch.connecting');
  mayGrow = ofAll;
  shown = open(FEW);
  shown.hear();
}

function end() {
  const [one, other] = [shown, larger];
  shown = larger = null;
  one?.close();
  other?.close();
}

sound.addEventListener('click', () => {
  sound.hidden = true;
  for (const e of [...shown?.sounds ?? [], ...shown?.videos ?? []]) play(e);
});
full.hidden = !document.fullscreenEnabled;
full.addEventListener('click', () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => {});
});
pip.hidden = !document.pictureInPictureEnabled;
pip.addEventListener('click', () => {
  if (document.pictureInPictureElement) document.exitPictureInPicture();
  else shown?.seen()[0]?.requestPictureInPicture().catch(() => {});
});
addEventListener('hashchange', () => {
  end();
  begin();
});
addEventListener('pagehide', end);
addEventListener('pageshow', (e) => {
  if (e.persisted) begin();
});
begin();
