// Rooms that stay: what one may do with one's room, making one, what it is called and how long it keeps,
// archiving it and leaving. Who may do what is the server's to say; the page shows only what it would allow.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { kindOf, retentions } from '../../domain/stay.js';
import { useApp, useUid } from '../context.js';
import { duration } from '../format.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { Menu } from '../ui/menu.js';
import { RoomKind, kindFields } from './conv-room-kind.js';
import { Lock } from './conv-room-lock.js';
import { Field, Refused, Submit, useDone } from './form.js';
import { RoomSign } from './room-sign.js';

/** @typedef {import('../../domain/convs.js').Conv} Conv */

export const TITLE_MAX = 64;
export const TOPIC_MAX = 300;

/** The room whose thread is open. @returns {Conv | null} */
export function useRoom() {
  const { convs } = useApp().state;
  return (convs.chosen && convs.list[convs.chosen]) || null;
}

/** @param {{ conv: Conv }} props */
export function RoomMenu({ conv }) {
  const { act, t, setUi } = useApp();
  const archived = conv.state === 'archived';
  const many = conv.role !== 'member';
  const owner = conv.role === 'owner';
  const last = owner && conv.members <= 1;
  if (conv.state === 'request') return null; // one is not in it yet
  /** @type {import('../ui/menu.js').MenuItem[]} */
  const items = [
    { text: t('conv.people'), icon: 'people', key: 'members', run: () => setUi({ dialog: 'conv-members' }) },
    ...(many && !archived ? [
      { text: t('stay.links'), icon: 'link', key: 'links', run: () => setUi({ dialog: 'conv-links' }) },
      { text: t('stay.settings'), icon: 'settings', key: 'edit-room', run: () => setUi({ dialog: 'conv-edit' }) },
    ] : []),
    ...(owner ? [archived ? { text: t('stay.bring_back'), icon: 'archive', key: 'bring-back', run: () => { act.stay.archive(conv.conv, false); } }
      : { text: t('stay.archive'), icon: 'archive', key: 'archive', run: () => setUi({ dialog: 'conv-archive' }) }] : []),
    { line: true },
    { text: t(last ? 'conv.room_delete' : 'conv.leave'), icon: 'sign-out', key: 'leave-conv', danger: true, run: () => setUi({ dialog: 'conv-leave' }) },
  ];
  return html`<${Menu} items=${items} label=${t('conv.room_menu', { name: conv.title })} name="conv" />`;
}

/** @param {{ title: string, setTitle: (v: string) => void, topic: string,
 *   setTopic: (v: string) => void }} props */
function Names({ title, setTitle, topic, setTopic }) {
  const { t } = useApp();
  return html`<${Field} label=${t('conv.room_title')} name="conv-title" value=${title} onValue=${setTitle} first max=${TITLE_MAX} />
    <${Field} label=${t('conv.room_topic')} name="conv-topic" value=${topic} onValue=${setTopic} max=${TOPIC_MAX} />`;
}

/** @param {{ close: () => void }} props */
export function ConvRoomDialog({ close }) {
  const { act, t } = useApp();
  const [title, setTitle] = useState('');
  const [topic, setTopic] = useState('');
  const [kind, setKind] = useState(/** @type {import('./conv-room-kind.js').Kind} */ ('private'));
  const [locked, setLocked] = useState(false);
  const [password, setPassword] = useState('');
  useDone('room_make', close);
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    const about = topic.trim();
    act.stay.make({ title: title.trim(), ...(about ? { topic: about } : {}), ...kindFields(kind) }, locked ? password : '');
  };
  return html`<${Dialog} title=${t('conv.room_new')} onClose=${close} name="conv-room">
    <form class="stack" onSubmit=${submit} novalidate>
      <p class="soft">${t('conv.room_more')}</p>
      <${Names} title=${title} setTitle=${setTitle} topic=${topic} setTopic=${setTopic} />
      <${RoomKind} kind=${kind} set=${setKind} />
      <${Lock} on=${locked} setOn=${setLocked} password=${password} setPassword=${setPassword} />
      <${Refused} what="room_make" />
      <div class="dialog-foot"><button type="button" class="btn" onClick=${close}>${t('cancel')}</button>
        <${Submit} what="room_make" name="conv-room-go" text=${t('conv.room_go')} disabled=${!title.trim() || (locked && !password)} cls="btn primary" /></div>
    </form><//>`;
}

/** @param {{ conv: Conv }} props */
function Picture({ conv }) {
  const { t, setUi } = useApp();
  return html`<div class="me-line"><${RoomSign} room=${conv} large /><span class="grow"></span>
    <button type="button" class="btn" data-act="room-picture" onClick=${() => setUi({ dialog: 'conv-picture' })}><${Icon} name="photo" size="s" />${t('me.picture')}</button></div>`;
}

/** @param {{ now: number, value: number, set: (s: number) => void }} props */
function Retention({ now, value, set }) {
  const { state, t, lang } = useApp();
  const id = useUid();
  const server = state.account.policy?.retention_s ?? 0;
  const word = (/** @type {number} */ s) => (s ? duration(s, lang) : server ? t('stay.keep_server', { time: duration(server, lang) }) : t('stay.keep_always'));
  return html`<div class="field"><label for=${id}>${t('stay.keep')}</label>
    <select class="select" id=${id} data-field="retention" onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ e) => set(Number(e.currentTarget.value))}>
      ${retentions(server, now).map((s) => html`<option key=${s} value=${s} selected=${s === value}>${word(s)}</option>`)}</select>
    <p class="hint">${t('stay.keep_more')}</p></div>`;
}

