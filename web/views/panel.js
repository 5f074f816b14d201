// The panel beside the stage (on phones: over it): the chat, or who is here.
import { html, useEffect, useRef } from '../vendor/htm-preact.js';
import { Chat } from './chat.js';
import { useApp, useUid } from './context.js';
import { LiveChat } from './people/conv-live.js';
import { convHere } from './people/here.js';
import { People } from './people.js';
import { Icon } from './ui/icon.js';

export function Panel() {
  const { state, t, ui, setUi } = useApp();
  const { panel } = ui;
  const id = useUid();
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const before = useRef(/** @type {Element | null} */ (null));
  useEffect(() => {
    if (!panel) return undefined;
    before.current = document.activeElement;
    // The people list is read, the chat is written: the focus goes there.
    const first = /** @type {HTMLElement | null | undefined} */ (ref.current?.querySelector('[data-panel-first]'));
    first?.focus();
    return () => {
      const back = /** @type {HTMLElement | null} */ (before.current);
      if (back?.isConnected && back !== document.body) back.focus();
    };
  }, [panel]);
  if (!panel) return null;
  const conv = convHere(state);
  // A phone's keyboard would cover what one came to read.
  const first = (/** @type {string} */ which) => panel === which && (which === 'people' || matchMedia('(pointer: coarse)').matches);
  const tab = (/** @type {'chat' | 'people'} */ which) => html`<button type="button" class="tab" aria-pressed=${String(panel === which)} data-tab=${which} data-panel-first=${first(which)}
    onClick=${() => setUi({ panel: which })}>${t(`${which}.title`)}</button>`;
  return html`<aside class="panel" ref=${ref} aria-labelledby=${id} data-panel=${panel}>
    <div class="panel-head">
      <h2 class="unseen" id=${id}>${t(`${panel}.title`)}</h2>
      <div class="tabs" role="group" aria-label=${t('panel.which')}>${tab('chat')}${tab('people')}</div>
      <button type="button" class="icon-btn" data-act="close-panel" aria-label=${t('close')} title=${t('close')} onClick=${() => setUi({ panel: null })}><${Icon} name="close" /></button>
    </div>
    ${panel === 'chat' ? (conv ? html`<${LiveChat} conv=${conv} />` : html`<${Chat} />`) : html`<${People} />`}
  </aside>`;
}
