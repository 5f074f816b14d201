// Help: the keys, the browsers.
import { html } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { KEYS } from './shortcuts.js';
import { Dialog } from './ui/dialog.js';

/** @param {{ close: () => void }} props */
export function HelpDialog({ close }) {
  const { t, setUi } = useApp();
  return html`<${Dialog} title=${t('help')} onClose=${close} name="help">
    <section class="stack-s" aria-labelledby="keys-title">
      <h3 id="keys-title">${t('help.keys')}</h3>
      <dl class="keys">${KEYS.map(([key, what]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${t(`keys.${what}`)}</dd></div>`)}</dl>
    </section>
    <section class="stack-s" aria-labelledby="browsers-title">
      <h3 id="browsers-title">${t('help.browsers')}</h3>
      <p class="soft">${t('help.browsers_more')}</p>
    </section>
    <section class="stack-s" aria-labelledby="network-title">
      <h3 id="network-title">${t('help.network')}</h3>
      <p class="soft">${t('help.network_more')}</p>
    </section>
    <div class="dialog-foot">
      <button type="button" class="btn" onClick=${() => setUi({ dialog: 'permission' })}>${t('help.permission')}</button>
      <button type="button" class="btn" onClick=${() => setUi({ dialog: 'certificate' })}>${t('lobby.cert')}</button>
    </div>
  <//>`;
}
