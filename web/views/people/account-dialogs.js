// The dialogs about one's account: the password, recovery codes, deleting; and blocking somebody.
import { html, useState } from '../../vendor/htm-preact.js';
import { askOf } from '../../domain/account.js';
import { useApp } from '../context.js';
import { copyText } from '../share.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { Field, Password, Refused, Submit, useDone } from './form.js';

/** @param {{ close: () => void }} props */
export function PasswordDialog({ close }) {
  const { state, act, t } = useApp();
  const [old, setOld] = useState('');
  const [password, setPassword] = useState('');
  useDone('password', close);
  const { error } = askOf(state.account, 'password');
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    act.account.changePassword({ old, password });
  };
  return html`<${Dialog} title=${t('me.password')} onClose=${close} name="password">
    <form class="stack" onSubmit=${submit} novalidate>
      <p class="soft">${t('me.password_more')}</p>
      <input class="unseen" type="text" name="username" autocomplete="username" value=${state.account.user?.name ?? ''} readonly tabindex="-1" aria-hidden="true" />
      <${Password} label=${t('me.password_old')} name="old" value=${old} onValue=${setOld} first wrong=${error === 'sign_in_wrong'} />
      <${Password} label=${t('sign.password_new')} value=${password} onValue=${setPassword} fresh wrong=${error === 'weak_password'} />
      <${Refused} what="password" />
      <div class="dialog-foot"><button type="button" class="btn" onClick=${close}>${t('cancel')}</button>
        <${Submit} what="password" name="password-go" text=${t('save')} disabled=${!old || !password} cls="btn primary" /></div>
    </form>
  <//>`;
}

/** Asks for the password, then shows new codes. @param {{ close: () => void }} props */
export function NewCodesDialog({ close }) {
  const { act, t } = useApp();
  const [password, set] = useState('');
  useDone('codes', close);
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    act.account.newCodes(password);
  };
  return html`<${Dialog} title=${t('codes.new')} onClose=${close} name="new-codes">
    <form class="stack" onSubmit=${submit} novalidate>
      <p class="soft">${t('codes.new_more')}</p>
      <${Password} label=${t('sign.password')} value=${password} onValue=${set} first />
      <${Refused} what="codes" />
      <div class="dialog-foot"><button type="button" class="btn" onClick=${close}>${t('cancel')}</button>
        <${Submit} what="codes" name="codes-go" text=${t('codes.make')} disabled=${!password} cls="btn primary" /></div>
    </form>
  <//>`;
}

/** The codes, once. There is no way past it but to say that they are kept. */
export function CodesDialog() {
  const { state, act, t, setUi } = useApp();
  const [kept, keep] = useState(false);
  const [said, say] = useState('');
  const { codes, user } = state.account;
  if (!codes) return null;
  const text = [t('codes.file_head', { host: location.host, name: user?.name ?? '' }), ...codes, ''].join('\n');
  const copy = async () => say(t(await copyText(text) ? 'share.copied' : 'codes.copy_failed'));
  const download = () => {
    const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `madang-${user?.name ?? 'codes'}.txt`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
    say(t('codes.saved'));
  };
  const done = () => {
    act.account.codesKept();
    setUi({ dialog: null }); // the one that asked for them lies underneath
  };
  return html`<${Dialog} title=${t('codes.title')} name="codes">
    <p>${t('codes.why')}</p>
    <ol class="codes" data-codes>${codes.map((c) => html`<li key=${c}><code>${c}</code></li>`)}</ol>
    <div class="code-tools">
      <button type="button" class="btn" data-act="copy-codes" onClick=${copy}><${Icon} name="copy" size="s" />${t('share.copy')}</button>
      <button type="button" class="btn" data-act="save-codes" onClick=${download}><${Icon} name="download" size="s" />${t('codes.save')}</button>
      <button type="button" class="btn" data-act="print-codes" onClick=${() => print()}><${Icon} name="print" size="s" />${t('codes.print')}</button>
    </div>
    <p class="small soft copied" role="status">${said}</p>
    <label class="check"><input type="checkbox" data-field="codes-kept" checked=${kept} onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => keep(e.currentTarget.checked)} />
      <span>${t('codes.kept')}</span></label>
    <div class="dialog-foot"><button type="button" class="btn primary" data-act="codes-done" disabled=${!kept} onClick=${done}>${t('codes.done')}</button></div>
  <//>`;
}

/** Says first what becomes of what one wrote. @param {{ close: () => void }} props */
export function DeleteDialog({ close }) {
  const { state, act, t } = useApp();
  const [password, set] = useState('');
  const [name, setName] = useState('');
  useDone('delete', close);
  const own = state.account.user?.name ?? '';
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    if (name === own) act.account.remove(password);
  };
  return html`<${Dialog} title=${t('delete.title')} onClose=${close} name="delete">
    <form class="stack" onSubmit=${submit} novalidate>
      <ul class="plain-list">${['account', 'messages', 'calls'].map((k) => html`<li key=${k}>${t(`delete.${k}`)}</li>`)}</ul>
      <p class="wrong-text"><b>${t('delete.final')}</b></p>
      <${Field} label=${t('delete.name', { name: own })} name="own-name" value=${name} onValue=${setName} />
      <${Password} label=${t('sign.password')} value=${password} onValue=${set} />
      <${Refused} what="delete" />
      <div class="dialog-foot"><button type="button" class="btn" data-first onClick=${close}>${t('cancel')}</button>
        <${Submit} what="delete" name="delete-go" text=${t('delete.go')} disabled=${!password || name !== own} cls="btn danger" /></div>
    </form>
  <//>`;
}

/** @param {{ close: () => void }} props */
export function BlockDialog({ close }) {
  const { state, act, t } = useApp();
  const p = state.people.chosen ? state.people.known[state.people.chosen] : null;
  if (!p) return null;
  const block = () => {
    act.people.block(p.user, true);
    close();
  };
  return html`<${Dialog} title=${t('block.title', { name: p.display })} onClose=${close} name="block">
    <p>${t('block.text')}</p>
    <div class="dialog-foot"><button type="button" class="btn" data-first onClick=${close}>${t('cancel')}</button>
      <button type="button" class="btn danger" data-act="block-go" onClick=${block}>${t('people.block')}</button></div>
  <//>`;
}

/** @param {{ close: () => void }} props */
export function PasskeyDialog({ close }) {
  const { act, t } = useApp();
  const [name, set] = useState('');
  useDone('passkey_add', close);
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    act.account.addPasskey(name.trim() || t('passkey.unnamed'));
  };
  return html`<${Dialog} title=${t('passkey.add')} onClose=${close} name="passkey">
    <form class="stack" onSubmit=${submit} novalidate>
      <p class="soft">${t('passkey.add_more')}</p>
      <${Field} label=${t('passkey.name')} name="passkey-name" value=${name} onValue=${set} first placeholder=${t('passkey.unnamed')} max=${32} />
      <${Refused} what="passkey_add" />
      <div class="dialog-foot"><button type="button" class="btn" onClick=${close}>${t('cancel')}</button>
        <${Submit} what="passkey_add" name="passkey-go" text=${t('passkey.go')} cls="btn primary" /></div>
    </form>
  <//>`;
}
