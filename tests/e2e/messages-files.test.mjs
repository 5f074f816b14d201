// Files and pictures of messages: chosen, dropped and pasted, over lines that break, looked at large; limits in
// words; what is unsent over a reload; names behind an @.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { axeProblems, sideways } from '../lib/fixture_page.mjs';
import { House } from './lib/house.mjs';
import { PATIENCE, artifacts } from './lib/browser.mjs';
import { User } from './lib/user.mjs';
import { accessible, allNamed, complaints, watchCsp, words } from './lib/ui.mjs';

const house = new House('messages-files');
const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-files-'));
after(() => rmSync(dir, { recursive: true }));
/** @param {string} name @param {Buffer | string} bytes */
const file = (name, bytes) => {
  const at = path.join(dir, name);
  writeFileSync(at, bytes);
  return at;
};
const sha = (/** @type {Buffer} */ b) => createHash('sha256').update(b).digest('hex');

/** @type {Promise<import('./lib/house.mjs').HouseServer> | undefined} */
let made;
const home = () => (made ??= house.server({ args: ['--registration', 'open', '--rate-sign-in', 'off'], shared: true }));

/** @param {string} name
 * @param {{kind?: import('./lib/browser.mjs').Kind, display?: string, server?: any, page?: any}} [o] */
async function newUser(name, { kind = 'chromium', display = name, server, page = {} } = {}) {
  const person = await house.person(kind, { name, server: server ?? await home(), page: { ...page, init: [[watchCsp, null]] } });
  const user = new User(person);
  await user.register({ name, display });
  return user;
}

/** Two who write to each other, with the conversation open. @param {User} a @param {User} b */
async function befriend(a, b) {
  await a.find(b.name, b);
  await a.page.click('[data-act=write]');
  await a.page.fill('[data-field=message]', 'hello');
  await a.page.click('[data-act=send-message]');
  await b.page.see('[data-nav=messages] [data-badge="1"]');
  await b.page.click('[data-nav=messages]');
  // On a machine with far too much to do the list has been seen to move under a press: people press again.
  for (let pressed = false, n = 0; !pressed && n < 5; n++) {
    await b.page.click('[data-requests] .row-main');
    pressed = await b.page.click('[data-act=accept-request]', PATIENCE / 5).then(() => true, () => false);
  }
  await b.page.see('[data-field=message]');
}

const PHONE = { phone: 'Pixel 5' };

/** A JPEG as a camera makes it: lying on its side, with the place where it was taken.
 * @param {import('./lib/browser.mjs').Page} page @param {number} w @param {number} h */
