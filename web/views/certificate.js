// Why the browser warned, and how to install the certificate of this house on each system.
import { html, useState } from '../vendor/htm-preact.js';
import { useApp, useUid } from './context.js';
import { Dialog } from './ui/dialog.js';
import { Icon } from './ui/icon.js';

export const SYSTEMS = /** @type {const} */ (['android', 'ios', 'windows', 'macos', 'linux', 'firefox']);
const STEPS = 3;

/** @param {string} ua @param {number} touchPoints @returns {typeof SYSTEMS[number]} */
export function systemOf(ua, touchPoints) {
  if (/iPhone|iPad|iPod/.test(ua) || (/Macintosh/.test(ua) && touchPoints > 1)) return 'ios';
  if (/Firefox\//.test(ua) && !/Android/.test(ua)) return 'firefox';
  if (/Android/.test(ua)) return 'android';
  if (/Windows/.test(ua)) return 'windows';
  return /Mac OS X/.test(ua) ? 'macos' : 'linux';
}

/** @param {{ close: () => void }} props */
export function CertificateDialog({ close }) {
  const { t } = useApp();
  const [system, setSystem] = useState(() => systemOf(navigator.userAgent, navigator.maxTouchPoints));
  const id = useUid();
  const steps = Array.from({ length: STEPS }, (_, i) => t(`cert.${system}.${i + 1}`));
  return html`<${Dialog} title=${t('cert.title')} onClose=${close} name="certificate" wide>
    <p>${t('cert.why')}</p>
    <p class="soft">${t('cert.safe')}</p>
    <a class="btn primary" data-first href="/ca.crt" download="madang-ca.crt"><${Icon} name="shield" size="s" />${t('cert.get')}</a>
    <div class="field">
      <label for=${id}>${t('cert.system')}</label>
      <select class="select" id=${id} onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ e) => setSystem(/** @type {typeof SYSTEMS[number]} */ (e.currentTarget.value))}>
        ${SYSTEMS.map((s) => html`<option key=${s} value=${s} selected=${s === system}>${t(`cert.${s}`)}</option>`)}
      </select>
    </div>
    <ol class="steps">${steps.map((text) => html`<li>${text}</li>`)}</ol>
  <//>`;
}
