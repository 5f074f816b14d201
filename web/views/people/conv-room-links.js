// Links that lead into a room that stays: made for so many people and so long, passed on, ended.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { kindOf } from '../../domain/stay.js';
import { useApp } from '../context.js';
import { CopyBox, LinkBox } from '../share.js';
import { Dialog } from '../ui/dialog.js';
import { useRoom } from './conv-room.js';
import { Refused, Submit } from './form.js';
import { LinkLine, LinkTerms, TERMS } from './link-terms.js';

/** @param {{ close: () => void }} props */
export function ConvLinksDialog({ close }) {
  const { app, state, act, t } = useApp();
  const conv = useRoom();
  const [terms, setTerms] = useState(TERMS);
  const [made, setMade] = useState('');
  const may = conv && conv.role !== 'member' && conv.state === 'open';
  useEffect(() => {
    if (conv) act.stay.loadLinks(conv.conv);
    return () => act.account.forget('room_link');
  }, []);
  useEffect(() => { if (!may) close(); }, [may]);
  if (!may) return null;
  const links = state.stay.links[conv.conv];
  const submit = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setMade(await act.stay.makeLink(conv.conv, terms) ?? '');
  };
  return html`<${Dialog} title=${t('stay.links')} onClose=${close} name="conv-links">
    ${kindOf(conv) !== 'private' && html`<div class="stack-s"><h3 class="group-label">${t('stay.address')}</h3>
      <${CopyBox} value=${app.link(conv.conv)} label=${t('stay.address')} name="room-address" /><p class="small soft">${t(`stay.address_${kindOf(conv)}`)}</p></div>`}
    <p class="soft">${t('stay.links_more')}</p>
    ${made ? html`<${LinkBox} key=${made} link=${made} title=${conv.title} name="conv-link" label=${t('invites.link')} />
      <button type="button" class="btn" data-act="another-link" onClick=${() => setMade('')}>${t('stay.link_another')}</button>`
    : html`<form class="stack" onSubmit=${submit}>
      <${LinkTerms} terms=${terms} set=${setTerms} />
      <${Refused} what="room_link" />
      <${Submit} what="room_link" name="conv-link" text=${t('invites.make')} cls="btn primary wide" />
    </form>`}
    ${links?.length > 0 && html`<div class="stack-s"><h3 class="group-label">${t('stay.links_good')}</h3>
      <ul class="lines">${links.map((l) => html`<${LinkLine} key=${l.key} link=${l} end=${() => act.stay.endLink(conv.conv, l.key)} />`)}</ul></div>`}
  <//>`;
}
