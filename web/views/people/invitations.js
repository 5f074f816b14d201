// Links that let others make an account here.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { LinkBox } from '../share.js';
import { Icon } from '../ui/icon.js';
import { Refused, Submit } from './form.js';

const DAY_S = 86_400;
const USES = [1, 5, 20];

export function Invitations() {
  const { state, act, t, lang } = useApp();
  const { user, policy, invites, made } = state.account;
  const [uses, setUses] = useState(1);
  const may = user?.role === 'admin' || !!policy?.user_invites;
  useEffect(() => { if (may) act.account.loadInvites(); }, [may]);
  if (!may) return null;
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    act.account.invite({ uses, ttl_s: 7 * DAY_S });
  };
  return html`<section class="card me-card" aria-labelledby="me-invites">
    <h2 id="me-invites">${t('invites.title')}</h2>
    <p class="soft small">${t('invites.more')}</p>
    <form class="stack-s" onSubmit=${submit}>
      <fieldset class="field"><legend class="group-label">${t('invites.uses')}</legend>
        <div class="segments">${USES.map((n) => html`<label key=${n}><input type="radio" name="invite-uses" checked=${uses === n} onChange=${() => setUses(n)} /><span class="tnum">${t('invites.people', { count: n })}</span></label>`)}</div></fieldset>
      <${Submit} what="invite_make" name="make-invite" text=${t('invites.make')} cls="btn primary wide" />
      <${Refused} what="invite_make" />
    </form>
    ${made && html`<${LinkBox} key=${made} link=${made} title="madang" name="invite-link" label=${t('invites.link')} />`}
    <ul class="lines">${(invites ?? []).map((i) => html`<li key=${i.key} class="me-line" data-invite=${i.key}><${Icon} name="link" />
      <span class="grow">${t('invites.left', { count: i.uses_left })}<span class="small soft hint">${t('invites.until', { date: new Date(i.expires).toLocaleDateString(lang, { dateStyle: 'medium' }) })}</span></span>
      <button type="button" class="btn" data-act="end-invite" onClick=${() => act.account.endInvite(i.key)}>${t('invites.end')}</button></li>`)}</ul>
  </section>`;
}
