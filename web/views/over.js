// The end of a session, in words, with the way back.
import { html } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { Header } from './header.js';
import { REMEDIES } from './problem.js';
import { useRemedy } from './remedy.js';
import { Icon } from './ui/icon.js';

export function Over() {
  const { state, t } = useApp();
  const run = useRemedy();
  const code = state.over?.code ?? 'unknown';
  const known = code in REMEDIES ? code : 'unknown';
  const remedy = REMEDIES[known];
  return html`<${Header} />
    <main class="over" id="main" tabindex="-1">
      <span class="over-sign"><${Icon} name=${known === 'removed' ? 'leave' : known === 'version' ? 'wait' : 'copy'} size="l" /></span>
      <h1>${t(`over.${known === 'removed' || known === 'version' ? known : 'elsewhere'}`)}</h1>
      <p class="soft" role="alert" data-problem=${code}>${t(`error.${known}`, { device: '' })}</p>
      <button type="button" class="btn primary big" data-remedy=${remedy} onClick=${() => run(remedy)}>${t(`do.${remedy}`)}</button>
    </main>`;
}
