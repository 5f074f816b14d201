// The line on top of the lobby and of the screen before joining.
import { html } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { HomeHeader } from './people/home.js';
import { Icon, Mark } from './ui/icon.js';

export function LangSwitch() {
  const { lang, setUi, t } = useApp();
  const other = lang === 'ko' ? 'en' : 'ko';
  return html`<button type="button" class="icon-btn text" lang=${other} data-act="lang" aria-label=${`${other === 'ko' ? '한' : 'EN'}: ${t('lang.other')}`}
    title=${t('lang.other')} onClick=${() => setUi({ lang: other })}>${other === 'ko' ? '한' : 'EN'}</button>`;
}

function ThemeSwitch() {
  const { ui, setUi, t } = useApp();
  const dark = ui.theme === 'dark' || (ui.theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  return html`<button type="button" class="icon-btn" data-act="theme" aria-label=${t(dark ? 'theme.to_light' : 'theme.to_dark')}
    title=${t(dark ? 'theme.to_light' : 'theme.to_dark')} onClick=${() => setUi({ theme: dark ? 'light' : 'dark' })}>
    <${Icon} name=${dark ? 'sun' : 'moon'} /></button>`;
}

/** @param {{ back?: () => void, backLabel?: string }} props */
export function Header({ back, backLabel }) {
  const { state, act, t, setUi } = useApp();
  const { user, policy } = state.account;
  if (user && !back) return html`<${HomeHeader} />`;
  return html`<header class="top">
    ${back && html`<button type="button" class="icon-btn" data-act="back" aria-label=${backLabel} title=${backLabel} onClick=${back}>
      <${Icon} name="back" /></button>`}
    <span class=${`brand ${back ? 'beside-back' : ''}`}><${Mark} size=${28} /><b>madang</b></span>
    <span class="grow"></span>
    ${policy && !user && state.screen === 'lobby' && html`<button type="button" class="btn wide-only" data-act="sign-in" onClick=${() => act.account.show('sign_in')}>${t('sign.in')}</button>`}
    <${LangSwitch} />
    <${ThemeSwitch} />
    <button type="button" class="icon-btn" data-act="settings" aria-label=${t('settings')} title=${t('settings')}
      onClick=${() => setUi({ dialog: 'settings' })}><${Icon} name="settings" /></button>
    <button type="button" class="icon-btn" data-act="help" aria-label=${t('help')} title=${t('help')}
      onClick=${() => setUi({ dialog: 'help' })}><${Icon} name="help" /></button>
  </header>`;
}
