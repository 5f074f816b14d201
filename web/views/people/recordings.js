// One's own recordings: what there is, its files to play and to download, and an end to it.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { lasted } from '../../domain/calls.js';
import { useApp } from '../context.js';
import { size } from '../format.js';
import { Icon } from '../ui/icon.js';
import { Refused } from './form.js';
import { Question } from './question.js';

/** @typedef {import('../../domain/recording.js').Recording} Recording */
/** @typedef {import('../../domain/recording.js').RecordedTrack} RecordedTrack */

export const STATES = /** @type {const} */ (['stopped', 'quota', 'disk_full', 'failed', 'refused', 'shutdown', 'running', 'cut_off']);
export const KINDS = /** @type {const} */ (['mic', 'camera', 'screen', 'sound']);

const fileOf = (/** @type {string} */ recording, /** @type {string} */ file) => `/api/recording/${recording}/${file}`;

/** @param {{ recording: string, track: RecordedTrack }} props */
function Track({ recording, track }) {
  const { t, lang } = useApp();
  const kind = KINDS.find((k) => k === track.kind) ?? 'camera';
  const about = [track.name ?? '', t(`recordings.kind_${kind}`)].filter(Boolean).join(' · ');
  const more = [lasted(track.duration_ms ?? 0), size(track.bytes ?? 0, lang)].join(' · ');
  const src = fileOf(recording, track.file);
  const player = kind === 'camera' || kind === 'screen'
    ? html`<video class="recording-player" controls playsinline preload="metadata" src=${src} aria-label=${about}></video>`
    : html`<audio class="recording-player" controls preload="metadata" src=${src} aria-label=${about}></audio>`;
  return html`<li class="recording-track" data-track-file=${track.file}>
    <div class="me-line"><span class="grow"><span class="cut">${about}</span><span class="small soft hint">${more}</span></span>
      <a class="btn" data-act="download-track" href=${src} download=${track.file} aria-label=${t('recordings.download_this', { name: about })}><${Icon} name="download" size="s" />${t('recordings.download')}</a></div>
    ${player}</li>`;
}

/** @param {{ recording: string }} props */
function Tracks({ recording }) {
  const { act, t } = useApp();
  const [tracks, set] = useState(/** @type {RecordedTrack[] | null | undefined} */ (undefined));
  useEffect(() => { act.recordings.tracks(recording).then(set); }, [recording]);
  if (tracks === undefined) return html`<p class="small soft with-spinner" role="status"><span class="spinner"></span>${t('recordings.looking')}</p>`;
  if (!tracks || tracks.length === 0) return html`<p class="small soft" role="status">${t(tracks ? 'recordings.empty' : 'recordings.lost')}</p>`;
  return html`<ul class="lines">${tracks.map((track) => html`<${Track} key=${track.file} recording=${recording} track=${track} />`)}</ul>
    <a class="link-btn" data-act="download-manifest" href=${fileOf(recording, 'manifest.json')} download="manifest.json">${t('recordings.manifest')}</a>`;
}

/** @param {{ recording: Recording }} props */
function One({ recording: r }) {
  const { act, t, lang } = useApp();
  const [open, show] = useState(false);
  const [asked, ask] = useState(false);
  const title = r.title || t('room.untitled');
  const when = new Date(r.started).toLocaleString(lang, { dateStyle: 'medium', timeStyle: 'short' });
  const runs = r.state === 'running';
  const about = [when, ...(runs ? [] : [lasted(r.duration_ms), size(r.bytes, lang)])].join(' · ');
  return html`<li class="asks" data-recording-id=${r.recording} data-state=${r.state}>
    <div class="me-line"><${Icon} name="record" />
      <span class="grow"><span class="cut">${title}</span><span class="small soft hint">${about}</span>
        ${r.state !== 'stopped' && html`<span class="small soft hint">${t(`recordings.state_${STATES.find((s) => s === r.state) ?? 'failed'}`)}</span>`}</span>
      ${!asked && !runs && html`<button type="button" class="btn" data-act="recording-files" aria-expanded=${String(open)} aria-label=${`${title}: ${t('recordings.files')}`} onClick=${() => show(!open)}>${t('recordings.files')}</button>
        <button type="button" class="btn" data-act="recording-remove" aria-label=${`${title}: ${t('recordings.remove')}`} onClick=${() => ask(true)}>${t('recordings.remove')}</button>`}</div>
    ${asked && html`<${Question} text=${t('recordings.ask_remove', { name: title })} yes=${t('recordings.remove')} name="recording-remove" run=${() => act.recordings.remove(r.recording)} cancel=${() => ask(false)} />`}
    ${open && !runs && html`<${Tracks} recording=${r.recording} />`}</li>`;
}

export function Recordings() {
  const { state, act, t } = useApp();
  const { recordings } = state.account;
  const any = (recordings ?? []).length > 0;
  useEffect(() => { act.recordings.load(); }, []);
  if (!any && !state.self.recordings) return null;
  return html`<section class="card me-card" aria-labelledby="me-recordings">
    <h2 id="me-recordings">${t('recordings.title')}</h2>
    <p class="soft small">${t(any ? 'recordings.more' : 'recordings.none')}</p>
    ${any && html`<ul class="lines">${(recordings ?? []).map((r) => html`<${One} key=${r.recording} recording=${r} />`)}</ul>`}
    <${Refused} what="recording_remove" />
  </section>`;
}
