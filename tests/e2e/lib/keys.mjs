// A page by keyboard alone: where the focus is, and getting it somewhere as people do.
import assert from 'node:assert/strict';

/** @typedef {import('./browser.mjs').Page} Page */

/** Where the focus is, and whether one can see it. @param {Page} page */
const focus = (page) => page.eval(() => {
  const el = /** @type {HTMLElement} */ (document.activeElement ?? document.body);
  const drawn = (/** @type {Element} */ e) => {
    const s = getComputedStyle(e);
    return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2;
  };
  const r = (el.closest('label') ?? el).getBoundingClientRect();
  return {
    what: `${el.tagName}.${el.className}#${el.id} ${JSON.stringify(el.dataset)}`, body: el === document.body,
    seen: drawn(el) || (!!el.nextElementSibling && drawn(el.nextElementSibling)),
    inside: r.right > 0 && r.bottom > 0 && r.left < innerWidth && r.top < innerHeight,
  };
});

/**
 * Tab (or Shift+Tab) until the focus is there; every stop on the way is to be seen.
 * @param {Page} page @param {string} selector @param {{back?: boolean, most?: number}} [o]
 */
export async function tabTo(page, selector, { back = false, most = 40 } = {}) {
  const there = () => page.eval((s) => !!document.activeElement?.matches(s), selector);
  const way = [];
  for (let i = 0; i < most && !await there(); i++) {
    await page.press(back ? 'Shift+Tab' : 'Tab');
    const at = await focus(page);
    way.push(at.what);
    if (at.body) continue; // the browser's own bar
    assert.ok(at.seen, `the focus is not to be seen on ${at.what}`);
    assert.ok(at.inside, `the focus is outside of the window on ${at.what}`);
  }
  assert.ok(await there(), `${selector} is not reached by Tab: ${way.join(' > ')}`);
}

/** The focus comes there. @param {Page} page @param {string} selector */
export const focused = (page, selector) => page.until((s) => !!document.activeElement?.matches(s), selector, { what: `focus on ${selector}` });
