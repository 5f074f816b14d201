// The time, drawn into a picture so that it survives small layers and few bits: two rows of fields, black or white,
// at the top. The last four are a sum, for whatever does not survive.
const BITS = 24;
const FIELDS = BITS + 4;
const COLUMNS = FIELDS / 2;
/** Of the picture's height. */
const STRIP = 1 / 6;
/** Pixels that are looked at in each field, each way. */
const LOOK = 4;

export const WRAP = 2 ** BITS;

/** @param {number} v */
const sum = (v) => (v ^ (v >> 4) ^ (v >> 8) ^ (v >> 12) ^ (v >> 16) ^ (v >> 20)) & 15;

/** @param {CanvasRenderingContext2D} g @param {number} width @param {number} height @param {number} ms */
export function draw(g, width, height, ms) {
  const v = ms % WRAP;
  const [w, h] = [width / COLUMNS, height * STRIP / 2];
  for (let i = 0; i < FIELDS; i++) {
    const bit = i < BITS ? (v >>> i) & 1 : (sum(v) >>> (i - BITS)) & 1;
    g.fillStyle = bit ? '#fff' : '#000';
    g.fillRect(Math.floor(i % COLUMNS * w), Math.floor(i / COLUMNS) * h, Math.ceil(w), h);
  }
}

/** Reads it again. */
export class Reader {
  constructor() {
    const canvas = Object.assign(document.createElement('canvas'), { width: COLUMNS * LOOK, height: 2 * LOOK });
    this.g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
  }

  /** @param {HTMLVideoElement} video @returns {number | null} null: it cannot be read */
  read(video) {
    const { g } = this;
    g.drawImage(video, 0, 0, video.videoWidth, video.videoHeight * STRIP, 0, 0, COLUMNS * LOOK, 2 * LOOK);
    const { data } = g.getImageData(0, 0, COLUMNS * LOOK, 2 * LOOK);
    let v = 0, check = 0;
    for (let i = 0; i < FIELDS; i++) {
      const [x0, y0] = [i % COLUMNS * LOOK + 1, Math.floor(i / COLUMNS) * LOOK + 1];
      let light = 0;
      for (let k = 0; k < 4; k++) light += data[4 * ((y0 + (k >> 1)) * COLUMNS * LOOK + x0 + (k & 1)) + 1];
      if (light < 4 * 128) continue;
      if (i < BITS) v += 2 ** i;
      else check |= 1 << (i - BITS);
    }
    return check === sum(v) ? v : null;
  }
}