async function photo(page, w, h) {
  const text = await page.eval(async ({ w, h }) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
    const to = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const sky = to.createLinearGradient(0, 0, w, h);
    sky.addColorStop(0, '#2b6cb0');
    sky.addColorStop(0.6, '#f6ad55');
    sky.addColorStop(1, '#22543d');
    to.fillStyle = sky;
    to.fillRect(0, 0, w, h);
    for (let i = 0; i < 400; i++) {
      to.fillStyle = `hsl(${(i * 47) % 360} 60% 50% / .5)`;
      to.fillRect((i * 997) % w, (i * 641) % h, 40, 40);
    }
    return canvas.toDataURL('image/jpeg', 0.95).split(',')[1];
  }, { w, h });
  const jpeg = Buffer.from(/** @type {string} */ (text), 'base64');
  // APP1: Exif, one IFD with the orientation 6 (held upright) and a text that must not get out.
  const place = Buffer.from('GPS 37.5665N 126.9780E\0');
  const ifd = Buffer.alloc(2 + 2 * 12 + 4);
  ifd.writeUInt16BE(2, 0);
  ifd.writeUInt16BE(0x010e, 2); // ImageDescription
  ifd.writeUInt16BE(2, 4);
  ifd.writeUInt32BE(place.length, 6);
  ifd.writeUInt32BE(8 + ifd.length, 10);
  ifd.writeUInt16BE(0x0112, 14); // Orientation
  ifd.writeUInt16BE(3, 16);
  ifd.writeUInt32BE(1, 18);
  ifd.writeUInt16BE(6, 22);
  const tiff = Buffer.concat([Buffer.from('MM\0*\0\0\0\x08', 'latin1'), ifd, place]);
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const head = Buffer.from([0xff, 0xe1, (body.length + 2) >> 8, (body.length + 2) & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}

/** The bytes behind an address, and how they came. @param {import('./lib/browser.mjs').Page} page @param {string} url */
const fetched = async (page, url) => {
  const { body, ...more } = await page.eval(async (url) => {
    const r = await fetch(url);
    const bytes = new Uint8Array(await r.arrayBuffer());
    let text = '';
    for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return { body: btoa(text), status: r.status, type: r.headers.get('content-type'), how: r.headers.get('content-disposition') ?? '',
      csp: r.headers.get('content-security-policy') ?? '', sniff: r.headers.get('x-content-type-options') };
  }, url);
  return { ...more, bytes: Buffer.from(body, 'base64') };
};

/** @param {User} user @param {string[]} files */
const choose = async ({ page }, files) => {
  await page.setFiles('[data-attach-input]', files);
  await page.see('[data-chosen]');
};
const send = (/** @type {User} */ { page }) => page.click('[data-act=send-message]');
const sentAll = (/** @type {User} */ { page }) => page.gone('[data-pending]');
/** @param {User} user */
const clean = async ({ page }) => {
  assert.deepEqual(complaints(page, /SSL certificate error|ERR_|WebSocket connection|status of 404/), []);
  assert.deepEqual(await page.eval(() => /** @type {any} */ (window).csp), []);
};
/** Drawn, not only asked for. @param {User} user @param {number} n */
const drawn = ({ page, name }, n) => page.until((n) => {
  const all = [...document.querySelectorAll('.said:not([data-pending]) .picture img')].map((i) => /** @type {HTMLImageElement} */ (i));
  return all.length === n && all.every((i) => i.complete && i.naturalWidth > 0);
}, n, { what: `${name} sees ${n} pictures` });

/** What it looks like on a phone and on a desk, by day and by night: nothing serious for axe-core, nothing too wide.
 * @param {User} user @param {string} what */
async function looked({ page: { raw: tab, eval: run }, name }, what) {
  const before = tab.viewportSize();
  const problems = [];
  for (const theme of /** @type {const} */ (['light', 'dark'])) {
    await tab.emulateMedia({ colorScheme: theme });
    for (const [size, width, height] of /** @type {const} */ ([['360', 360, 740], ['1440', 1440, 900]])) {
      await tab.setViewportSize({ width, height });
      await run(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
      const shown = `${what}-${name}-${size}-${theme}`;
      await tab.screenshot({ path: artifacts(house.name, `${shown}.png`) });
      problems.push(...[...await axeProblems(tab), ...(await sideways(tab) > 0 ? ['too wide'] : [])].map((p) => `${shown}: ${p}`));
    }
  }
  await tab.emulateMedia({ colorScheme: 'light' });
  await tab.setViewportSize(before);
  assert.deepEqual(problems, []);
}

house.test('a picture with a caption: drawn anew without its place, seen on a phone, large by keys and fingers', async () => {
  const [ann, ben] = await Promise.all([newUser('ann', { display: 'Ann Field' }), newUser('ben', { display: '김벤', page: { ...PHONE, lang: 'ko' } })]);
  await befriend(ann, ben);
  const original = await photo(ann.page, 1600, 1200);
  await choose(ann, [file('휴가 사진.jpg', original), file('second.jpg', await photo(ann.page, 600, 600))]);
  await ann.page.until(() => document.querySelectorAll('[data-chosen]').length === 2, null);
  await allNamed(ann.page, 'the tray');
  await looked(ann, 'tray');
  await ann.page.click('[data-chosen]:nth-child(2) [data-act=detach]');
  await ann.page.until(() => document.querySelectorAll('[data-chosen]').length === 1, null);
  await ann.page.fill('[data-field=message]', '바닷가에서');
  await send(ann);
  await sentAll(ann);
  await Promise.all([drawn(ann, 1), drawn(ben, 1)]);
  assert.equal(await ben.page.text('[data-own=false] .with-files .bubble-words'), '바닷가에서');
  assert.match(await ben.page.eval(() => document.querySelector('[data-picture]')?.getAttribute('aria-label') ?? ''), /휴가 사진\.jpg/);
  const [small, large] = await ben.page.eval(() => {
    const img = /** @type {HTMLImageElement} */ (document.querySelector('[data-picture] img'));
    return [img.getAttribute('src'), img.getAttribute('src')?.replace('/thumb', '')];
  });
  assert.match(small, /\/thumb$/);
  for (const url of [small, large]) {
    const got = await fetched(ben.page, url);
    assert.equal(got.type, 'image/jpeg');
    for (const word of ['Exif', 'GPS']) assert.equal(got.bytes.includes(word), false, `${url} holds ${word}`);
  }
  assert.deepEqual(await ben.page.eval(() => {
    const img = /** @type {HTMLImageElement} */ (document.querySelector('[data-picture] img'));
    return [img.width < img.height, Number(img.getAttribute('width')), Number(img.getAttribute('height'))];
  }), [true, 1200, 1600], 'upright, as it was held');
  await choose(ann, [file('as-it-is.jpg', original)]);
  await ann.page.click('[data-field=originals]');
  await send(ann);
  await sentAll(ann);
  await drawn(ben, 2);
  const last = await ben.page.eval(() => [...document.querySelectorAll('[data-picture]')].at(-1)?.getAttribute('data-picture'));
  assert.equal(sha((await fetched(ben.page, `/api/file/${last}`)).bytes), sha(original), 'not a byte of it was touched');
  await looked(ann, 'thread');
  await choose(ben, [file('보고서.txt', '1')]);
  await looked(ben, 'tray');
  await ben.page.click('[data-act=detach]');
  await ben.page.gone('[data-chosen]');

  await ann.page.eval(() => /** @type {HTMLElement} */ (document.querySelector('[data-picture]')).focus());
  await ann.page.press('Enter');
  await ann.page.see('[data-viewer] [data-state=there]');
  const first = await ann.page.eval(() => document.querySelector('[data-viewer]')?.getAttribute('data-viewer'));
  await allNamed(ann.page, 'the viewer');
  await looked(ann, 'viewer');
  await ann.page.press('ArrowRight');
  await ann.page.see(`[data-viewer="${last}"] [data-state=there]`);
  await ann.page.press('+');
  await ann.page.see('[data-zoom=in]');
  await ann.page.press('0');
  await ann.page.see('[data-zoom=whole]');
  await ann.page.press('ArrowLeft');
  await ann.page.see(`[data-viewer="${first}"]`);
  await ann.page.press('Escape');
  await ann.page.gone('[data-viewer]');
  assert.equal(await ann.page.eval(() => document.activeElement?.getAttribute('data-picture')), first, 'back where one was');
  await ben.page.click('[data-picture]');
  await ben.page.see('[data-viewer] [data-state=there]');
  await looked(ben, 'viewer');
  await ben.page.eval(() => { // two taps
    const stage = /** @type {HTMLElement} */ (document.querySelector('.viewer-stage'));
    stage.setPointerCapture = () => {};
    for (const type of ['pointerdown', 'pointerup', 'pointerdown', 'pointerup']) {
      stage.dispatchEvent(new PointerEvent(type, { pointerId: 1, clientX: 200, clientY: 300, bubbles: true, pointerType: 'touch' }));
    }
  });
  await ben.page.see('[data-zoom=in]');
  await ben.page.click('[data-act=viewer-close]');
  await ben.page.gone('[data-viewer]');
  for (const u of [ann, ben]) await clean(u);
});

house.test('5 MB over a line that is cut while they are sent arrive whole; cancelled ones leave nothing', async () => {
  const proxy = await house.proxy(await home());
  const [cho, dan] = await Promise.all([newUser('cho', { server: { url: proxy.url } }), newUser('dan')]);
  await befriend(cho, dan);
  const bytes = randomBytes(5_000_000);
  await choose(cho, [file('report “final”.bin', bytes)]);
  await cho.page.fill('[data-field=message]', 'all of it');
  await cho.page.eval(() => { // the first pieces go; then there is no network
    const { parts } = /** @type {any} */ (window).madang;
    parts.uploads.api.fetch = async (/** @type {any} */ url, /** @type {any} */ o) => {
      const r = await fetch(url, o);
      const w = /** @type {any} */ (window);
      w.pieces = (w.pieces ?? 0) + 1;
      if (w.pieces === 2) w.wantsCut = true;
      if (w.wantsCut) await new Promise((go) => { w.go = go; });
      return r;
    };
  });
  await send(cho);
  await cho.page.until(() => /** @type {any} */ (window).wantsCut, null, { what: 'two pieces are there' });
  proxy.down(true);
  await cho.page.eval(() => {
    const w = /** @type {any} */ (window);
    w.wantsCut = false;
    w.go();
  });
  await cho.page.see('[data-upload=waiting]');
  await cho.page.shot(artifacts(house.name, 'waiting.png'));
  proxy.down(false);
  await dan.page.see('[data-doc]');
  await sentAll(cho);
  const url = await dan.page.eval(() => `/api/file/${document.querySelector('[data-doc]')?.getAttribute('data-doc')}`);
  const got = await fetched(dan.page, url);
  assert.equal(sha(got.bytes), sha(bytes));
  assert.match(got.how, /^attachment; filename\*=UTF-8''report%20/);

  await choose(cho, [file('never.bin', bytes)]);
  await cho.page.eval(() => {
    const { parts } = /** @type {any} */ (window).madang;
    parts.uploads.api.fetch = () => new Promise(() => {});
  });
  await send(cho);
  await cho.page.fill('[data-field=message]', 'words do not wait for it');
  await send(cho);
  await dan.page.until(() => document.body.textContent?.includes('words do not wait for it'), null);
  await cho.page.click('[data-act=cancel-upload]');
  await sentAll(cho);
  assert.equal(await dan.page.count('[data-doc]'), 1);
});

house.test('what is too large, too much, empty or a folder is refused in words before anything is sent', async () => {
  const server = await house.server({ args: ['--registration', 'open', '--upload-size', '8M', '--files-each', '4M'] });
  const [eve, fay] = await Promise.all([newUser('eve', { server }), newUser('fay', { server, page: { ...PHONE, lang: 'ko' } })]);
  await befriend(eve, fay);
  const all = [file('large.bin', randomBytes((8 << 20) + 1)), file('empty.txt', ''),
    ...Array.from({ length: 11 }, (_, i) => file(`note ${i + 1}.txt`, `${i}`))];
  for (const u of [eve, fay]) {
    await choose(u, all);
    assert.deepEqual(await u.page.eval(() => [...document.querySelectorAll('[data-refused]')].map((e) => e.getAttribute('data-refused'))),
      ['too_large', 'empty', 'too_many']);
    assert.equal(await u.page.count('[data-chosen]'), 10);
  }
  const [en, ko] = await Promise.all([eve, fay].map((u) => u.page.text('[data-refused=too_large]')));
  assert.equal(en, words.en('refused.too_large', { name: 'large.bin', max: '8.4 MB' }));
  assert.equal(ko, words.ko('refused.too_large', { name: 'large.bin', max: '8.4 MB' }));
  await eve.page.shot(artifacts(house.name, 'refused-en.png'));
  await fay.page.shot(artifacts(house.name, 'refused-phone-ko.png'));
  await eve.page.click('[data-act=understood]');
  await eve.page.gone('[data-refused]');
  await send(eve);
  await sentAll(eve);
  for (const size of [6_000_000, 4_500_000]) { // the larger one before it is sent, the other one behind it
    await choose(eve, [file(`last ${size}.bin`, randomBytes(size))]);
    await send(eve);
    await eve.page.see('[data-problem=quota_full]');
    assert.equal(await eve.page.text('[data-problem=quota_full]'), words.en('unsent.quota_full'));
    await eve.page.click('[data-act=forget]');
    await sentAll(eve);
  }
});

/** What somebody holds over a conversation, or has copied. Runs in the page.
 * @param {{kind: 'paste' | 'drop', name: string, type: string}} o */
async function given({ kind, name, type }) {
  const data = new DataTransfer();
  const canvas = Object.assign(document.createElement('canvas'), { width: 300, height: 200 });
  /** @type {any} */ (canvas.getContext('2d')).fillRect(0, 0, 150, 100);
  const blob = await new Promise((done) => { canvas.toBlob(done, 'image/png'); });
  data.items.add(new File([type === 'image/png' ? blob : 'some words'], name, { type }));
  if (kind === 'paste') {
    const field = document.querySelector('[data-field=message]');
    // Firefox takes no data into a ClipboardEvent that a page makes.
    const e = Object.defineProperty(new Event('paste', { bubbles: true, cancelable: true }), 'clipboardData', { value: data });
    field?.dispatchEvent(e);
    return;
  }
  const thread = document.querySelector('[data-conv]');
  for (const what of ['dragenter', 'dragover', 'drop']) {
    thread?.dispatchEvent(new DragEvent(what, { dataTransfer: data, bubbles: true, cancelable: true }));
    if (what === 'dragover') {
      await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });
      if (!document.querySelector('[data-drop-here]')) throw new Error('nothing says that it may be dropped');
    }
  }
}

