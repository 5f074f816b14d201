// Which tiles are in view and how large: the server sends pictures as large as they are shown, and none that
// nobody sees.
import { useEffect } from '../vendor/htm-preact.js';
import { useApp } from './context.js';

/**
 * @param {{ current: HTMLElement | null }} ref  the tile
 * @param {string | null} session  null: of oneself, which needs no sending
 * @param {'camera' | 'screen'} role
 * @param {'pinned' | 'speaker' | 'visible' | 'thumbnail'} rank
 */
export function useSeen(ref, session, role, rank) {
  const { act } = useApp();
  useEffect(() => {
    const el = ref.current;
    if (!el || !session) return undefined;
    let visible = true;
    const tell = () => {
      const dots = globalThis.devicePixelRatio || 1;
      const width = Math.round(el.clientWidth * dots);
      const height = Math.round(el.clientHeight * dots);
      act.look(session, role, visible && width && height ? { width, height, rank } : null);
    };
    const resized = new ResizeObserver(tell);
    const moved = new IntersectionObserver(([e]) => {
      visible = e.isIntersecting;
      tell();
    });
    resized.observe(el);
    moved.observe(el);
    return () => {
      resized.disconnect();
      moved.disconnect();
      act.look(session, role, null);
    };
  }, [session, role, rank]);
}
