// Cameras that show painted people, for pictures of a call that are nice to look at.
import { readFileSync } from 'node:fs';

const SOURCE = readFileSync(new URL('../../web/fixtures/streams.mjs', import.meta.url), 'utf8').replace(/^export /gm, '');

/** For PageOptions.init: who is seen, by number. @param {number} n @returns {[(arg: any) => void, any]} */
// It becomes text for the browser, and is never called here.
// eslint-disable-next-line no-new-func
export const painted = (n) => [/** @type {any} */ (new Function('n', `${SOURCE}
  const media = navigator.mediaDevices;
  if (!media) return;
  let sound;
  const silence = () => {
    sound = sound || new AudioContext();
    return sound.createMediaStreamDestination().stream.getAudioTracks()[0];
  };
  media.getUserMedia = async ({ audio, video }) => new MediaStream([
    ...(audio ? [silence()] : []), ...(video ? paintedStream('person:' + n).getVideoTracks() : [])]);
  media.getDisplayMedia = async () => paintedStream('screen:0');
`)), n];
