// The colours of text on what it lies on have enough contrast (WCAG AA) in both themes.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const dir = new URL('../../web/css/', import.meta.url);
const css = readFileSync(new URL('tokens.css', dir), 'utf8');
const block = (/** @type {string} */ selector) => {
  const at = css.indexOf(`${selector} {`);
  assert.ok(at >= 0, selector);
  return Object.fromEntries([...css.slice(at, css.indexOf('}', at)).matchAll(/(--[\w-]+): ?([^;]*);/g)].map((m) => [m[1], m[2].trim()]));
};
const tokens = block(':root');
/** The value in a theme, as var() would choose it. @param {'light' | 'dark'} theme */
const themed = (theme) => Object.fromEntries(Object.entries(tokens).map(([name, value]) => {
  const both = /^var\(--light, (.*)\)\s+var\(--dark, (.*)\)$/s.exec(value);
  return [name, both ? both[theme === 'light' ? 1 : 2] : value];
}));
const [light, dark] = [themed('light'), themed('dark')];

/** @param {string} hex */
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
/** @param {string} a @param {string} b */
const contrast = (a, b) => {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
};

test('both ways to dark only switch, and state no colour', () => {
  const on = { '--light': '', '--dark': 'initial' };
  for (const selector of [':root:not([data-theme="light"])', ':root[data-theme="dark"]']) assert.deepEqual(block(selector), on, selector);
  assert.deepEqual([tokens['--light'], tokens['--dark']], ['initial', '']);
  assert.notEqual(light['--paper'], dark['--paper']);
});

test('text can be read', () => {
  const pairs = [['ink', 'paper'], ['ink', 'surface'], ['ink', 'sunken'], ['ink', 'stage'], ['ink-soft', 'paper'], ['ink-soft', 'surface'],
    ['ink-soft', 'sunken'], ['ink-soft', 'raised'], ['on-accent', 'accent'], ['on-accent', 'accent-hover'], ['accent-ink', 'accent-soft'],
    ['accent-ink', 'paper'], ['accent-ink', 'raised'], ['on-danger', 'danger'], ['danger-ink', 'danger-soft'], ['danger-ink', 'raised'],
    ['warn-ink', 'warn-soft'], ['whisper-ink', 'whisper-soft'], ['whisper-ink', 'surface'], ['tile-ink', 'tile'], ['ink', 'accent-soft'], ['ink-soft', 'accent-soft'], ['ink', 'whisper-soft']];
  for (const [name, theme] of /** @type {const} */ ([['light', light], ['dark', dark]])) {
    for (const [a, b] of pairs) {
      const c = contrast(theme[`--${a}`], theme[`--${b}`]);
      assert.ok(c >= 4.5, `${name}: ${a} on ${b} has ${c.toFixed(2)}`);
    }
    for (const on of ['paper', 'surface', 'raised']) {
      const c = contrast(theme['--focus'], theme[`--${on}`]);
      assert.ok(c >= 3, `${name}: focus on ${on} has ${c.toFixed(2)}`);
    }
  }
});

test('every colour that is used is defined, and every class file is linked', () => {
  const pages = ['index.html', 'watch.html'].map((page) => readFileSync(new URL(`../../web/${page}`, import.meta.url), 'utf8'));
  for (const file of readdirSync(dir)) {
    assert.ok(pages.some((page) => page.includes(`css/${file}`)), `${file} is not linked`);
    for (const m of readFileSync(new URL(file, dir), 'utf8').matchAll(/var\((--[\w-]+)/g)) assert.ok(m[1] in light, `${file}: ${m[1]}`);
  }
  for (const page of pages) assert.doesNotMatch(page, /<style|style=|<script(?![^>]*src=)|\son\w+=|https?:\/\//, 'the CSP forbids it');
});
