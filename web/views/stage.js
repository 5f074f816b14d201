// The stage measures itself and places its tiles; who has no tile sits in the row of faces below.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { capacity, pageOf, stageLayout } from './layout.js';
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

/** Through the pages of people. @param {{ page: number, pages: number }} props */
function Pager({ page, pages }) {
  const { t, setUi } = useApp();
  if (pages <= 1) return null;
  const button = (/** @type {'prev' | 'next'} */ way, /** @type {number} */ to) => html`<button type="button" class="icon-btn" data-act=${`page-${way}`}
    aria-label=${t(`keys.${way}`)} title=${`${t(`keys.${way}`)} (${way === 'prev' ? 'PgUp' : 'PgDn'})`} disabled=${to < 0 || to >= pages}
    onClick=${() => setUi({ page: to })}><${Icon} name=${way === 'prev' ? 'back' : 'forward'} /></button>`;
  return html`<nav class="pager" aria-label=${t('stage.pages')}>${button('prev', page - 1)}
    <span class="tnum" role="status" data-pages=${pages}>${t('stage.page', { page: page + 1, pages })}</span>
    ${button('next', page + 1)}</nav>`;
}

/**
 * Who is shown large, who beside, and which page of those.
 * @param {{ tiles: Person[], screen: boolean, view: 'gallery' | 'speaker', pinned: string | null, large:
 * string | null,
 *   size: { w: number, h: number }, tall: boolean, page: number }} o
 */
export function plan({ tiles, screen, view, pinned, large, size, tall, page }) {
  const many = tiles.length >= 3;
  const held = tiles.find((p) => p.session === pinned) ?? null;
  const speaks = () => tiles.find((p) => p.session === large) ?? tiles.find((p) => !p.self) ?? null;
  const big = screen ? null : held ?? (many && view === 'speaker' ? speaks() : null);
  const first = screen && held ? [held, ...tiles.filter((p) => p !== held)] : tiles;
  const small = first.filter((p) => p !== big);
  const fit = capacity({ spotlight: screen || !!big, ...size, tall });
  return { big, pinned: held, ...pageOf(small, size.w > 0 ? fit : small.length, page) };
}

/** How large the stage is, in CSS pixels. @param {{ current: HTMLElement | null }} ref */
function useSize(ref) {
  const [size, setSize] = useState({ w: 0, h: 0 });
  useLayoutEffect(() => {
    const el = /** @type {HTMLElement} */ (ref.current);
    const measure = () => setSize((old) => (old.w === el.clientWidth && old.h === el.clientHeight
      ? old : { w: el.clientWidth, h: el.clientHeight }));
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  return size;
}

export function Stage() {
  const { state, t, ui, setUi } = useApp();
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const size = useSize(ref);
  const [ratios, setRatios] = useState(/** @type {Record<string, number>} */ ({}));
  const here = state.rooms[/** @type {string} */ (state.current)];
  const people = here.order.map((id) => here.people[id]).filter(Boolean);
  const { tiles, faces } = castOf(people);
  const screen = screenOf(state, people);
  const other = tiles.length === 2 ? tiles[0] : null;
  // On a tall stage a wide picture would be mostly cut off or mostly bars: then one above the other.
  const pair = !!other && faces.length === 0 && (size.w > size.h || (ratios[other.session] ?? 2) < 1);
  const known = tiles.map((p) => ratios[p.session]).filter(Boolean);
  const tall = known.filter((r) => r < 1).length * 2 > known.length;
  const { big, pinned, shown, pages, page } = plan({
    tiles, screen: !!screen, view: ui.view, pinned: ui.pinned, large: here.large, size, tall, page: ui.page,
  });
  const layout = stageLayout({ tiles: shown.length, screen: !!screen || !!big, pair, tall, ...size });
  useEffect(() => setRatios({}), [here.id]);
  useEffect(() => {
    if (size.w && page !== ui.page) setUi({ page });
  }, [size.w, page, ui.page]);
  const ratio = (/** @type {string} */ session) => (/** @type {number} */ r) => setRatios((old) =>
    (Math.abs((old[session] ?? 0) - r) < 0.01 ? old : { ...old, [session]: r }));
  const places = layout.pip ? [layout.big, ...layout.boxes] : layout.boxes;
  const boxes = new Map(shown.map((p, i) => [p, places[i]]));
  if (big && layout.big) boxes.set(big, layout.big);
  const others = screen || big ? 'thumbnail' : 'visible';
  const rank = (/** @type {Person} */ p) => (p === pinned ? 'pinned' : p === big ? 'speaker' : others);
  // In the order of the people, whatever their place: a tile that moves is the same one.
  const placed = tiles.filter((p) => boxes.has(p));
  return html`<section class="stage" aria-label=${t('stage.name')} data-view=${big ? 'speaker' : 'gallery'}>
    <div class="stage-area" ref=${ref}>
      ${screen && layout.big && html`<${ScreenTile} key="screen" person=${screen.person} id=${screen.id} box=${layout.big} />`}
      ${placed.map((p) => html`<${Tile} key=${p.session} person=${p} box=${boxes.get(p)} pip=${layout.pip && p === shown[1]}
        rank=${rank(p)} onRatio=${ratio(p.session)} />`)}
      ${people.length === 1 && html`<${Alone} />`}
    </div>
    <${Pager} page=${page} pages=${pages} />
    <${Faces} people=${faces} />
  </section>`;
}