/** @param {{ conv: Conv, close: () => void }} props */
function Edit({ conv, close }) {
  const { act, t, lang } = useApp();
  const was = { kind: kindOf(conv), keep: conv.retention_s ?? 0, locked: !!conv.password };
  const [title, setTitle] = useState(conv.title);
  const [topic, setTopic] = useState(conv.topic);
  const [kind, setKind] = useState(was.kind);
  const [keep, setKeep] = useState(was.keep);
  const [locked, setLocked] = useState(was.locked);
  const [password, setPassword] = useState('');
  useDone('room_edit', close);
  const owner = conv.role === 'owner';
  const fields = {
    ...(title.trim() !== conv.title ? { title: title.trim() } : {}),
    ...(topic.trim() !== conv.topic ? { topic: topic.trim() } : {}),
    ...(kind !== was.kind ? kindFields(kind) : {}), ...(keep !== was.keep ? { retention_s: keep } : {}),
  };
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    const lock = !locked && was.locked ? '' : locked && password ? password : undefined;
    if (Object.keys(fields).length || lock !== undefined) act.stay.edit(conv.conv, fields, lock);
    else close();
  };
  const shorter = keep > 0 && (!was.keep || keep < was.keep);
  return html`<form class="stack" onSubmit=${submit} novalidate>
    <${Picture} conv=${conv} />
    <${Names} title=${title} setTitle=${setTitle} topic=${topic} setTopic=${setTopic} />
    ${owner && html`<${RoomKind} kind=${kind} set=${setKind} />
      <${Lock} on=${locked} setOn=${setLocked} had=${was.locked} password=${password} setPassword=${setPassword} /><${Retention} now=${was.keep} value=${keep} set=${setKeep} />`}
    ${shorter && html`<p class="refused" role="status"><${Icon} name="warn" size="s" /><span>${t('stay.keep_shorter', { time: duration(keep, lang) })}</span></p>`}
    <${Refused} what="room_edit" />
    <div class="dialog-foot"><button type="button" class="btn" onClick=${close}>${t('cancel')}</button>
      <${Submit} what="room_edit" name="conv-edit-go" text=${t('save')} disabled=${!title.trim() || (locked && !was.locked && !password)} cls="btn primary" /></div>
  </form>`;
}

/** @param {{ close: () => void }} props */
export function ConvEditDialog({ close }) {
  const { t } = useApp();
  const conv = useRoom();
  const may = conv && conv.role !== 'member' && conv.state === 'open';
  useEffect(() => { if (!may) close(); }, [may]); // put out of it, or of the rank, meanwhile
  return may ? html`<${Dialog} title=${t('stay.settings')} onClose=${close} name="conv-edit"><${Edit} conv=${conv} close=${close} /><//>` : null;
}

/** Says in words what will be, with the way back first.
 * @param {{ name: string, title: string, text: string, yes: string, run: () => void, close: () => void,
 *   danger?: boolean }} props */
function Confirm({ name, title, text, yes, run, close, danger = true }) {
  const { t } = useApp();
  const go = () => {
    run();
    close();
  };
  return html`<${Dialog} title=${title} onClose=${close} name=${name}>
    <p>${text}</p>
    <div class="dialog-foot"><button type="button" class="btn" data-first onClick=${close}>${t('cancel')}</button>
      <button type="button" class=${`btn ${danger ? 'danger' : 'primary'}`} data-act=${`${name}-go`} onClick=${go}>${yes}</button></div><//>`;
}

/** @param {{ close: () => void }} props */
export function ConvArchiveDialog({ close }) {
  const { act, t } = useApp();
  const conv = useRoom();
  return conv && html`<${Confirm} name="conv-archive" title=${t('stay.archive')} text=${t('stay.archive_text', { name: conv.title })} yes=${t('stay.archive')} danger=${false}
    run=${() => act.stay.archive(conv.conv, true)} close=${close} />`;
}

/** Somebody has to own a room: who does leaves it alone, or hands it over first.
 * @param {{ close: () => void }} props */
export function ConvLeaveDialog({ close }) {
  const { act, t, setUi } = useApp();
  const conv = useRoom();
  if (!conv) return null;
  const name = conv.title;
  if (conv.role === 'owner' && conv.members > 1) {
    return html`<${Confirm} name="conv-leave" title=${t('conv.leave')} text=${t('stay.leave_owner', { name })} yes=${t('stay.to_members')} danger=${false}
      run=${() => setTimeout(() => setUi({ dialog: 'conv-members' }))} close=${close} />`;
  }
  const last = conv.role === 'owner';
  const text = last ? t('conv.delete_text', { name }) : `${t('conv.leave_text', { name })}${kindOf(conv) === 'private' ? ` ${t('stay.leave_private')}` : ''}`;
  return html`<${Confirm} name="conv-leave" title=${t(last ? 'conv.room_delete' : 'conv.leave')} text=${text} yes=${t(last ? 'conv.room_delete' : 'conv.leave')}
    run=${() => act.stay.leave(conv.conv)} close=${close} />`;
}
