// Programs that send into a room or show it (WHIP and WHEP): whether they may, and a token for one, shown
// once.
import { html, useState } from '../../vendor/htm-preact.js';
import { useApp, useUid } from '../context.js';
import { duration } from '../format.js';
import { Switch } from '../people/form.js';
import { mayModerate } from '../people/here.js';
import { Numbers } from '../people/link-terms.js';
import { Problem } from '../problem.js';
import { CopyBox } from '../share.js';
import { Dialog } from '../ui/dialog.js';

const DAY_S = 86_400;
const TIMES = [3600, DAY_S, 30 * DAY_S];
/** @typedef {'publish' | 'view' | 'both'} Right */
/** @typedef {{ token: string, right: Right, name: string }} Token */
export const RIGHTS = /** @type {Right[]} */ (['publish', 'view', 'both']);

/** Where programs go. @param {string} link  of the room @param {string} name */
export function addresses(link, name) {
  const { origin, pathname } = new URL(link);
  const room = pathname.split('/').pop() ?? '';
  const base = (/** @type {string} */ what) => `${origin}/${what}/${room}`;
  return { whip: `${base('whip')}/${encodeURIComponent(name)}`, whep: base('whep'), watch: base('watch') };
}

/** @param {Token & { close: () => void }} props */
function Made({ token, right, name, close }) {
  const { app, state, t } = useApp();
  const { whip, whep, watch } = addresses(app.link(state.current ?? ''), name);
  const box = (/** @type {string} */ what, /** @type {string} */ value, first = false) => html`<div class="field"><p class="group-label">${t(`programs.${what}`)}</p>
    <${CopyBox} value=${value} label=${t(`programs.${what}`)} name=${what} first=${first} /></div>`;
  return html`<div class="stack-s programs-made">
    <p>${t('programs.once')}</p>
    ${box('token', token, true)}
    ${right !== 'view' && box('whip', whip)}
    ${right !== 'publish' && box('whep', whep)}
    ${right !== 'publish' && box('watch', `${watch}#${token}`)}
    ${right !== 'publish' && html`<p class="small soft">${t('programs.watch_more')}</p>`}
    <div class="dialog-foot"><button type="button" class="btn primary" data-act="programs-done" onClick=${close}>${t('codes.done')}</button></div></div>`;
}

/** @param {{ made: (token: Token) => void }} props */
function Make({ made }) {
  const { act, t, lang } = useApp();
  const [right, setRight] = useState(/** @type {Right} */ ('publish'));
  const [time, setTime] = useState(DAY_S);
  const [name, setName] = useState('OBS');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const id = useUid();
  const submit = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setBusy(true);
    const got = await act.order.token({ publish: right !== 'view', view: right !== 'publish', ttl_s: time });
    setBusy(false);
    setError('error' in got ? got.error : '');
    if ('token' in got) made({ token: got.token, right, name: name.trim() });
  };
  return html`<form class="stack" onSubmit=${submit} novalidate>
    <fieldset class="field"><legend class="group-label">${t('programs.may')}</legend>
      <div class="segments">${RIGHTS.map((r) => html`<label key=${r}><input type="radio" name=${id} data-field=${`right-${r}`} checked=${right === r} onChange=${() => setRight(r)} />
        <span>${t(`programs.${r}`)}</span></label>`)}</div></fieldset>
    ${right !== 'view' && html`<div class="field"><label for=${`${id}n`}>${t('programs.name')}</label>
      <input class="input" id=${`${id}n`} data-field="program-name" maxlength="32" autocomplete="off" spellcheck=${false} value=${name}
        onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => setName(e.currentTarget.value)} /></div>`}
    <${Numbers} legend=${t('programs.time')} name="ttl" values=${TIMES} value=${time} set=${setTime} word=${(/** @type {number} */ n) => duration(n, lang)} />
    ${error && html`<${Problem} code=${error} run=${() => setError('')} bad />`}
    <button class="btn primary wide" data-act="make-token" disabled=${busy || (right !== 'view' && !name.trim())}>${t('programs.make')}</button>
  </form>`;
}

/** @param {{ close: () => void }} props */
export function ProgramsDialog({ close }) {
  const { state, act, t } = useApp();
  const here = state.current ? state.rooms[state.current] : null;
  const [made, setMade] = useState(/** @type {Token | null} */ (null));
  if (!here || !mayModerate(state)) return null;
  const on = !!here.room.programs;
  return html`<${Dialog} title=${t('programs.title')} onClose=${close} name="programs">
    ${made ? html`<${Made} ...${made} close=${() => setMade(null)} />` : html`<div class="stack">
      <p class="soft">${t('programs.more')}</p>
      <${Switch} label=${t('programs.on')} more=${t('programs.on_more')} on=${on} name="rule-programs" set=${(/** @type {boolean} */ v) => act.roomSet({ programs: v })} />
      ${on && html`<${Make} made=${setMade} />`}
    </div>`}<//>`;
}
