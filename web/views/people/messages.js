// The place of conversations. So far it only says what will be here.
import { html } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { Icon } from '../ui/icon.js';
import { HomeHeader } from './home.js';

export function Messages() {
  const { t } = useApp();
  return html`<${HomeHeader} />
    <main class="home" id="main" tabindex="-1">
      <h1 class="home-title">${t('nav.messages')}</h1>
      <div class="rooms-empty"><${Icon} name="chat" size="l" /><p><b>${t('messages.none')}</b></p><p class="soft small">${t('messages.none_more')}</p></div>
    </main>`;
}
