// The stage measures itself and places its tiles; who has no tile sits in the row of faces below.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { stageLayout } from './layout.js';
import { useCall } from './people/call-bar.js';
import { ScreenTile, Tile } from './tile.js';
import { Face } from './ui/face.js';
import { Icon } from './ui/icon.js';

/** @typedef {import('../domain/types.js').Person} Person */
/** @typedef {import('../domain/types.js').State} State */

const FACES = 12; // this many people fit on the stage as tiles, with or without picture

/**
 * Who gets a tile: those with media first (oneself last among them); if all fit, everybody.
 * @param {Person[]} people  in order of arrival, oneself first
 */
export function castOf(people) {
  const others = people.filter((p) => !p.self);
  const self = people.filter((p) => p.self);
  const withMedia = others.filter((p) => p.media);
  const without = others.filter((p) => !p.media);
  if (people.length <= FACES && (withMedia.length === 0 || people.length <= 4)) {
    return { tiles: [...withMedia, ...without, ...self], faces: [] };
  }
  const selfSeen = self.filter((p) => p.media);
  return { tiles: [...withMedia, ...selfSeen], faces: [...without, ...self.filter((p) => !p.media)] };
}

/** Whose screen is shown: the first one that is really there.
 *  @param {State} state @param {Person[]} people */
export function screenOf(state, people) {
  for (const p of people) {
    const own = state.media.screen.phase === 'live' ? state.media.screen.stream : null;
    const id = p.self ? own : state.peers[p.session]?.screen;
    if (id && (p.self || p.screen)) return { person: p, id };
  }
  return null;
}

/** @param {{ people: Person[] }} props */
function Faces({ people }) {
  const { t, setUi } = useApp();
  if (people.length === 0) return null;
  const shown = people.slice(0, 5);
  const more = people.length - shown.length;
  return html`<button type="button" class="faces" data-faces=${people.length} onClick=${() => setUi({ panel: 'people' })}>
    <span class="unseen">${t('stage.others', { count: people.length })}: </span>
    ${shown.map((p) => html`<span key=${p.session} class=${`face-chip ${p.away ? 'away' : ''}`}><${Face} session=${p.session} name=${p.name} size="s" />
      <span class="cut">${p.name}</span></span>`)}
    ${more > 0 && html`<span class="face-chip more">+${more}</span>`}
  </button>`;
}

function Alone() {
  const { t, setUi } = useApp();
  if (useCall()) return html`<div class="alone"><p>${t('ring.connecting')}</p></div>`;
  return html`<div class="alone">
    <p>${t('stage.alone')}</p>
    <button type="button" class="btn primary" onClick=${() => setUi({ dialog: 'share' })}><${Icon} name="link" size="s" />${t('stage.alone_do')}</button>
  </div>`;
}

export function Stage() {
  const { state, t } = useApp();
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const [size, setSize] = useState({ w: 0, h: 0 });
  const [ratios, setRatios] = useState(/** @type {Record<string, number>} */ ({}));
  useLayoutEffect(() => {
    const el = /** @type {HTMLElement} */ (ref.current);
    const measure = () => setSize((old) => (old.w === el.clientWidth && old.h === el.clientHeight
      ? old : { w: el.clientWidth, h: el.clientHeight }));
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  const here = state.rooms[/** @type {string} */ (state.current)];
  const people = here.order.map((id) => here.people[id]).filter(Boolean);
  const { tiles, faces } = castOf(people);
  const screen = screenOf(state, people);
  const other = tiles.length === 2 ? tiles[0] : null;
  // On a tall stage a wide picture would be mostly cut off or mostly bars: then one above the other.
  const pair = !!other && faces.length === 0 && (size.w > size.h || (ratios[other.session] ?? 2) < 1);
  const known = tiles.map((p) => ratios[p.session]).filter(Boolean);
  const tall = known.filter((r) => r < 1).length * 2 > known.length;
  const layout = stageLayout({ tiles: tiles.length, screen: !!screen, pair, tall, w: size.w, h: size.h });
  const boxes = layout.pip ? [layout.big, ...layout.boxes] : layout.boxes;
  useEffect(() => setRatios({}), [here.id]);
  const ratio = (/** @type {string} */ session) => (/** @type {number} */ r) => setRatios((old) =>
    (Math.abs((old[session] ?? 0) - r) < 0.01 ? old : { ...old, [session]: r }));
  return html`<section class="stage" aria-label=${t('stage.name')}>
    <div class="stage-area" ref=${ref}>
      ${screen && layout.big && html`<${ScreenTile} key="screen" person=${screen.person} id=${screen.id} box=${layout.big} />`}
      ${tiles.map((p, i) => html`<${Tile} key=${p.session} person=${p} box=${boxes[i]} pip=${layout.pip && i === 1} onRatio=${ratio(p.session)} />`)}
      ${people.length === 1 && html`<${Alone} />`}
    </div>
    <${Faces} people=${faces} />
  </section>`;
}
