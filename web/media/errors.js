// What a refusal of getUserMedia or getDisplayMedia means, as one of our codes.

/** @typedef {'permission_denied'|'no_device'|'device_in_use'|'insecure_context'|'unsupported'|'failed'}
 *   MediaErrorCode */

/** @type {Record<string, MediaErrorCode>} */
const CODES = {
  NotAllowedError: 'permission_denied', PermissionDeniedError: 'permission_denied',
  PermissionDismissedError: 'permission_denied', NotFoundError: 'no_device', DevicesNotFoundError: 'no_device',
  OverconstrainedError: 'no_device', NotReadableError: 'device_in_use', TrackStartError: 'device_in_use',
  AbortError: 'device_in_use', SecurityError: 'insecure_context', NotSupportedError: 'unsupported',
};

/**
 * @param {unknown} error
 * @param {boolean} [secure]  whether the page is in a secure context
 * @returns {MediaErrorCode}
 */
export function mediaError(error, secure = globalThis.isSecureContext !== false) {
  if (!secure) return 'insecure_context';
  const { name = '' } = /** @type {{name?: string}} */ (error ?? {});
  return CODES[name] ?? (name === 'TypeError' ? 'unsupported' : 'failed');
}