for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
  house.test(`pasted, dropped and chosen in ${kind}`, async () => {
    const [gil, han] = [await newUser(`gil.${kind}`, { kind }), await newUser(`han.${kind}`)];
    await befriend(gil, han);
    await gil.page.eval(given, { kind: 'paste', name: 'image.png', type: 'image/png' });
    await gil.page.see('[data-chosen]');
    await gil.page.eval(given, { kind: 'drop', name: '회의록.txt', type: 'text/plain' });
    await gil.page.until(() => document.querySelectorAll('[data-chosen]').length === 2, null);
    await gil.page.gone('[data-drop-here]');
    await gil.page.setFiles('[data-attach-input]', [file(`${kind}.jpg`, await photo(gil.page, 1600, 1200))]);
    await gil.page.until(() => document.querySelectorAll('[data-chosen]').length === 3, null);
    await send(gil);
    await sentAll(gil);
    await drawn(han, 2);
    const upright = await han.page.eval(() => [...document.querySelectorAll('[data-picture] img')].map((i) => Number(i.getAttribute('width')) < Number(i.getAttribute('height'))));
    assert.deepEqual(upright, [false, true]);
    assert.match(await han.page.text('[data-doc] b'), /^회의록\.txt$/);
    await han.page.shot(artifacts(house.name, `several-${kind}.png`));
    for (const u of [gil, han]) await clean(u);
  });
}

