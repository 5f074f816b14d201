// Pictures that are sent: turned as the camera was held, made smaller, and drawn anew, so that nothing of
// the file but what it shows is left: no place, no time, no camera.

/** @typedef {(width: number, height: number) => HTMLCanvasElement} MakeCanvas */
/** @typedef {{blob: Blob, width: number, height: number}} Drawn */

export const SIDE_MAX = 2560;
export const THUMB_SIDE = 800;
const QUALITY = 0.86;
const THUMB_QUALITY = 0.78;
/** What is smaller needs no smaller one. */
const THUMB_FROM = 60_000;

/** As large as fits into a square, never larger than it is.
 * @param {number} width @param {number} height @param {number} side */
export function within(width, height, side) {
  const part = Math.min(1, side / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * part)), height: Math.max(1, Math.round(height * part)) };
}

/** @param {Blob} file @returns {Promise<ImageBitmap | null>} null: the browser sees no picture in it */
export async function decodePicture(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    return null;
  }
}

/** @param {HTMLCanvasElement} canvas @param {string} type @param {number} quality
 * @returns {Promise<Blob | null>} */
const encoded = (canvas, type, quality) =>
  new Promise((resolve) => { canvas.toBlob(resolve, type, quality); });

/** What may be seen through needs WebP; where the browser can't write that, it lies on white.
 * @param {ImageBitmap} picture @param {number} side @param {{clear: boolean, quality: number}} how
 * @param {MakeCanvas} make @returns {Promise<Drawn | null>} */
async function drawn(picture, side, { clear, quality }, make) {
  const { width, height } = within(picture.width, picture.height, side);
  const canvas = make(width, height);
  const to = canvas.getContext('2d');
  if (!to) return null;
  to.imageSmoothingQuality = 'high';
  to.drawImage(picture, 0, 0, width, height);
  const webp = clear ? await encoded(canvas, 'image/webp', quality) : null;
  if (webp?.type === 'image/webp') return { blob: webp, width, height };
  to.globalCompositeOperation = 'destination-over';
  to.fillStyle = 'white';
  to.fillRect(0, 0, width, height);
  const blob = await encoded(canvas, 'image/jpeg', quality);
  return blob && { blob, width, height };
}

/** @param {string} name @param {string} type */
const renamed = (name, type) => `${name.replace(/\.[^.\s]{1,5}$/u, '') || 'picture'}.${type === 'image/webp' ? 'webp' : 'jpg'}`;

/**
 * What is sent of a picture: itself drawn anew (or the file as it is), and a small one of it.
 * @param {File} file @param {{original: boolean, name: string, make: MakeCanvas}} o
 * @returns {Promise<{blob: Blob, name: string, thumb: Blob | null, width: number, height: number} | null>}
 *   null: it is no picture
 */
export async function pictureToSend(file, { original, name, make }) {
  const picture = await decodePicture(file);
  if (!picture) return null;
  try {
    const clear = !/^image\/(jpe?g|heic|heif)$/i.test(file.type);
    const large = original ? null : await drawn(picture, SIDE_MAX, { clear, quality: QUALITY }, make);
    if (!original && !large) return null;
    const blob = large?.blob ?? file;
    const how = { clear, quality: THUMB_QUALITY };
    const small = blob.size > THUMB_FROM ? await drawn(picture, THUMB_SIDE, how, make) : null;
    const { width, height } = picture;
    const shown = large ? renamed(name, large.blob.type) : name;
    return { blob, name: shown, thumb: small?.blob ?? null, width, height };
  } finally {
    picture.close();
  }
}
