// Settings: devices, language, theme, and whether one's address is hidden.
import { html } from '../vendor/htm-preact.js';
import { useApp, useUid } from './context.js';
import { DeviceSelect, Meter } from './devices.js';
import { Dialog } from './ui/dialog.js';

/** @param {{ legend: string, value: string, choices: [string, string][], pick: (v: any) => void,
 *   name: string }} props */
function Segments({ legend, value, choices, pick, name }) {
  const id = useUid();
  return html`<fieldset class="field">
    <legend class="group-label">${legend}</legend>
    <div class="segments">${choices.map(([v, text]) => html`<label key=${v}>
      <input type="radio" name=${id} data-field=${`${name}-${v}`} checked=${v === value} onChange=${() => pick(v)} /><span lang=${name === 'lang' ? v : undefined}>${text}</span></label>`)}</div>
  </fieldset>`;
}

/** @param {{ close: () => void }} props */
export function SettingsDialog({ close }) {
  const { state, ui, setUi, act, t } = useApp();
  const devices = state.screen === 'room' || state.screen === 'prejoin';
  return html`<${Dialog} title=${t('settings')} onClose=${close} name="settings">
    ${devices && html`<div class="device-list">
      <${DeviceSelect} kind="mic" />
      <${Meter} />
      <${DeviceSelect} kind="camera" />
      <${DeviceSelect} kind="speaker" />
    </div>`}
    <${Segments} legend=${t('settings.lang')} name="lang" value=${ui.lang} choices=${[['ko', '한국어'], ['en', 'English']]}
      pick=${(/** @type {'ko' | 'en'} */ lang) => setUi({ lang })} />
    <${Segments} legend=${t('settings.theme')} name="theme" value=${ui.theme} pick=${(/** @type {import('./context.js').Theme} */ theme) => setUi({ theme })}
      choices=${[['auto', t('theme.auto')], ['light', t('theme.light')], ['dark', t('theme.dark')]]} />
    ${(state.self.relays || state.intent.relayOnly) && html`<label class="switch">
      <span><b>${t('settings.relay')}</b><span class="small soft hint">${t('settings.relay_more')}</span></span>
      <input type="checkbox" role="switch" data-act="relay-only" checked=${state.intent.relayOnly}
        onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => act.setRelayOnly(e.currentTarget.checked)} /></label>`}
    ${state.self.server && html`<p class="small soft">${state.self.server}</p>`}
  <//>`;
}
