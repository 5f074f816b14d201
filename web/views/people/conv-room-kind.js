// Who gets into a room that stays.
import { html } from '../../vendor/htm-preact.js';
import { useApp, useUid } from '../context.js';

/** @typedef {'public' | 'unlisted' | 'private'} Kind */
export const KINDS = /** @type {const} */ (['private', 'unlisted', 'public']);

/** As the server is told. @param {Kind} kind */
export const kindFields = (kind) => ({ public: kind === 'public', unlisted: kind === 'unlisted' });

/** @param {{ kind: Kind, set: (kind: Kind) => void }} props */
export function RoomKind({ kind, set }) {
  const { t } = useApp();
  const id = useUid();
  return html`<fieldset class="field choices"><legend class="group-label">${t('stay.kind')}</legend>
    ${KINDS.map((k) => html`<label key=${k} class="choice"><input type="radio" name=${id} data-field=${`kind-${k}`} checked=${k === kind} onChange=${() => set(k)} />
      <span><b>${t(`stay.kind_${k}`)}</b><span class="small soft hint">${t(`stay.kind_${k}_more`)}</span></span></label>`)}
  </fieldset>`;
}
