// Programs that act for one, and all of one's data as a file.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { askOf } from '../../domain/account.js';
import { useApp, useUid } from '../context.js';
import { duration, size } from '../format.js';
import { CopyBox } from '../share.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { ago } from './avatar.js';
import { Field, Refused, Submit } from './form.js';
import { Question } from './question.js';

/** @typedef {import('../../domain/account.js').OwnToken} OwnToken */
/** @typedef {import('../../domain/account.js').TokenScope} TokenScope */

export const SCOPES = /** @type {const} */ (['messages', 'calls', 'directory']);
const DAY_S = 86_400;
const TIMES = [7 * DAY_S, 30 * DAY_S, 365 * DAY_S, 0];

/** @param {{ token: OwnToken }} props */
function Token({ token: k }) {
  const { act, t, lang } = useApp();
  const [asked, ask] = useState(false);
  const over = k.expires && k.expires < Date.now();
  const until = k.expires ? t(over ? 'token.over' : 'invites.until', { date: new Date(k.expires).toLocaleDateString(lang, { dateStyle: 'medium' }) }) : t('token.always');
  return html`<li class="me-line asks" data-token=${k.key}><${Icon} name="key" />
    <span class="grow"><span class="cut">${k.name}</span><span class="small soft hint">${k.scopes.map((s) => t(`token.scope_${s}`)).join(', ')}</span>
      <span class="small soft hint">${[k.used ? t('passkey.used', { when: ago(k.used, lang) }) : t('passkey.unused'), until].join(' · ')}</span></span>
    ${!asked && html`<button type="button" class="btn" data-act="end-token" aria-label=${t('token.end_this', { name: k.name })} onClick=${() => ask(true)}>${t('token.end')}</button>`}
    ${asked && html`<${Question} text=${t('token.ask_end', { name: k.name })} yes=${t('token.end')} name="end-token" run=${() => act.account.endToken(k.key)} cancel=${() => ask(false)} />`}</li>`;
}

export function Tokens() {
  const { state, act, t, setUi } = useApp();
  const { tokens } = state.account;
  useEffect(() => { act.account.loadTokens(); }, []);
  return html`<section class="card me-card" aria-labelledby="me-tokens">
    <h2 id="me-tokens">${t('token.title')}</h2>
    <p class="soft small">${t('token.more')}</p>
    ${(tokens ?? []).length > 0 && html`<ul class="lines">${(tokens ?? []).map((k) => html`<${Token} key=${k.key} token=${k} />`)}</ul>`}
    <${Refused} what="token_end" />
    <button type="button" class="btn" data-act="new-token" onClick=${() => setUi({ dialog: 'token' })}>${t('token.new')}</button>
  </section>`;
}

/** The token, once: there is no way past it but to say that it is kept.
 * @param {{ token: string, close: () => void }} props */
function Made({ token, close }) {
  const { t } = useApp();
  const [kept, keep] = useState(false);
  return html`<p>${t('token.once')}</p>
    <${CopyBox} value=${token} label=${t('token.title')} name="token" first />
    <label class="check"><input type="checkbox" data-field="token-kept" checked=${kept} onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => keep(e.currentTarget.checked)} /><span>${t('token.kept')}</span></label>
    <div class="dialog-foot"><button type="button" class="btn primary" data-act="token-done" disabled=${!kept} onClick=${close}>${t('codes.done')}</button></div>`;
}

/** @param {{ close: () => void }} props */
export function TokenDialog({ close }) {
  const { state, act, t, lang } = useApp();
  const { token } = state.account;
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState(/** @type {TokenScope[]} */ ([]));
  const [time, setTime] = useState(30 * DAY_S);
  const id = useUid();
  useEffect(() => () => {
    act.account.tokenKept();
    act.account.forget('token_make');
  }, []);
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    act.account.makeToken({ name: name.trim(), scopes, ...(time ? { ttl_s: time } : {}) });
  };
  const turn = (/** @type {TokenScope} */ s, /** @type {boolean} */ on) =>
    setScopes(SCOPES.filter((x) => (x === s ? on : scopes.includes(x))));
  return html`<${Dialog} title=${t('token.new')} onClose=${token ? undefined : close} name="token">
    ${token ? html`<${Made} token=${token} close=${close} />` : html`<form class="stack" onSubmit=${submit} novalidate>
      <${Field} label=${t('token.name')} name="token-name" value=${name} onValue=${setName} first max=${64} placeholder=${t('token.name_hint')} />
      <fieldset class="field"><legend class="group-label">${t('token.scopes')}</legend>
        ${SCOPES.map((s) => html`<label key=${s} class="check"><input type="checkbox" data-field=${`scope-${s}`} checked=${scopes.includes(s)} onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => turn(s, e.currentTarget.checked)} />
          <span>${t(`token.scope_${s}`)}<span class="small soft hint">${t(`token.scope_${s}_more`)}</span></span></label>`)}</fieldset>
      <div class="field"><label for=${id}>${t('token.time')}</label>
        <select class="select" id=${id} data-field="token-time" onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ e) => setTime(Number(e.currentTarget.value))}>
          ${TIMES.map((s) => html`<option key=${s} value=${s} selected=${s === time}>${s ? duration(s, lang) : t('token.always')}</option>`)}</select></div>
      <${Refused} what="token_make" />
      <div class="dialog-foot"><button type="button" class="btn" onClick=${close}>${t('cancel')}</button>
        <${Submit} what="token_make" name="token-go" text=${t('token.make')} disabled=${!name.trim() || scopes.length === 0} cls="btn primary" /></div>
    </form>`}
  <//>`;
}

/** All of one's own, to take elsewhere. */
export function Export() {
  const { state, act, t, lang } = useApp();
  const { exported } = state.account;
  const { busy } = askOf(state.account, 'export');
  const good = exported && exported.expires > Date.now() ? exported : null;
  const until = new Date(good?.expires ?? 0).toLocaleString(lang, { dateStyle: 'medium', timeStyle: 'short' });
  return html`<section class="card me-card" aria-labelledby="me-export" aria-busy=${String(busy)}>
    <h2 id="me-export">${t('export.title')}</h2>
    <p class="soft small">${t('export.more')}</p>
    ${good && !busy && html`<div class="me-line"><${Icon} name="file" /><span class="grow">madang.json<span class="small soft hint">${[size(good.size, lang), t('invites.until', { date: until })].join(' · ')}</span></span>
      <a class="btn primary" data-act="download-export" href=${`/api/file/${good.file}`} download="madang.json"><${Icon} name="download" size="s" />${t('export.download')}</a></div>`}
    <p class=${busy ? 'small soft with-spinner' : 'unseen'} role="status">${busy ? html`<span class="spinner"></span>${t('export.busy')}` : good ? t('export.done') : ''}</p>
    <${Refused} what="export" />
    <button type="button" class="btn" data-act="export" disabled=${busy} onClick=${() => act.account.exportAll()}>${t(good ? 'export.again' : 'export.go')}</button>
  </section>`;
}