house.test('nothing that was sent as a file runs, whatever it is called', async () => {
  const [ian, joy] = await Promise.all([newUser('ian'), newUser('joy')]);
  await befriend(ian, joy);
  const script = '<script>parent.csp.push("ran");alert(1)</script>';
  const names = ['page.html', 'drawing.svg', 'polyglot.gif', '<img src=x onerror=csp.push(1)>.txt', 'half.png'];
  await choose(ian, [file(names[0], script), file(names[1], `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">${script}</svg>`),
    file(names[2], `GIF89a=1;/*${script}*/`), file(names[3], script), file(names[4], `\x89PNG\r\n\x1a\n${script}`)]);
  await send(ian);
  await sentAll(ian);
  await joy.page.until(() => document.querySelectorAll('[data-doc], [data-picture], [data-file-gone]').length === 5, null, { what: 'five files' });
  const files = await joy.page.eval(() => {
    const { threads, chosen } = /** @type {any} */ (window).madang.state().convs;
    return threads[chosen].messages.flatMap((/** @type {any} */ m) => m.files ?? []);
  });
  assert.deepEqual(files.map((/** @type {any} */ f) => f.name), names);
  for (const f of files) {
    const got = await fetched(joy.page, `/api/file/${f.file}`);
    assert.match(got.csp, /^sandbox; default-src 'none'$/);
    assert.equal(got.sniff, 'nosniff');
    if (f.name.endsWith('.gif') && got.type === 'image/gif') continue; // a picture to the browser, and nothing else
    assert.match(got.how, /^attachment;/);
    assert.equal(got.type, 'application/octet-stream');
  }
  for (const u of [ian, joy]) await clean(u);
});

