// Who is here, and how; the owner's tools.
import { html, useState } from '../vendor/htm-preact.js';
import { useApp, useUid } from './context.js';
import { hands } from '../domain/order.js';
import { HandSign } from './order/hand.js';
import { KnockList } from './order/knocks.js';
import { MuteAll } from './order/rules.js';
import { convHere, mayModerate } from './people/here.js';
import { PersonMenu } from './person-menu.js';
import { fullName, linkState } from './tile.js';
import { submitOnEnter } from './typing.js';
import { Face } from './ui/face.js';
import { Icon } from './ui/icon.js';

/** @typedef {import('../domain/types.js').Person} Person */
const SEARCH_FROM = 12;

/** Change one's own name, in place. @param {{ done: () => void }} props */
function Rename({ done }) {
  const { state, act, t } = useApp();
  const [text, setText] = useState(state.self.name);
  const keep = () => {
    if (text.trim() && text.trim() !== state.self.name) act.setName(text.trim());
    done();
  };
  return html`<input class="input" data-field="rename" aria-label=${t('lobby.name')} value=${text} maxlength=${state.self.limits.name * 2} autocomplete="nickname" spellcheck=${false}
    ref=${(/** @type {HTMLInputElement | null} */ el) => el && document.activeElement !== el && el.focus()}
    onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => setText(e.currentTarget.value)}
    onKeyDown=${(/** @type {KeyboardEvent} */ e) => (e.key === 'Escape' ? (e.stopPropagation(), done()) : submitOnEnter(keep)(e))} onBlur=${keep} />`;
}

/** @param {{ person: Person }} props */
function Row({ person: p }) {
  const { state, t } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const [renaming, setRenaming] = useState(false);
  const { intent, media } = state;
  const mic = p.self ? intent.mic && !intent.listenOnly && media.mic.phase !== 'error' : p.mic;
  const cam = p.self ? media.camera.phase === 'live' : p.cam;
  const link = linkState(p, state.peers[p.session]);
  const members = convHere(state) ? state.convs.members[here.id] : undefined;
  const role = p.user ? members?.find((m) => m.user === p.user)?.role : undefined;
  const owner = here.room.owner === p.session || role === 'owner';
  const facts = [owner && t('people.owner'), role === 'moderator' && t('conv.role_moderator'),
    p.program && t('people.program'), here.room.stays && !p.user && !p.program && t('live.guest'), p.muted.includes('mic') && t('people.muted'), link && t(link), !p.media && !link && t('people.chat_only')].filter(Boolean).join(' · ');
  const speaking = mic && (p.self ? media.speaking : !!state.peers[p.session]?.speaking);
  return html`<li class=${`person ${p.away ? 'away' : ''} ${speaking ? 'speaking' : ''}`} data-person=${p.session}>
    <${Face} session=${p.session} name=${p.name} />
    <div class="grow">
      ${renaming ? html`<${Rename} done=${() => setRenaming(false)} />` : html`<p class="cut"><b>${fullName(p)}</b>${p.self && html` <span class="soft">(${t('tile.you')})</span>`}</p>`}
      ${facts && html`<p class="small soft cut">${facts}</p>`}
    </div>
    <${HandSign} session=${p.session} />
    ${p.screen && html`<span class="person-sign" title=${t('tile.screen')}><${Icon} name="screen" size="s" /><span class="unseen">${t('tile.screen')}</span></span>`}
    ${!cam && p.media && html`<span class="person-sign" title=${t('tile.cam_off')}><${Icon} name="cam-off" size="s" /><span class="unseen">${t('tile.cam_off')}</span></span>`}
    ${!mic && html`<span class="person-sign" title=${t('tile.mic_off')}><${Icon} name="mic-off" size="s" /><span class="unseen">${t('tile.mic_off')}</span></span>`}
    ${p.self ? !renaming && !state.account.user && html`<button type="button" class="icon-btn" data-act="rename" aria-label=${t('people.rename')} title=${t('people.rename')} onClick=${() => setRenaming(true)}><${Icon} name="edit" /></button>`
      : html`<${PersonMenu} person=${p} />`}
  </li>`;
}

function OwnerTools() {
  const { state, act, t, setUi } = useApp();
  const { room } = state.rooms[/** @type {string} */ (state.current)];
  return html`<div class="owner-tools" role="group" aria-label=${t('people.tools')}>
    <${MuteAll} />
    <button type="button" class="btn" data-act="lock" aria-pressed=${String(room.locked)} onClick=${() => act.roomSet({ locked: !room.locked })}>
      <${Icon} name=${room.locked ? 'unlock' : 'lock'} size="s" />${t(room.locked ? 'room.unlock' : 'room.lock')}</button>
    <button type="button" class="btn" data-act="rules" onClick=${() => setUi({ dialog: 'order' })}><${Icon} name="shield" size="s" />${t('order.title')}</button>
    ${!room.stays && html`<button type="button" class="btn" data-act="room-settings" onClick=${() => setUi({ dialog: 'room' })}><${Icon} name="edit" size="s" />${t('room.settings')}</button>`}
  </div>`;
}

export function People() {
  const { state, t } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const [find, setFind] = useState('');
  const id = useUid();
  // Whose turn it is stands first.
  const up = hands(here);
  const all = [...up, ...here.order.map((s) => here.people[s]).filter((p) => p && !up.includes(p))];
  const wanted = find.trim().normalize('NFC').toLowerCase();
  const shown = wanted ? all.filter((p) => fullName(p).normalize('NFC').toLowerCase().includes(wanted)) : all;
  return html`<div class="people">
    <${KnockList} />
    <p class="people-count soft small tnum">${t('people.count', { count: all.length })}${here.room.capacity ? ` / ${here.room.capacity}` : ''}</p>
    ${all.length >= SEARCH_FROM && html`<div class="people-find"><label class="unseen" for=${id}>${t('people.find')}</label>
      <input class="input" id=${id} type="search" placeholder=${t('people.find')} value=${find} onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => setFind(e.currentTarget.value)} /></div>`}
    <ul class="people-list">${shown.map((p) => html`<${Row} key=${p.session} person=${p} />`)}</ul>
    ${mayModerate(state) && html`<${OwnerTools} />`}
  </div>`;
}
