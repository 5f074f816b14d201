// The round sign with a person's first letter, for where there is no picture.
import { html } from '../../vendor/htm-preact.js';
import { faceColour, initials } from '../names.js';

/** @param {{ session: string, name: string, size?: 's' | 'xl' | '' }} props */
export function Face({ session, name, size = '' }) {
  return html`<span class=${`face ${size} c${faceColour(session)}`} aria-hidden="true">${initials(name)}</span>`;
}
