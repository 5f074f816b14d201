// In the room already in another tab: here instead, or here as well without devices?
import { html } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { Dialog } from './ui/dialog.js';

export function OtherTabDialog() {
  const { act, t } = useApp();
  return html`<${Dialog} title=${t('other_tab.title')} name="other-tab" onClose=${() => act.answerOtherTab('cancel')}>
    <p>${t('other_tab.text')}</p>
    <div class="stack">
      <button type="button" class="btn primary wide" data-first data-act="switch" onClick=${() => act.answerOtherTab('switch')}>${t('other_tab.switch')}</button>
      <button type="button" class="btn wide" data-act="muted" onClick=${() => act.answerOtherTab('muted')}>${t('other_tab.muted')}</button>
    </div>
  <//>`;
}
