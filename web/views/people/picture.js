// One's picture: chosen, moved into the circle, and drawn anew at two sizes. What leaves the browser is what
// the canvas made, without anything else that the file held.

/** The middle of the cut in parts of the picture; zoom 1 is as much as fits.
 * @typedef {{ x: number, y: number, zoom: number }} Crop */

export const SIZES = /** @type {const} */ ([96, 512]);
export const PICTURE_MAX = 5e6;
const QUALITY = 0.86;

/** The square that is cut out, in pixels of the picture, always inside it.
 * @param {number} w @param {number} h @param {Crop} crop */
export function cutOf(w, h, { x, y, zoom }) {
  const side = Math.min(w, h) / Math.max(1, zoom);
  const inside = (/** @type {number} */ at, /** @type {number} */ all) =>
    Math.min(Math.max(at * all - side / 2, 0), all - side);
  return { left: inside(x, w), top: inside(y, h), side };
}

/** Where the middle comes to lie when a finger drags the picture.
 * @param {Crop} crop @param {number} dx  in parts of the shown square @param {number} dy
 * @param {number} w @param {number} h @returns {Crop} */
export function dragged(crop, dx, dy, w, h) {
  const { side } = cutOf(w, h, crop);
  const bound = (/** @type {number} */ at, /** @type {number} */ all) =>
    Math.min(Math.max(at, side / 2 / all), 1 - side / 2 / all);
  return { ...crop, x: bound(crop.x - (dx * side) / w, w), y: bound(crop.y - (dy * side) / h, h) };
}

/** @param {File} file @returns {Promise<ImageBitmap>} rejects with a code */
export async function decode(file) {
  if (file.size > PICTURE_MAX) throw Object.assign(new Error('too large'), { code: 'picture_large' });
  try {
    const picture = await createImageBitmap(file);
    if (picture.width < 32 || picture.height < 32) throw new Error('too small');
    return picture;
  } catch {
    throw Object.assign(new Error('no picture'), { code: 'bad_picture' });
  }
}

/** @param {HTMLCanvasElement} canvas @param {ImageBitmap} picture @param {Crop} crop */
export function draw(canvas, picture, crop) {
  const to = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const { left, top, side } = cutOf(picture.width, picture.height, crop);
  to.imageSmoothingQuality = 'high';
  to.fillStyle = 'white'; // what is seen through is not black
  to.fillRect(0, 0, canvas.width, canvas.height);
  to.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
}

/** @param {ImageBitmap} picture @param {Crop} crop @returns {Promise<{ small: Blob, large: Blob }>} */
export async function encode(picture, crop) {
  const [small, large] = await Promise.all(SIZES.map((size) => new Promise((resolve, reject) => {
    const canvas = document.createElement('canvas');
    canvas.width = size;
    canvas.height = size;
    draw(canvas, picture, crop);
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(Object.assign(new Error(), { code: 'bad_picture' }))), 'image/jpeg', QUALITY);
  })));
  return { small, large };
}
