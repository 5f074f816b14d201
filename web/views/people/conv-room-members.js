// Who is in a room that stays, and as what: asking people in, ranks, removing and banning, handing it over.
import { foundFor } from '../../domain/people.js';
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { Menu } from '../ui/menu.js';
import { Avatar } from './avatar.js';
import { useRoom } from './conv-room.js';
import { Question } from './question.js';

/** @typedef {import('../../domain/convs.js').Conv} Conv */
/** @typedef {import('../../domain/convs.js').Member} Member */

export const ROLES = /** @type {const} */ (['owner', 'moderator', 'member']);
const RANK = { owner: 2, moderator: 1, member: 0 };
/** What is asked about before it is done. */
export const ASKED = /** @type {const} */ (['owner', 'removed', 'banned']);
/** From how many on one is helped to find somebody. */
const MANY = 12;

/** What one may do with somebody. @param {Conv} conv @param {Member} m @param {string} me */
export function deedsFor(conv, m, me) {
  if (m.user === me || RANK[conv.role] <= RANK[m.role]) return [];
  if (m.banned) return ['none'];
  if (m.invited) return ['uninvite', 'banned'];
  const owner = conv.role === 'owner';
  const rank = owner ? [m.role === 'member' ? 'moderator' : 'member', 'owner'] : [];
  return [...rank, 'removed', 'banned'];
}

const SIGNS = /** @type {Record<string, string>} */ ({ moderator: 'shield', member: 'person', owner: 'crown', removed: 'remove', uninvite: 'remove', banned: 'block', none: 'check' });

/** @param {{ conv: Conv, member: Member }} props */
function MemberRow({ conv, member: m }) {
  const { state, act, t } = useApp();
  const [asked, ask] = useState('');
  const me = state.account.user?.user ?? '';
  const set = (/** @type {string} */ role) => { act.stay.setMember(conv.conv, m.user, role); };
  const items = deedsFor(conv, m, me).map((deed) => ({
    text: t(`stay.do_${deed}`), icon: SIGNS[deed], key: deed, danger: ['removed', 'banned', 'uninvite'].includes(deed),
    run: () => (ASKED.some((a) => a === deed) ? ask(deed) : set(deed === 'uninvite' ? 'removed' : deed)),
  }));
  const facts = [m.banned ? t('conv.banned') : m.invited ? t('conv.invited') : t(`conv.role_${m.role}`), m.name && `@${m.name}`];
  return html`<li class="row" data-member=${m.user} data-role=${m.banned ? 'banned' : m.invited ? 'invited' : m.role}><span class="row-main"><${Avatar} person=${m} /><span class="grow">
    <span class="row-name cut"><b>${m.display}</b>${m.user === me && html` <span class="soft">(${t('tile.you')})</span>`}</span>
    <span class="small soft cut row-more">${facts.filter(Boolean).join(' · ')}</span></span></span>
    ${items.length > 0 && html`<${Menu} items=${items} label=${t('person.menu', { name: m.display })} name="member" />`}
    ${asked && html`<${Question} text=${t(`stay.ask_${asked}`, { name: m.display })} yes=${t(`stay.do_${asked}`)} name=${`member-${asked}`}
      run=${() => set(asked)} cancel=${() => ask('')} />`}</li>`;
}

/** People who are not in it yet. @param {{ conv: Conv }} props */
function Asking({ conv }) {
  const { state, act, t, setUi } = useApp();
  const [text, set] = useState('');
  useEffect(() => {
    act.people.show(true);
    return () => act.people.show(false);
  }, []);
  const inside = new Set(state.convs.members[conv.conv]?.map((m) => m.user));
  const all = text.trim() ? foundFor(state.people, text) : [];
  const found = all.filter((p) => !inside.has(p.user) && !p.blocked).slice(0, 8);
  return html`<div class="stack-s">
    <span class="with-sign"><${Icon} name="search" size="s" /><input class="input" type="search" data-field="member-search" aria-label=${t('conv.ask_in')} placeholder=${t('conv.ask_in')} value=${text}
      autocomplete="off" onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => { set(e.currentTarget.value); act.people.search(e.currentTarget.value, ''); }} /></span>
    ${found.length > 0 && html`<ul class="rows">${found.map((p) => html`<li class="row" key=${p.user}><button type="button" class="row-main" data-ask=${p.user} aria-label=${t('stay.ask_person', { name: p.display })} onClick=${() => { act.stay.inviteUser(conv.conv, p.user); set(''); }}>
      <${Avatar} person=${p} /><span class="grow"><span class="row-name cut"><b>${p.display}</b></span><span class="small soft cut row-more">@${p.name}</span></span><${Icon} name="person-add" /></button></li>`)}</ul>`}
    <button type="button" class="btn" data-act="to-links" onClick=${() => setUi({ dialog: 'conv-links' })}><${Icon} name="link" size="s" />${t('stay.links')}</button>
  </div>`;
}

/** @param {{ title?: string, name: string, conv: Conv, members: Member[] }} props */
function Group({ title, name, conv, members }) {
  if (!members.length) return null;
  return html`${title && html`<h3 class="rows-title">${title}</h3>`}
    <ul class="rows" data-group=${name}>${members.map((m) => html`<${MemberRow} key=${m.user} conv=${conv} member=${m} />`)}</ul>`;
}

/** @param {{ close: () => void }} props */
export function ConvMembersDialog({ close }) {
  const { state, act, t } = useApp();
  const conv = useRoom();
  const [text, set] = useState('');
  useEffect(() => { if (conv) act.convs.loadMembers(conv.conv); }, []);
  useEffect(() => { if (!conv) close(); }, [!conv]); // put out of it meanwhile
  if (!conv) return null;
  const all = state.convs.members[conv.conv] ?? [];
  const query = text.trim().toLowerCase();
  const shown = all.filter((m) => !query || `${m.display} ${m.name}`.toLowerCase().includes(query));
  const sorted = [...shown].sort((a, b) => RANK[b.role] - RANK[a.role] || a.display.localeCompare(b.display));
  return html`<${Dialog} title=${t('conv.people')} onClose=${close} name="conv-members">
    ${conv.role !== 'member' && conv.state === 'open' && html`<${Asking} conv=${conv} />`}
    ${all.length > MANY && html`<input class="input" type="search" data-field="member-filter" aria-label=${t('stay.find_member')} placeholder=${t('stay.find_member')} value=${text} autocomplete="off"
      onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => set(e.currentTarget.value)} />`}
    <div><${Group} name="members" conv=${conv} members=${sorted.filter((m) => !m.banned && !m.invited)} />
      <${Group} name="invited" title=${t('stay.invited')} conv=${conv} members=${sorted.filter((m) => m.invited)} />
      <${Group} name="banned" title=${t('stay.banned')} conv=${conv} members=${sorted.filter((m) => m.banned)} /></div><//>`;
}
