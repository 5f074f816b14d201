// One person on the stage: picture or face, name, and how they are.
import { html, useRef } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { HandSign } from './order/hand.js';
import { PersonMenu } from './person-menu.js';
import { useSeen } from './seen.js';
import { Face } from './ui/face.js';
import { Icon } from './ui/icon.js';
import { Video } from './video.js';

/** @typedef {import('../domain/types.js').Person} Person */
/** @typedef {import('./layout.js').Box} Box */

/** @param {Box | null | undefined} box */
const place = (box) => (box
  ? { transform: `translate(${box.x}px, ${box.y}px)`, width: `${box.w}px`, height: `${box.h}px` }
  : { display: 'none' });

/** The name to show, with the tag where two have the same. @param {{ name: string, suffix: string }} p */
export const fullName = (p) => (p.suffix ? `${p.name} #${p.suffix.replace(/^#/, '')}` : p.name);

/** What is shown of somebody: '' or the key of a word.
 *  @param {Person} p @param {import('../domain/types.js').PeerState | undefined} peer */
export function linkState(p, peer) {
  if (p.self) return '';
  if (p.away || p.ghost) return 'tile.away';
  if (!p.media || !peer || peer.phase === 'closed') return '';
  if (peer.phase === 'connected') return '';
  if (peer.blocked) return 'tile.blocked';
  return peer.met || peer.phase === 'failed' || peer.phase === 'disconnected' ? 'tile.reconnecting' : 'tile.connecting';
}

/** @param {{ quality: 0 | 1 | 2 | 3 }} props */
function Quality({ quality }) {
  const { t } = useApp();
  if (quality >= 2) return null;
  return html`<span class=${`quality q${quality}`} title=${t('tile.weak')}><i></i><i></i><i></i><span class="unseen">${t('tile.weak')}</span></span>`;
}

/** @typedef {'pinned' | 'speaker' | 'visible' | 'thumbnail'} Rank  how much its picture matters */
/** @param {{ person: Person, box: Box | null | undefined, pip: boolean, rank: Rank,
 *   onRatio: (r: number) => void }} props */
export function Tile({ person: p, box, pip, rank, onRatio }) {
  const { state, act, t } = useApp();
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  useSeen(ref, p.self ? null : p.session, 'camera', rank);
  const { media, intent } = state;
  const peer = state.peers[p.session];
  const id = p.self ? (media.camera.phase === 'live' ? media.camera.stream : null) : (p.cam ? peer?.camera ?? null : null);
  const mic = p.self ? intent.mic && !intent.listenOnly && media.mic.phase !== 'error' : p.mic;
  const speaking = mic && (p.self ? media.speaking : !!peer?.speaking);
  const link = linkState(p, peer);
  const name = p.self ? t('tile.you') : fullName(p);
  const states = [link && t(link), !mic && t('tile.mic_off'), !id && t('tile.cam_off'), p.screen && t('tile.screen'), rank === 'pinned' && t('tile.pinned')].filter(Boolean).join(', ');
  return html`<figure ref=${ref} class=${`tile ${pip ? 'pip' : ''} ${speaking ? 'speaking' : ''} ${link ? 'dim' : ''}`} style=${place(box)}
      data-session=${p.session} data-self=${p.self ? '1' : undefined} data-link=${link || undefined} data-rank=${rank}>
    ${id ? html`<${Video} id=${id} mirror=${p.self && intent.facing === 'user'} label=${t(p.self ? 'prejoin.preview' : 'tile.video', { name })} onRatio=${onRatio} />`
      : html`<div class="tile-face"><${Face} session=${p.session} name=${p.name} size="xl" /></div>`}
    <${HandSign} session=${p.session} cls="tile-hand" />
    ${link && html`<span class=${`tile-link ${link === 'tile.blocked' ? 'long' : ''}`}><${Icon} name=${p.away ? 'away' : 'wait'} size="s" /><span>${t(link)}</span>
        ${link === 'tile.blocked' && html`<button type="button" class="btn" data-act="retry-call" onClick=${() => act.retryCall()}>${t('do.retry')}</button>`}</span>`}
    <figcaption class="tile-name">
      ${rank === 'pinned' && html`<span class="tile-pin" title=${t('tile.pinned')}><${Icon} name="pin" size="s" /></span>`}
      ${!mic && html`<${Icon} name="mic-off" size="s" />`}
      <span class="cut" aria-hidden="true">${name}</span>
      <span class="unseen">${states ? `${name}: ${states}` : name}</span>
      ${peer?.stats && html`<${Quality} quality=${peer.stats.quality} />`}
    </figcaption>
    ${!p.self && !pip && html`<span class="tile-menu"><${PersonMenu} person=${p} place="down end" /></span>`}
    ${p.self && media.canFlip && id && html`<button type="button" class="round small tile-flip" data-act="flip" aria-label=${t('cam.flip')} title=${t('cam.flip')}
      onClick=${() => act.flipCamera()}><${Icon} name="flip" /></button>`}
  </figure>`;
}

/** @param {{ person: Person, id: string, box: Box }} props */
export function ScreenTile({ person: p, id, box }) {
  const { act, t } = useApp();
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  useSeen(ref, p.self ? null : p.session, 'screen', 'visible');
  return html`<figure ref=${ref} class="tile screen" style=${place(box)} data-screen=${p.session}>
    ${p.self ? html`<div class="tile-face own-screen"><${Icon} name="screen" size="l" /><p>${t('screen.own')}</p>
        <button type="button" class="btn danger" data-act="stop-screen" onClick=${() => act.stopScreen()}>${t('screen.stop')}</button></div>`
      : html`<${Video} id=${id} whole label=${t('screen.of', { name: fullName(p) })} />
        <figcaption class="tile-name"><${Icon} name="screen" size="s" /><span class="cut">${t('screen.of', { name: fullName(p) })}</span></figcaption>`}
  </figure>`;
}