house.test('what was not sent yet is sent after a reload, once; and is gone with who signs out', async () => {
  const proxy = await house.proxy(await home());
  const [kim, lee] = await Promise.all([newUser('kim', { server: { url: proxy.url } }), newUser('lee')]);
  await befriend(kim, lee);
  proxy.down(true);
  await kim.page.until(() => /** @type {any} */ (window).madang.state().net.phase !== 'online', null, { what: 'offline' });
  for (const text of ['하나', '둘', '셋']) {
    await kim.page.fill('[data-field=message]', text);
    await send(kim);
  }
  await kim.page.until(() => document.querySelectorAll('[data-pending]').length === 3, null);
  proxy.down(false);
  await kim.page.reload();
  await lee.page.until(() => document.querySelectorAll('.said').length === 4, null, { what: 'three more' });
  await sentAll(kim);
  for (const { page } of [kim, lee]) {
    assert.deepEqual(await page.eval(() => [...document.querySelectorAll('.said .bubble')].map((e) => e.textContent?.trim())), ['hello', '하나', '둘', '셋']);
  }
  const kept = (/** @type {User} */ u) => u.page.eval(() => Object.keys(localStorage).filter((k) => k.startsWith('madang.unsent.')));
  assert.deepEqual(await kept(kim), []);
  await lee.page.see('[data-field=message]');
  await kim.page.reload();
  await kim.page.see('[data-own=true] [data-mark=read]');
  await lee.page.click('[data-nav=people]'); // it arrives, and is not read
  await kim.page.fill('[data-field=message]', '넷');
  await send(kim);
  await kim.page.see('[data-own=true] [data-mark=delivered]');
  await kim.page.reload();
  await kim.page.see('[data-own=true] [data-mark=delivered]');
});

