// A picture under fingers, mouse and wheel: pinched, turned larger by a double tap, moved, and wiped aside.
import { useRef, useState } from '../../vendor/htm-preact.js';

/** @typedef {{ scale: number, x: number, y: number }} Zoom  moved by x, y pixels from the middle */

export const WHOLE = { scale: 1, x: 0, y: 0 };
const MOST = 6;
const TAP = 2.5;
const TAP_MS = 300;
const WIPE = 60;

/** Around a point that stays where it is (in pixels from the middle of the window).
 * @param {Zoom} z @param {number} scale @param {{x: number, y: number}} at @returns {Zoom} */
export function zoomed(z, scale, at) {
  const to = Math.min(MOST, Math.max(1, scale));
  if (to === 1) return WHOLE;
  const by = to / z.scale;
  return { scale: to, x: at.x - (at.x - z.x) * by, y: at.y - (at.y - z.y) * by };
}

/** A picture never leaves the window quite. @param {Zoom} z @param {{width: number, height: number}} size */
export function held(z, { width, height }) {
  const [w, h] = [(width * (z.scale - 1)) / 2, (height * (z.scale - 1)) / 2];
  return { ...z, x: Math.min(w, Math.max(-w, z.x)), y: Math.min(h, Math.max(-h, z.y)) };
}

/** @typedef {{x: number, y: number}} Point */
/** @param {Point} a @param {Point} b */
const apart = (a, b) => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));

/** @param {{ wiped: (by: 1 | -1) => void }} o */
export function useZoom({ wiped }) {
  const [zoom, setZoom] = useState(/** @type {Zoom} */ (WHOLE));
  const fingers = useRef(/** @type {Map<number, Point>} */ (new Map()));
  const begun = useRef({ x: 0, tap: 0, moved: false });
  const from = (/** @type {PointerEvent | WheelEvent} */ e) => {
    const r = /** @type {Element} */ (e.currentTarget).getBoundingClientRect();
    return { x: e.clientX - r.x - r.width / 2, y: e.clientY - r.y - r.height / 2, size: r };
  };
  const down = (/** @type {PointerEvent} */ e) => {
    if (e.button > 0) return;
    const { x, y } = from(e);
    /** @type {Element} */ (e.currentTarget).setPointerCapture(e.pointerId);
    fingers.current.set(e.pointerId, { x, y });
    if (fingers.current.size === 1) begun.current = { ...begun.current, x, moved: false };
  };
  const move = (/** @type {PointerEvent} */ e) => {
    const was = fingers.current.get(e.pointerId);
    if (!was) return;
    const { x, y, size } = from(e);
    const other = [...fingers.current].find(([id]) => id !== e.pointerId)?.[1];
    if (Math.abs(x - begun.current.x) > 8 || other) begun.current.moved = true;
    if (other) {
      const middle = { x: (x + other.x) / 2, y: (y + other.y) / 2 };
      const by = apart({ x, y }, other) / apart(was, other);
      setZoom((z) => held(zoomed(z, z.scale * by, middle), size));
    } else {
      setZoom((z) => (z.scale > 1 ? held({ ...z, x: z.x + x - was.x, y: z.y + y - was.y }, size) : z));
    }
    fingers.current.set(e.pointerId, { x, y });
  };
  const up = (/** @type {PointerEvent} */ e) => {
    if (!fingers.current.delete(e.pointerId) || fingers.current.size) return;
    const at = from(e);
    const dx = at.x - begun.current.x;
    const aside = zoom.scale === 1 && e.pointerType !== 'mouse' && Math.abs(dx) > WIPE;
    if (begun.current.moved && aside) wiped(dx < 0 ? 1 : -1);
    if (begun.current.moved) return;
    const twice = e.timeStamp - begun.current.tap < TAP_MS;
    begun.current.tap = twice ? 0 : e.timeStamp;
    if (twice) setZoom((z) => held(z.scale > 1 ? WHOLE : zoomed(z, TAP, at), at.size));
  };
  const lost = (/** @type {PointerEvent} */ e) => { fingers.current.delete(e.pointerId); };
  const wheel = (/** @type {WheelEvent} */ e) => {
    e.preventDefault();
    const at = from(e);
    setZoom((z) => held(zoomed(z, z.scale * (e.deltaY < 0 ? 1.2 : 1 / 1.2), at), at.size));
  };
  const pointer = { onPointerDown: down, onPointerMove: move, onPointerUp: up, onPointerCancel: lost };
  return { zoom, setZoom, on: { ...pointer, onWheel: wheel } };
}
