// Oneself in the corner: how one is seen, one's profile, settings, the way out.
import { html } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { Icon } from '../ui/icon.js';
import { Menu } from '../ui/menu.js';
import { Avatar } from './avatar.js';

/** How one may be seen. */
export const MODES = /** @type {const} */ (['auto', 'dnd', 'invisible']);
const DOTS = /** @type {const} */ ({ auto: 'online', dnd: 'dnd', invisible: 'offline' });

export function OwnMenu() {
  const { state, act, t, lang, setUi } = useApp();
  const me = state.account.user;
  if (!me) return null;
  const { mode } = state.account;
  /** @type {import('../ui/menu.js').MenuItem[]} */
  const items = [
    { label: t('mode.label') },
    ...MODES.map((m) => ({ text: t(`mode.${m}`), checked: m === mode, key: `mode-${m}`, run: () => { act.account.setMode(m); } })),
    { line: true },
    { text: t('me.title'), icon: 'person', key: 'me', run: () => act.home('me') },
    { text: t('settings'), icon: 'settings', key: 'settings', run: () => setUi({ dialog: 'settings' }) },
    { text: t('lang.other'), icon: 'globe', key: 'lang', run: () => setUi({ lang: lang === 'ko' ? 'en' : 'ko' }) },
    { text: t('help'), icon: 'help', key: 'help', run: () => setUi({ dialog: 'help' }) },
    { line: true },
    { text: t('me.sign_out'), icon: 'sign-out', key: 'sign-out', run: () => act.account.signOut() },
  ];
  return html`<${Menu} items=${items} label=${t('me.menu')} cls="own-btn" name="own" named>
    <${Avatar} person=${me} presence=${DOTS[mode]} /><span class="cut wide-text">${me.display}</span>
    <span class="unseen">, ${t(`mode.${mode}`)}: ${t('me.menu')}</span><${Icon} name="down" size="s" /><//>`;
}
