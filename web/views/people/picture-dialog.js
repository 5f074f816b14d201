// Choosing one's picture, or that of a room, and moving it into its circle: by finger, mouse or arrow keys.
import { html, useEffect, useRef, useState } from '../../vendor/htm-preact.js';
import { askOf } from '../../domain/account.js';
import { useApp, useUid } from '../context.js';
import { Dialog } from '../ui/dialog.js';
import { useRoom } from './conv-room.js';
import { Refused, useDone } from './form.js';
import { decode, draw, dragged, encode } from './picture.js';

/** @typedef {import('./picture.js').Crop} Crop */

const START = { x: 0.5, y: 0.5, zoom: 1 };
const STEP = 0.04;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };

/** @param {{ picture: ImageBitmap, crop: Crop, setCrop: (c: Crop) => void }} props */
function Cutter({ picture, crop, setCrop }) {
  const { t } = useApp();
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const from = useRef(/** @type {{ x: number, y: number } | null} */ (null));
  const id = useUid();
  useEffect(() => { if (canvas.current) draw(canvas.current, picture, crop); }, [picture, crop]);
  const move = (/** @type {PointerEvent} */ e) => {
    if (!from.current || !canvas.current) return;
    const size = canvas.current.clientWidth;
    const { x, y } = from.current;
    setCrop(dragged(crop, (e.clientX - x) / size, (e.clientY - y) / size, picture.width, picture.height));
    from.current = { x: e.clientX, y: e.clientY };
  };
  const key = (/** @type {KeyboardEvent} */ e) => {
    const arrow = ARROWS[e.key];
    if (!arrow) return;
    e.preventDefault();
    setCrop(dragged(crop, arrow[0], arrow[1], picture.width, picture.height));
  };
  return html`<div class="cutter">
    <canvas ref=${canvas} class="cutter-picture" width="320" height="320" tabindex="0" role="img" aria-label=${t('picture.move')} onKeyDown=${key} onPointerMove=${move}
      onPointerDown=${(/** @type {PointerEvent & { currentTarget: Element }} */ e) => { from.current = { x: e.clientX, y: e.clientY }; e.currentTarget.setPointerCapture(e.pointerId); }}
      onPointerUp=${() => { from.current = null; }} onPointerCancel=${() => { from.current = null; }}></canvas>
    <label class="small soft" for=${id}>${t('picture.zoom')}</label>
    <input id=${id} type="range" min="1" max="4" step="0.05" data-field="zoom" value=${crop.zoom}
      onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => setCrop(dragged({ ...crop, zoom: Number(e.currentTarget.value) }, 0, 0, picture.width, picture.height))} />
    <p class="small soft">${t('picture.move_more')}</p>
  </div>`;
}

/** What it is asked for as (`what`), and whether there is one that can be taken away (`has`).
 * @param {{ title: string, what: string, has: boolean, close: () => void,
 *   set: (p: { small: Blob, large: Blob } | null) => void }} props */
function Chooser({ title, what, has, set, close }) {
  const { state, t } = useApp();
  const [picture, setPicture] = useState(/** @type {ImageBitmap | null} */ (null));
  const [crop, setCrop] = useState(START);
  const [wrong, setWrong] = useState('');
  const { busy } = askOf(state.account, what);
  useDone(what, close);
  useEffect(() => () => picture?.close(), [picture]);
  const chosen = async (/** @type {{ currentTarget: HTMLInputElement }} */ e) => {
    const file = e.currentTarget.files?.[0];
    e.currentTarget.value = '';
    if (!file) return;
    setWrong('');
    try {
      setPicture(await decode(file));
      setCrop(START);
    } catch (code) {
      setWrong(/** @type {any} */ (code).code);
    }
  };
  const keep = async () => { if (picture) set(await encode(picture, crop)); };
  return html`<${Dialog} title=${title} onClose=${close} name="picture">
    ${picture && html`<${Cutter} picture=${picture} crop=${crop} setCrop=${setCrop} />`}
    <label class="btn wide file-btn ${picture ? '' : 'primary'}">${t(picture ? 'picture.other' : 'picture.choose')}
      <input type="file" accept="image/*" data-field="picture" class="unseen" onChange=${chosen} /></label>
    ${wrong && html`<p class="refused" role="alert" data-problem=${wrong}>${t(`error.${wrong}`)}</p>`}
    <${Refused} what=${what} />
    <div class="dialog-foot">
      ${has && !picture && html`<button type="button" class="btn" data-act="no-picture" disabled=${busy} onClick=${() => set(null)}>${t('picture.none')}</button>`}
      ${picture && html`<button type="button" class="btn primary" data-act="keep-picture" disabled=${busy} onClick=${keep}>${busy && html`<span class="spinner on-accent"></span>`}${t('save')}</button>`}
    </div>
  <//>`;
}

/** @param {{ close: () => void }} props */
export function PictureDialog({ close }) {
  const { state, act, t } = useApp();
  return html`<${Chooser} title=${t('picture.title')} what="avatar" has=${(state.account.user?.avatar ?? 0) > 0} set=${act.account.setAvatar} close=${close} />`;
}

/** Of the room whose thread is open. @param {{ close: () => void }} props */
export function RoomPictureDialog({ close }) {
  const { act, t } = useApp();
  const conv = useRoom();
  useEffect(() => { if (!conv) close(); }, [!conv]); // put out of it meanwhile
  if (!conv) return null;
  return html`<${Chooser} title=${t('stay.picture')} what="room_picture" has=${conv.picture > 0} close=${close}
    set=${(/** @type {{ small: Blob, large: Blob } | null} */ p) => act.stay.setPicture(conv.conv, p)} />`;
}
