// Choosing microphone, camera and speaker by name, and the microphone's level.
import { html, useEffect, useRef } from '../vendor/htm-preact.js';
import { useApp, useUid } from './context.js';

/** @typedef {'mic' | 'camera' | 'speaker'} DeviceKind */

/** The devices of a kind, and which one is chosen. @param {DeviceKind} kind */
export function useDevices(kind) {
  const { state, t } = useApp();
  const { media, intent } = state;
  const list = kind === 'mic' ? media.mics : kind === 'camera' ? media.cameras : media.speakers;
  const wanted = kind === 'mic' ? intent.micId : kind === 'camera' ? intent.camId : intent.speakerId;
  const inUse = kind === 'mic' ? media.mic.deviceId : kind === 'camera' ? media.camera.deviceId : wanted;
  const known = (/** @type {string} */ id) => list.some((d) => d.id === id);
  const chosen = known(inUse) ? inUse : known(wanted) ? wanted : '';
  // Until the browser may say names, one line stands for what the system would take.
  const named = list.filter((d) => d.label);
  const label = kind === 'speaker' ? '' : media[kind].label.replace(/^[^-]{3,9} - /u, '');
  const byDefault = { id: '', label: t(`device.default_${kind}`) + (label && !chosen ? ` (${label})` : '') };
  return {
    chosen,
    options: named.length === 0 ? [byDefault] : chosen ? named : [byDefault, ...named],
    any: list.length > 0,
  };
}

/** @param {{ kind: DeviceKind }} props */
export function DeviceSelect({ kind }) {
  const { act, state, t } = useApp();
  const { options, chosen } = useDevices(kind);
  const id = useUid();
  if (kind === 'speaker' && !state.media.canPickSpeaker) {
    return html`<div class="field"><span class="label">${t('device.speaker')}</span>
      <p class="small soft">${t('device.speaker_system')}</p></div>`;
  }
  return html`<div class="field">
    <label for=${id}>${t(`device.${kind}`)}</label>
    <select class="select" id=${id} data-device=${kind} disabled=${options.length === 1 && !options[0].id}
        onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ e) => act.setDevice(kind, e.currentTarget.value)}>
      ${options.map((d) => html`<option key=${d.id} value=${d.id} selected=${d.id === chosen}>${d.label}</option>`)}
    </select>
  </div>`;
}

/** The bar that moves when one speaks. Drawn past the state: fifteen times a second. */
export function Meter() {
  const { app, state, t } = useApp();
  const bar = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => app.meter((/** @type {number} */ level) => {
    if (bar.current) bar.current.style.transform = `scaleX(${Math.min(1, Math.max(0, level)).toFixed(3)})`;
  }), [app]);
  const live = state.media.mic.phase === 'live';
  return html`<div class="meter-row">
    <span class="meter" aria-hidden="true"><i ref=${bar}></i></span>
    <p class="small soft" role="status">${!live ? '' : t(state.media.speaking ? 'device.heard' : 'device.say_something')}</p>
  </div>`;
}
