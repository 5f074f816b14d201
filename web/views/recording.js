// A room that is recorded: the mark that everybody sees, what is asked of whoever is in it or comes in, and
// the question before it begins or ends.
import { html, useEffect } from '../vendor/htm-preact.js';
import { asksConsent } from '../domain/recording.js';
import { useApp } from './context.js';
import { Lasting } from './people/call-bar.js';
import { mayModerate } from './people/here.js';
import { Dialog } from './ui/dialog.js';
import { Icon } from './ui/icon.js';

/** @typedef {import('./context.js').State} State */

/** @param {State} state */
export const mayRecord = (state) => state.self.recordings && !!state.account.user && mayModerate(state);

/** For the menu of the room; whoever moderates may also end what somebody else began.
 * @param {State} state @param {import('./context.js').Translate} t @param {() => void} open
 * @returns {import('./ui/menu.js').MenuItem[]} */
export function recordItems(state, t, open) {
  const on = !!state.rooms[/** @type {string} */ (state.current)].room.recording;
  const may = on ? mayModerate(state) : mayRecord(state);
  return may ? [{ text: t(on ? 'recording.stop' : 'recording.start'), icon: 'record', key: 'record', run: open }] : [];
}

/** It also says whether oneself is in it, and lets that be changed. */
export function RecordingMark() {
  const { state, t, setUi } = useApp();
  const { recording } = state.rooms[/** @type {string} */ (state.current)].room;
  if (!recording) return null;
  return html`<button type="button" class="badge recording-mark" data-recording data-act="recording" title=${t('recording.on')} onClick=${() => setUi({ dialog: 'recorded' })}>
      <span class="dot" aria-hidden="true"></span><span class="recording-word">${t('recording.mark')}</span><span class="recording-short" aria-hidden="true">${t('recording.short')}</span></button>
    <span class="wide-only"><${Lasting} since=${recording} /></span>`;
}

/** @param {{ close: () => void }} props */
export function RecordedDialog({ close }) {
  const { state, act, t, setUi } = useApp();
  const here = state.current ? state.rooms[state.current] : null;
  const on = !!here?.people[here.self]?.recorded;
  const go = () => {
    if (on) act.recordings.takeBack();
    else act.recordings.agree();
    close();
  };
  useEffect(() => { if (!here?.room.recording) close(); }, [here?.room.recording]);
  return html`<${Dialog} title=${t('recording.on')} onClose=${close} name="recorded">
    <p>${t(on ? 'recording.mine' : 'recording.not_mine')}</p>
    <div class="dialog-foot">
      ${mayModerate(state) && html`<button type="button" class="btn danger" data-act="record-stop" onClick=${() => setUi({ dialog: 'record' })}>${t('recording.stop')}</button>`}
      <button type="button" class="btn" data-act=${on ? 'recording-take-back' : 'recording-agree-here'} onClick=${go}>${t(on ? 'recording.take_back' : 'recording.agree')}</button>
      <button type="button" class="btn primary" data-first onClick=${close}>${t('close')}</button>
    </div>
  <//>`;
}

/** Whoever was there before is asked, and goes on talking meanwhile. */
export function RecordingNotice() {
  const { state, act, t } = useApp();
  if (!asksConsent(state)) return null;
  return html`<div class="problem recording-ask" data-hint="recording">
    <${Icon} name="record" /><p class="problem-text" role="alert">${t('recording.told')}</p>
    <button type="button" class="btn" data-act="recording-leave" onClick=${() => act.leave()}>${t('leave')}</button>
    <button type="button" class="btn primary" data-act="recording-agree" onClick=${() => { act.recordings.agree(); }}>${t('recording.agree')}</button></div>`;
}

/** At the door, before anything is sent. */
export function RecordingConsent() {
  const { t } = useApp();
  return html`<div class="problem recording-ask" data-problem="recorded" role="alert">
    <${Icon} name="record" /><div class="problem-text"><b>${t('recording.on')}</b><p>${t('recording.consent')}</p></div></div>`;
}

/** @param {{ close: () => void }} props */
export function RecordDialog({ close }) {
  const { state, act, t } = useApp();
  const on = !!(state.current && state.rooms[state.current]?.room.recording);
  const go = () => {
    if (on) act.recordings.stop();
    else act.recordings.start();
    close();
  };
  return html`<${Dialog} title=${t(on ? 'recording.ask_stop' : 'recording.ask')} onClose=${close} name="record">
    <p>${t(on ? 'recording.ask_stop_more' : 'recording.ask_more')}</p>
    <div class="dialog-foot">
      <button type="button" class="btn" onClick=${close}>${t('cancel')}</button>
      <button type="button" class=${`btn ${on ? 'danger' : 'primary'}`} data-first data-act="record-go" onClick=${go}>${t(on ? 'recording.stop' : 'recording.start')}</button>
    </div>
  <//>`;
}
