// Rooms that stay: making one, who is in it and as what, asking others in, leaving.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { askOf } from '../../domain/account.js';
import { useApp } from '../context.js';
import { copyText } from '../share.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { Menu } from '../ui/menu.js';
import { Avatar } from './avatar.js';
import { Field, Refused, Submit, Switch } from './form.js';

/** @typedef {import('../../domain/convs.js').Conv} Conv */
/** @typedef {import('../../domain/convs.js').Member} Member */

export const ROLES = /** @type {const} */ (['owner', 'moderator', 'member']);
const RANK = { owner: 2, moderator: 1, member: 0 };

/** @param {{ conv: Conv }} props */
export function RoomMenu({ conv }) {
  const { t, setUi } = useApp();
  const alone = conv.members <= 1;
  /** @type {import('../ui/menu.js').MenuItem[]} */
  const items = [
    { text: t('conv.people'), icon: 'people', key: 'members', run: () => setUi({ dialog: 'conv-members' }) },
    { line: true },
    { text: t(conv.role === 'owner' && alone ? 'conv.room_delete' : 'conv.leave'), icon: 'sign-out', key: 'leave-conv', danger: true, disabled: conv.role === 'owner' && !alone, run: () => setUi({ dialog: 'conv-leave' }) },
  ];
  return html`<${Menu} items=${items} label=${t('conv.room_menu', { name: conv.title })} name="conv" />`;
}

/** @param {{ close: () => void }} props */
export function ConvRoomDialog({ close }) {
  const { state, act, t } = useApp();
  const [title, setTitle] = useState('');
  const [topic, setTopic] = useState('');
  const [open, setOpen] = useState(false);
  const { done } = askOf(state.account, 'room_make');
  const [before] = useState(done);
  useEffect(() => { if (done > before) close(); }, [done]);
  useEffect(() => () => act.account.forget('room_make'), []);
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    const about = topic.trim();
    act.convs.makeRoom({ title: title.trim(), ...(about ? { topic: about } : {}), public: open });
  };
  return html`<${Dialog} title=${t('conv.room_new')} onClose=${close} name="conv-room">
    <form class="stack" onSubmit=${submit} novalidate>
      <p class="soft">${t('conv.room_more')}</p>
      <${Field} label=${t('conv.room_title')} name="conv-title" value=${title} onValue=${setTitle} first max=${64} />
      <${Field} label=${t('conv.room_topic')} name="conv-topic" value=${topic} onValue=${setTopic} max=${200} />
      <${Switch} label=${t('conv.room_public')} more=${t('conv.room_public_more')} on=${open} name="conv-public" set=${setOpen} />
      <${Refused} what="room_make" />
      <div class="dialog-foot"><button type="button" class="btn" onClick=${close}>${t('cancel')}</button>
        <${Submit} what="room_make" name="conv-room-go" text=${t('conv.room_go')} disabled=${!title.trim()} cls="btn primary" /></div>
    </form><//>`;
}

/** @param {{ conv: Conv, member: Member }} props */
function MemberRow({ conv, member: m }) {
  const { state, act, t } = useApp();
  const me = state.account.user?.user;
  const set = (/** @type {string} */ role) => () => { act.convs.setMember(conv.conv, m.user, role); };
  const above = m.user !== me && RANK[conv.role] > RANK[m.role];
  const owner = conv.role === 'owner' && !m.banned && !m.invited;
  /** @type {import('../ui/menu.js').MenuItem[]} */
  const items = m.banned ? [{ text: t('conv.unban'), key: 'unban', run: set('none') }] : [
    ...(owner && m.role === 'member' ? [{ text: t('conv.make_moderator'), icon: 'shield', key: 'moderator', run: set('moderator') }] : []),
    ...(owner && m.role === 'moderator' ? [{ text: t('conv.make_member'), icon: 'person', key: 'member', run: set('member') }] : []),
    ...(owner ? [{ text: t('conv.make_owner'), icon: 'crown', key: 'owner', run: set('owner') }] : []),
    { text: t('conv.remove'), icon: 'remove', key: 'removed', danger: true, run: set('removed') },
    { text: t('conv.ban'), icon: 'block', key: 'banned', danger: true, run: set('banned') },
  ];
  const facts = [m.banned ? t('conv.banned') : m.invited ? t('conv.invited') : t(`conv.role_${m.role}`), `@${m.name}`];
  return html`<li class="row" data-member=${m.user}><span class="row-main"><${Avatar} person=${m} /><span class="grow"><span class="row-name cut"><b>${m.display}</b>${m.user === me && html` <span class="soft">(${t('tile.you')})</span>`}</span>
    <span class="small soft cut row-more">${facts.join(' · ')}</span></span></span>${above && html`<${Menu} items=${items} label=${t('person.menu', { name: m.display })} name="member" />`}</li>`;
}

