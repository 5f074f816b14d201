// Where one writes. Enter sends, Shift and Enter makes a new line; Enter that belongs to the Hangul
// input method never sends.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { fullName } from './tile.js';
import { submitOnEnter } from './typing.js';
import { Icon } from './ui/icon.js';
import { Menu } from './ui/menu.js';

const TYPING_EVERY_MS = 3000;

/** Tells the others that one is typing: at most every three seconds, and that it is over. */
function useTyping() {
  const { act } = useApp();
  const last = useRef(0);
  const tell = (/** @type {boolean} */ on) => {
    const now = Date.now();
    if (on ? now - last.current < TYPING_EVERY_MS : last.current === 0) return;
    last.current = on ? now : 0;
    act.typing(on);
  };
  useEffect(() => () => tell(false), []);
  return tell;
}

/** To whom, while it is a whisper. */
function WhisperTo() {
  const { state, t, ui, setUi } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const person = ui.whisperTo ? here.people[ui.whisperTo] : null;
  if (!ui.whisperTo) return null;
  return html`<p class="whisper-to" data-whisper-to=${ui.whisperTo}>
    <${Icon} name="whisper" size="s" /><span class="grow">${person ? t('chat.whisper_to', { name: fullName(person) }) : t('chat.whisper_gone')}</span>
    <button type="button" class="icon-btn" aria-label=${t('chat.whisper_stop')} title=${t('chat.whisper_stop')} onClick=${() => setUi({ whisperTo: null })}><${Icon} name="close" size="s" /></button></p>`;
}

/** A file for whom? The one who is whispered to, or somebody from a menu. */
function Attach() {
  const { state, act, t, ui } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const file = useRef(/** @type {HTMLInputElement | null} */ (null));
  const to = useRef('');
  const ask = (/** @type {string} */ session) => {
    to.current = session;
    file.current?.click();
  };
  const picked = (/** @type {{ currentTarget: HTMLInputElement }} */ e) => {
    for (const f of e.currentTarget.files ?? []) act.offerFile(to.current, f);
    e.currentTarget.value = '';
  };
  const others = here.order.map((id) => here.people[id]).filter((p) => p && !p.self && !p.ghost);
  if (others.length === 0) return null;
  const items = others.slice(0, 50).map((p) => ({ text: fullName(p), icon: 'person', run: () => ask(p.session) }));
  const one = ui.whisperTo && here.people[ui.whisperTo] ? ui.whisperTo : others.length === 1 ? others[0].session : '';
  return html`${one ? html`<button type="button" class="icon-btn" data-act="attach" aria-label=${t('file.send_to', { name: fullName(here.people[one]) })}
      title=${t('file.send_to', { name: fullName(here.people[one]) })} onClick=${() => ask(one)}><${Icon} name="clip" /></button>`
    : html`<${Menu} items=${[{ label: t('file.to_whom') }, ...items]} label=${t('person.file')} place="up start" name="attach"><${Icon} name="clip" /><//>`}
    <input type="file" hidden multiple ref=${file} data-file-input onChange=${picked} />`;
}

export function Composer() {
  const { state, act, t, ui } = useApp();
  const [text, setText] = useState('');
  const input = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const typing = useTyping();
  const limit = state.self.limits.chat;
  const length = [...text].length;
  useEffect(() => {
    if (ui.whisperTo) input.current?.focus();
  }, [ui.whisperTo]);
  useLayoutEffect(() => { // as tall as the text, up to a few lines
    const el = input.current;
    if (!el) return;
    el.style.height = 'auto';
    el.style.height = `${Math.min(el.scrollHeight + 2, 140)}px`;
  }, [text]);
  const send = () => {
    const words = text.trim();
    if (!words || length > limit) return;
    if (ui.whisperTo) act.sendWhisper(ui.whisperTo, words);
    else act.sendChat(words);
    setText('');
    typing(false);
    input.current?.focus();
  };
  const written = (/** @type {{ currentTarget: HTMLTextAreaElement }} */ e) => {
    setText(e.currentTarget.value);
    if (!ui.whisperTo) typing(e.currentTarget.value.trim() !== '');
  };
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    send();
  };
  return html`<form class=${`composer ${ui.whisperTo ? 'whispering' : ''}`} onSubmit=${submit}>
    <${WhisperTo} />
    <div class="composer-row">
      <${Attach} />
      <textarea class="input" ref=${input} rows="1" data-field="chat" data-panel-first=${!matchMedia('(pointer: coarse)').matches} aria-label=${t(ui.whisperTo ? 'chat.write_whisper' : 'chat.write')}
        placeholder=${t(ui.whisperTo ? 'chat.write_whisper' : 'chat.write')} enterkeyhint="send" autocomplete="off" value=${text}
        onInput=${written} onBlur=${() => typing(false)} onKeyDown=${submitOnEnter(send)}></textarea>
      <button class="icon-btn send" data-act="send" aria-label=${t('chat.send')} title=${t('chat.send')} disabled=${!text.trim() || length > limit}><${Icon} name="send" /></button>
    </div>
    ${length > limit - 200 && html`<p class=${`small ${length > limit ? 'wrong' : 'soft'}`} role="status">${t('chat.length', { length, limit })}</p>`}
  </form>`;
}