house.test('names behind an @: by name, word or initial consonants, with the keyboard', async () => {
  const [min, nam] = await Promise.all([newUser('min', { display: '민지우' }), newUser('nam', { display: '남궁 하늘', page: { ...PHONE, lang: 'ko' } })]);
  await befriend(min, nam);
  await min.page.fill('[data-field=message]', '@ㄴㄱ');
  await min.page.see('[data-mention-for=nam][aria-selected=true]');
  const tree = await accessible(min.page);
  assert.ok(tree.some((n) => n.role === 'combobox' && n.props.expanded), 'a screen reader knows of the list');
  await min.page.shot(artifacts(house.name, 'mention-en.png'));
  await min.page.press('Escape');
  await min.page.gone('[data-mention-for]');
  await min.page.fill('[data-field=message]', '안녕하세요 @하');
  await min.page.see('[data-mention-for=nam]');
  await min.page.press('Enter');
  await min.page.until(() => /** @type {HTMLTextAreaElement} */ (document.querySelector('[data-field=message]')).value === '안녕하세요 @nam ', null,
    { what: 'the name' });
  await send(min);
  await nam.page.see('[data-own=false] .mention');
  assert.equal(await nam.page.text('.mention'), '@nam');
  await nam.page.fill('[data-field=message]', '@m');
  await nam.page.click('[data-mention-for=min]');
  await nam.page.until(() => /** @type {HTMLTextAreaElement} */ (document.querySelector('[data-field=message]')).value === '@min ', null);
  await nam.page.shot(artifacts(house.name, 'mention-phone-ko.png'));
});
