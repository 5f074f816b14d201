// The Enter key, where people write Hangul: while a syllable is being composed, Enter belongs to the
// input method. Safari ends the composition before it sends the key: there only keyCode 229 tells.

/** @param {KeyboardEvent} e */
export const composing = (e) => e.isComposing || e.keyCode === 229;

/** A key handler that calls `go` for a real Enter. @param {(e: KeyboardEvent) => void} go */
export const submitOnEnter = (go) => (/** @type {KeyboardEvent} */ e) => {
  if (e.key !== 'Enter' || e.shiftKey || composing(e)) return;
  e.preventDefault();
  go(e);
};