/** @param {{ conv: Conv }} props */
function Asking({ conv }) {
  const { state, act, t } = useApp();
  const [link, setLink] = useState('');
  const [said, say] = useState('');
  const [text, set] = useState('');
  useEffect(() => {
    act.people.show(true);
    return () => act.people.show(false);
  }, []);
  const make = async () => {
    const made = await act.convs.inviteLink(conv.conv);
    if (!made) return;
    setLink(made);
    say(t(await copyText(made) ? 'share.copied' : 'people.copy_failed'));
  };
  const inside = new Set(state.convs.members[conv.conv]?.map((m) => m.user));
  const all = text.trim() ? state.people.list.ids.map((u) => state.people.known[u]) : [];
  const found = all.filter((p) => p && !inside.has(p.user) && !p.blocked).slice(0, 8);
  return html`<div class="stack">
    <span class="with-sign"><${Icon} name="search" size="s" /><input class="input" type="search" data-field="member-search" aria-label=${t('conv.ask_in')} placeholder=${t('conv.ask_in')} value=${text}
      onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => { set(e.currentTarget.value); act.people.search(e.currentTarget.value, ''); }} /></span>
    <ul class="rows">${found.map((p) => html`<li class="row" key=${p.user}><button type="button" class="row-main" data-ask=${p.user} onClick=${() => { act.convs.inviteUser(conv.conv, p.user); set(''); }}>
      <${Avatar} person=${p} /><span class="grow cut"><b>${p.display}</b></span><${Icon} name="person-add" /></button></li>`)}</ul>
    <button type="button" class="btn" data-act="conv-link" onClick=${make}><${Icon} name="link" size="s" />${t('conv.link')}</button>
    ${link && html`<input class="input" readonly data-field="conv-link" aria-label=${t('invites.link')} value=${link} />`}
    <p class="small soft copied" role="status">${said}</p></div>`;
}

/** @param {{ close: () => void }} props */
export function ConvMembersDialog({ close }) {
  const { state, act, t } = useApp();
  const conv = state.convs.chosen ? state.convs.list[state.convs.chosen] : null;
  useEffect(() => { if (conv) act.convs.loadMembers(conv.conv); }, []);
  if (!conv) return null;
  const members = state.convs.members[conv.conv] ?? [];
  return html`<${Dialog} title=${t('conv.people')} onClose=${close} name="conv-members">
    ${conv.role !== 'member' && conv.state === 'open' && html`<${Asking} conv=${conv} />`}
    <ul class="rows">${members.map((m) => html`<${MemberRow} key=${m.user} conv=${conv} member=${m} />`)}</ul><//>`;
}

/** @param {{ close: () => void }} props */
export function ConvLeaveDialog({ close }) {
  const { state, act, t } = useApp();
  const conv = state.convs.chosen ? state.convs.list[state.convs.chosen] : null;
  if (!conv) return null;
  const last = conv.role === 'owner';
  const go = () => {
    act.convs.leave(conv.conv);
    close();
  };
  return html`<${Dialog} title=${t(last ? 'conv.room_delete' : 'conv.leave')} onClose=${close} name="conv-leave">
    <p>${t(last ? 'conv.delete_text' : 'conv.leave_text', { name: conv.title })}</p>
    <div class="dialog-foot"><button type="button" class="btn" data-first onClick=${close}>${t('cancel')}</button>
      <button type="button" class="btn danger" data-act="conv-leave-go" onClick=${go}>${t(last ? 'conv.room_delete' : 'conv.leave')}</button></div><//>`;
}
