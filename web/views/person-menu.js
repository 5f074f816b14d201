// What one can do with another person: whisper, send a file, and what those who moderate can do.
import { html, useRef } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { orderItems } from './order/person-items.js';
import { mayModerate } from './people/here.js';
import { fullName } from './tile.js';
import { Menu } from './ui/menu.js';

/** @param {{ person: import('../domain/types.js').Person, place?: string }} props */
export function PersonMenu({ person: p, place = 'down end' }) {
  const context = useApp();
  const { state, act, t, ui, setUi } = context;
  const file = useRef(/** @type {HTMLInputElement | null} */ (null));
  const name = fullName(p);
  const picked = (/** @type {{ currentTarget: HTMLInputElement }} */ e) => {
    for (const f of e.currentTarget.files ?? []) act.offerFile(p.session, f);
    e.currentTarget.value = '';
    setUi({ panel: 'chat' });
  };
  /** @type {import('./ui/menu.js').MenuItem[]} */
  const items = p.program ? [] : [
    { text: t('person.whisper'), icon: 'whisper', key: 'whisper', run: () => setUi({ panel: 'chat', whisperTo: p.session }) },
    { text: t('person.file'), icon: 'clip', key: 'file', disabled: p.ghost, run: () => file.current?.click() },
  ];
  const pinned = ui.pinned === p.session;
  if (p.media) items.push({ text: t(pinned ? 'person.unpin' : 'person.pin'), icon: 'pin', key: 'pin', run: () => setUi({ pinned: pinned ? null : p.session, page: 0 }) });
  if (mayModerate(state)) items.push(...orderItems(p, context).slice(items.length ? 0 : 1));
  if (!items.length) return null;
  return html`<${Menu} items=${items} label=${t('person.menu', { name })} place=${place} name=${`person-${p.session}`} />
    <input type="file" hidden multiple ref=${file} data-file-to=${p.session} onChange=${picked} />`;
}
