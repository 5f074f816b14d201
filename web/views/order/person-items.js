// What those who moderate can do with somebody, in that person's menu.

/** @typedef {import('../ui/menu.js').MenuItem} MenuItem */
/** @typedef {import('../../domain/types.js').Person} Person */

/** @param {Person} p @param {import('../context.js').Context} context @returns {MenuItem[]} */
export function orderItems(p, { act, t }) {
  const { mute } = act.order;
  /** @type {MenuItem[]} */
  const items = [{ line: true }];
  if (p.hand) items.push({ text: t('order.lower'), icon: 'hand', key: 'lower-hand', run: () => mute(p.session, 'hand') });
  if (p.mic && !p.program) items.push({ text: t('order.ask_mic'), icon: 'whisper', key: 'ask-mic', run: () => mute(p.session, 'mic') });
  for (const [kind, is, icon] of /** @type {const} */ ([['mic', p.media, 'mic'], ['camera', p.cam, 'cam'], ['screen', p.screen, 'screen']])) {
    const muted = p.muted.includes(kind);
    if (muted) items.push({ text: t(`order.let_${kind}`), icon, key: `let-${kind}`, run: () => mute(p.session, kind, { on: false }) });
    else if (is) items.push({ text: t(`order.mute_${kind}`), icon: `${icon}-off`, key: `mute-${kind}`, run: () => mute(p.session, kind, { hard: true }) });
  }
  items.push({ text: t('person.remove'), icon: 'remove', key: 'remove', danger: true, run: () => act.removePerson(p.session) });
  return items;
}
