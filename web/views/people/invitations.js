// Links that let others make an account here.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { LinkBox } from '../share.js';
import { Refused, Submit } from './form.js';
import { LinkLine, LinkTerms, TERMS } from './link-terms.js';

export function Invitations() {
  const { state, act, t } = useApp();
  const { user, policy, invites, made } = state.account;
  const [terms, setTerms] = useState(TERMS);
  const may = user?.role === 'admin' || !!policy?.user_invites;
  useEffect(() => { if (may) act.account.loadInvites(); }, [may]);
  if (!may) return null;
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    act.account.invite(terms);
  };
  return html`<section class="card me-card" aria-labelledby="me-invites">
    <h2 id="me-invites">${t('invites.title')}</h2>
    <p class="soft small">${t('invites.more')}</p>
    <form class="stack" onSubmit=${submit}>
      <${LinkTerms} terms=${terms} set=${setTerms} />
      <${Submit} what="invite_make" name="make-invite" text=${t('invites.make')} cls="btn primary wide" />
      <${Refused} what="invite_make" />
    </form>
    ${made && html`<${LinkBox} key=${made} link=${made} title="madang" name="invite-link" label=${t('invites.link')} />`}
    ${(invites ?? []).length > 0 && html`<ul class="lines" data-invites>${(invites ?? []).map((i) => html`<${LinkLine} key=${i.key} link=${i} end=${() => act.account.endInvite(i.key)} />`)}</ul>`}
  </section>`;
}
