// Where one writes what stays: with a draft on all devices, in answer to somebody's words, or to change one's
// own; with files, and with names behind an @.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../../vendor/htm-preact.js';
import { trayOf } from '../../domain/uploads.js';
import { useApp } from '../context.js';
import { submitOnEnter } from '../typing.js';
import { Icon } from '../ui/icon.js';
import { AttachButton, pastedFiles } from './attach.js';
import { useMentions } from './mention-list.js';
import { Tray } from './tray.js';
import { wordsOf } from './words.js';

const TYPING_EVERY_MS = 3000;
const LIMIT = 4000;

/** @param {string} conv */
function useTyping(conv) {
  const { act } = useApp();
  const last = useRef(0);
  const tell = (/** @type {boolean} */ on) => {
    const now = Date.now();
    if (on ? now - last.current < TYPING_EVERY_MS : last.current === 0) return;
    last.current = on ? now : 0;
    act.convs.typing(conv, on);
  };
  useEffect(() => () => tell(false), []);
  return tell;
}

/** @param {{ length: number }} props */
function Length({ length }) {
  const { t } = useApp();
  if (length <= LIMIT - 200) return null;
  return html`<p class=${`small ${length > LIMIT ? 'wrong' : 'soft'}`} role="status">${t('chat.length', { length, limit: LIMIT })}</p>`;
}

/** Whose words are answered, or which ones changed.
 * @param {{ words: string, name: string, editing: boolean, stop: () => void }} props */
function About({ words, name, editing, stop }) {
  const { t } = useApp();
  return html`<p class="about-bar" data-about=${editing ? 'edit' : 'reply'}><${Icon} name=${editing ? 'edit' : 'back'} size="s" />
    <span class="grow cut"><b>${editing ? t('conv.editing') : t('conv.replying', { name })}</b> <span class="soft">${words}</span></span>
    <button type="button" class="icon-btn" data-act="stop-about" aria-label=${t('cancel')} title=${t('cancel')} onClick=${stop}><${Icon} name="close" size="s" /></button></p>`;
}

/** As tall as the text, up to a few lines.
 * @param {{ current: HTMLTextAreaElement | null }} input @param {string} text */
function useHeight(input, text) {
  useLayoutEffect(() => {
    const el = input.current;
    if (!el) return;
    el.style.height = 'auto';
    el.style.height = `${Math.min(el.scrollHeight + 2, 160)}px`;
  }, [text]);
}

/** @param {{ conv: import('../../domain/convs.js').Conv, thread: import('../../domain/convs.js').Thread,
 *   name: (user: string) => string, people: import('../../domain/mentions.js').Named[] }} props
 * people: whom one may mean by an @ */
export function ConvComposer({ conv, thread, name, people }) {
  const { state, act, t } = useApp();
  const id = conv.conv;
  const [text, setText] = useState(conv.draft ?? '');
  const input = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const typing = useTyping(id);
  const { editing, reply } = thread;
  const about = thread.messages.find((m) => m.seq === (editing ?? reply));
  const kept = useRef('');
  useEffect(() => {
    if (editing) {
      kept.current = text;
      setText(about?.text ?? '');
    }
    if (editing || reply) input.current?.focus();
    return () => { if (editing) setText(kept.current); };
  }, [editing, reply]);
  useEffect(() => { // nothing pops up from below on a phone before one wants to write
    if (!matchMedia('(pointer: coarse)').matches) input.current?.focus({ preventScroll: true });
  }, []);
  useHeight(input, text);
  const length = [...text].length;
  const files = editing ? 0 : trayOf(state.uploads, id).length;
  const ready = (text.trim() !== '' || files > 0) && length <= LIMIT;
  const set = (/** @type {string} */ words) => {
    setText(words);
    typing(words.trim() !== '');
    if (!editing) act.convs.draft(id, words);
  };
  const caret = useRef(-1);
  const mentions = useMentions({ people, text, put: (words, at) => {
    caret.current = at;
    set(words);
  } });
  useLayoutEffect(() => { // behind the name that was put in
    if (caret.current >= 0) input.current?.setSelectionRange(caret.current, caret.current);
    caret.current = -1;
  }, [text]);
  const send = () => {
    const words = text.trim();
    if (!ready) return;
    typing(false);
    if (editing) {
      if (words !== about?.text) act.convs.edit(id, editing, words);
      else act.convs.compose(id, {});
      return;
    }
    act.convs.send(id, words);
    setText('');
    input.current?.focus();
  };
  const written = (/** @type {any} */ e) => {
    set(e.currentTarget.value);
    mentions.look(e);
  };
  const pasted = (/** @type {ClipboardEvent} */ e) => {
    const found = editing ? [] : pastedFiles(e);
    if (!found.length) return;
    e.preventDefault();
    act.convs.attach(id, found);
  };
  const stop = () => {
    act.convs.compose(id, {});
    input.current?.focus();
  };
  const key = (/** @type {KeyboardEvent} */ e) => {
    if (mentions.onKey(e)) return undefined;
    if (e.key === 'Escape' && (editing || reply)) {
      e.stopPropagation();
      return stop();
    }
    return submitOnEnter(send)(e);
  };
  return html`<form class="composer" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); send(); }}>
    ${about && html`<${About} words=${wordsOf(about, t)} name=${name(about.from)} editing=${!!editing} stop=${stop} />`}
    ${!editing && html`<${Tray} conv=${id} />`}
    <div class="composer-row">
      ${mentions.view}
      ${!editing && html`<${AttachButton} conv=${id} done=${() => input.current?.focus()} />`}
      <textarea class="input" ref=${input} rows="1" data-field="message" aria-label=${t('conv.write')} placeholder=${t(files ? 'attach.caption' : 'conv.write')} enterkeyhint="send"
        autocomplete="off" value=${text} onInput=${written} onBlur=${() => typing(false)} onKeyDown=${key} onPaste=${pasted} ...${mentions.field}></textarea>
      <button class="icon-btn send" data-act="send-message" aria-label=${t(editing ? 'save' : 'chat.send')} title=${t(editing ? 'save' : 'chat.send')} disabled=${!ready}><${Icon} name=${editing ? 'check' : 'send'} /></button>
    </div>
    <${Length} length=${length} />
  </form>`;
}
