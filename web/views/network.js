// How everybody's connection is, in words, with the numbers below for those who want them.
import { linkWord, wayWord } from '../domain/link_words.js';
import { html, useEffect } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { fullName, linkState } from './tile.js';
import { Dialog } from './ui/dialog.js';
import { Face } from './ui/face.js';

/** @typedef {import('../domain/types.js').Person} Person */

const ASK_MS = 3000;
const FINE = new Set(['good', 'unknown']);

/** @param {{ person: Person }} props */
function Row({ person: p }) {
  const { state, t } = useApp();
  const peer = state.peers[p.session];
  const link = linkState(p, peer);
  const way = p.self ? state.media.way : peer?.told ?? null;
  const word = p.self ? wayWord(way) ?? (way ? 'good' : 'unknown') : linkWord(peer);
  const { stats } = peer ?? {};
  const rtt = way?.rtt_ms ?? stats?.rttMs ?? null;
  const numbers = [
    rtt !== null && t('link.rtt', { ms: Math.round(rtt) }),
    way && t('link.loss', { up: percent(way.loss_up), down: percent(way.loss_down) }),
    !way && stats && t('link.lost', { percent: stats.lossPercent }),
    way && t('link.rates', { up: mbit(way.up_bps), down: mbit(way.down_bps) }),
    stats && stats.width > 0 && t('link.picture', { width: stats.width, height: stats.height }),
  ].filter(Boolean).join(' · ');
  return html`<li class="net-row" data-net=${p.session} data-word=${link ? 'link' : word}>
    <${Face} session=${p.session} name=${p.name} />
    <div class="grow">
      <p class="cut"><b>${fullName(p)}</b>${p.self && html` <span class="soft">(${t('tile.you')})</span>`}</p>
      <p class=${`small ${link || !FINE.has(word) ? 'net-amiss' : ''}`}>${link ? t(link) : t(`link.${p.self ? 'own_' : ''}${word}`)}</p>
      ${numbers && html`<p class="small soft tnum">${numbers}</p>`}
    </div>
  </li>`;
}

/** @param {number} part */
const percent = (part) => Math.round(part * 1000) / 10;
/** @param {number} bps */
const mbit = (bps) => Math.round(bps / 1e4) / 100;

/** @param {{ close: () => void }} props */
export function NetworkDialog({ close }) {
  const { state, act, t } = useApp();
  const here = state.current ? state.rooms[state.current] : null;
  useEffect(() => {
    act.askWays();
    const timer = setInterval(() => act.askWays(), ASK_MS);
    return () => clearInterval(timer);
  }, []);
  if (!here) return null;
  const people = here.order.map((s) => here.people[s]).filter((p) => p && (p.self ? here.mode === 'group' : p.media));
  return html`<${Dialog} title=${t('link.title')} onClose=${close} name="network">
    <p class="soft" data-mode=${here.mode}>${t(here.mode === 'group' ? 'link.group' : 'link.direct')}</p>
    <ul class="net-list">${people.map((p) => html`<${Row} key=${p.session} person=${p} />`)}</ul>
    ${people.length === 0 && html`<p>${t('link.nobody')}</p>`}
  <//>`;
}
