// One person: who it is, whether they are there, and what one can do: call, above all.
import { html, useEffect, useRef, useState } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { copyText } from '../share.js';
import { Icon } from '../ui/icon.js';
import { Menu } from '../ui/menu.js';
import { Avatar, PresenceWords } from './avatar.js';

/** @param {{ person: import('../../domain/people.js').Somebody }} props */
export function PersonCard({ person: p }) {
  const { act, t, setUi } = useApp();
  const [said, say] = useState('');
  const title = useRef(/** @type {HTMLElement | null} */ (null));
  // On the phone the card takes the place of the list: the focus goes along.
  useEffect(() => title.current?.focus({ preventScroll: true }), []);
  const copy = async () => say(t(await copyText(act.people.link(p.name)) ? 'share.copied' : 'people.copy_failed'));
  /** @type {import('../ui/menu.js').MenuItem[]} */
  const items = [
    { text: t('people.copy_link'), icon: 'link', key: 'copy-link', run: () => { copy(); } },
    { line: true },
    p.blocked ? { text: t('people.unblock'), icon: 'block', key: 'unblock', run: () => { act.people.block(p.user, false); } }
      : { text: t('people.block'), icon: 'block', key: 'block', danger: true, run: () => setUi({ dialog: 'block' }) },
  ];
  return html`<section class="card person-card" data-card=${p.user} aria-labelledby="card-name">
    <div class="person-card-head">
      <button type="button" class="icon-btn card-back" data-act="close-card" aria-label=${t('people.back')} title=${t('people.back')} onClick=${() => act.people.choose(null)}>
        <${Icon} name="back" /></button>
      <span class="grow"></span>
      ${!p.blocked && html`<button type="button" class="icon-btn ${p.favourite ? 'lit' : ''}" data-act="favourite" aria-pressed=${String(p.favourite)} aria-label=${t('people.favourite')}
        title=${t(p.favourite ? 'people.favourite_off' : 'people.favourite')} onClick=${() => act.people.favourite(p.user, !p.favourite)}>
        <${Icon} name=${p.favourite ? 'star-on' : 'star'} /></button>`}
      <${Menu} items=${items} label=${t('person.menu', { name: p.display })} name="card" />
    </div>
    <${Avatar} person=${p} size="xl" presence=${p.blocked ? '' : p.presence} />
    <div class="person-card-who">
      <h2 id="card-name" tabindex="-1" ref=${title}>${p.display}</h2>
      <p class="soft">@${p.name}</p>
      <p class="presence-line" role="status"><${PresenceWords} person=${p} /></p>
    </div>
    ${p.blocked ? html`<p class="soft small">${t('people.blocked_more')}</p>
        <button type="button" class="btn" data-act="unblock" onClick=${() => act.people.block(p.user, false)}>${t('people.unblock')}</button>`
      : html`<div class="person-card-do">
        <button type="button" class="btn primary big" data-act="call-video" onClick=${() => act.calls.start(p, true)}><${Icon} name="cam" />${t('call.video')}</button>
        <button type="button" class="btn big" data-act="call-voice" onClick=${() => act.calls.start(p, false)}><${Icon} name="call" />${t('call.voice')}</button>
        <button type="button" class="btn big" data-act="write" onClick=${() => act.convs.write(p.user)}><${Icon} name="chat" />${t('conv.do_write')}</button>
      </div>`}
    <p class="small soft copied" role="status">${said}</p>
  </section>`;
}
