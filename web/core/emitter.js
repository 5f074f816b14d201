// A typed event emitter. A listener that throws doesn't keep the others from hearing.

/**
 * @template {Record<string, any>} T  event name -> what its listeners get
 */
export class Emitter {
  constructor() {
    /** @type {Map<keyof T, Set<(value: any) => void>>} */
    this.listeners = new Map();
  }

  /**
   * @template {keyof T} K
   * @param {K} type
   * @param {(value: T[K]) => void} fn
   * @returns {() => void} takes the listener away again
   */
  on(type, fn) {
    let set = this.listeners.get(type);
    if (!set) this.listeners.set(type, set = new Set());
    set.add(fn);
    return () => { set.delete(fn); };
  }

  /**
   * @template {keyof T} K
   * @param {K} type
   * @param {T[K]} value
   */
  emit(type, value) {
    for (const fn of [...(this.listeners.get(type) ?? [])]) {
      try {
        fn(value);
      } catch (error) {
        queueMicrotask(() => { throw error; });
      }
    }
  }
}
