// How to give microphone and camera back, in the words of the browser at hand.
import { html } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { browserKind } from './prefs.js';
import { Dialog } from './ui/dialog.js';

export const BROWSERS = /** @type {const} */ (['chrome', 'edge', 'firefox', 'safari', 'ios-safari', 'ios-other', 'chrome-android',
  'firefox-android', 'samsung', 'other']);

/** @param {{ close: () => void }} props */
export function PermissionDialog({ close }) {
  const { state, act, t } = useApp();
  const kind = browserKind(navigator.userAgent, navigator.maxTouchPoints);
  const again = () => {
    close();
    if (state.media.mic.phase === 'error') act.retryDevice('mic');
    if (state.media.camera.phase === 'error') act.retryDevice('camera');
  };
  return html`<${Dialog} title=${t('permission.title')} onClose=${close} name="permission">
    <ol class="steps">
      <li>${t(`permission.${kind}`)}</li>
      <li>${t('permission.system')}</li>
      <li>${t('permission.then')}</li>
    </ol>
    <div class="dialog-foot"><button type="button" class="btn primary" data-first data-act="retry-devices" onClick=${again}>${t('do.retry')}</button></div>
  <//>`;
}
