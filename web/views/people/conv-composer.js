// Where one writes what stays: with a draft on all devices, in answer to somebody's words, or to change one's
// own.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { submitOnEnter } from '../typing.js';
import { Icon } from '../ui/icon.js';
import { plain } from './markdown.js';

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

/** @param {{ conv: import('../../domain/convs.js').Conv, thread: import('../../domain/convs.js').Thread,
 *   name: (user: string) => string }} props */
export function ConvComposer({ conv, thread, name }) {
  const { act, t } = useApp();
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
  useLayoutEffect(() => { // as tall as the text, up to a few lines
    const el = input.current;
    if (!el) return;
    el.style.height = 'auto';
    el.style.height = `${Math.min(el.scrollHeight + 2, 160)}px`;
  }, [text]);
  const length = [...text].length;
  const send = () => {
    const words = text.trim();
    if (!words || length > LIMIT) return;
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
  const written = (/** @type {{ currentTarget: HTMLTextAreaElement }} */ e) => {
    setText(e.currentTarget.value);
    typing(e.currentTarget.value.trim() !== '');
    if (!editing) act.convs.draft(id, e.currentTarget.value);
  };
  const stop = () => {
    act.convs.compose(id, {});
    input.current?.focus();
  };
  const key = (/** @type {KeyboardEvent} */ e) => {
    if (e.key === 'Escape' && (editing || reply)) {
      e.stopPropagation();
      return stop();
    }
    return submitOnEnter(send)(e);
  };
  return html`<form class="composer" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); send(); }}>
    ${about && html`<p class="about-bar" data-about=${editing ? 'edit' : 'reply'}><${Icon} name=${editing ? 'edit' : 'back'} size="s" />
      <span class="grow cut"><b>${editing ? t('conv.editing') : t('conv.replying', { name: name(about.from) })}</b> <span class="soft">${plain(about.text)}</span></span>
      <button type="button" class="icon-btn" data-act="stop-about" aria-label=${t('cancel')} title=${t('cancel')} onClick=${stop}><${Icon} name="close" size="s" /></button></p>`}
    <div class="composer-row">
      <textarea class="input" ref=${input} rows="1" data-field="message" aria-label=${t('conv.write')} placeholder=${t('conv.write')} enterkeyhint="send"
        autocomplete="off" value=${text} onInput=${written} onBlur=${() => typing(false)} onKeyDown=${key}></textarea>
      <button class="icon-btn send" data-act="send-message" aria-label=${t(editing ? 'save' : 'chat.send')} title=${t(editing ? 'save' : 'chat.send')} disabled=${!text.trim() || length > LIMIT}><${Icon} name=${editing ? 'check' : 'send'} /></button>
    </div>
    ${length > LIMIT - 200 && html`<p class=${`small ${length > LIMIT ? 'wrong' : 'soft'}`} role="status">${t('chat.length', { length, limit: LIMIT })}</p>`}
  </form>`;
}
