// The elements that play sound, all on the speaker that was chosen.

export const canPickSpeaker = () => typeof HTMLMediaElement === 'function' && 'setSinkId' in HTMLMediaElement.prototype;

export class Speaker {
  constructor() {
    this.id = '';
    /** @type {Set<HTMLMediaElement>} */
    this.elements = new Set();
  }

  /** @param {HTMLMediaElement} element @returns {() => void} */
  attach(element) {
    this.elements.add(element);
    if (this.id) this.#apply(element);
    return () => { this.elements.delete(element); };
  }

  /** @param {string} id  '' is the system's choice */
  set(id) {
    if (id === this.id) return;
    this.id = id;
    for (const element of this.elements) this.#apply(element);
  }

  /** Plays what a browser kept back; within a tap. @returns {Promise<boolean>} whether all play now */
  async resume() {
    const all = await Promise.allSettled([...this.elements].filter((e) => e.srcObject).map((e) => e.play()));
    return all.every((r) => r.status === 'fulfilled');
  }

  /** @param {HTMLMediaElement} element */
  #apply(element) {
    if (typeof element.setSinkId === 'function') element.setSinkId(this.id).catch(() => {});
  }
}
