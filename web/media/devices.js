// Microphones, cameras and speakers by name, and which of them a person meant.

/** @typedef {import('../domain/types.js').Device} Device */
/** @typedef {{mics: Device[], cameras: Device[], speakers: Device[]}} DeviceLists */

/** What a browser calls its own choice; it is '' here. */
const SYSTEM = new Set(['default', 'communications', '']);

/**
 * @param {{kind: string, deviceId: string, label: string}[]} found  as enumerateDevices gives them
 * @returns {DeviceLists}
 */
export function sortDevices(found) {
  const of = (/** @type {string} */ kind) => found
    .filter((d) => d.kind === kind && !SYSTEM.has(d.deviceId))
    .map((d) => ({ id: d.deviceId, label: d.label }));
  return { mics: of('audioinput'), cameras: of('videoinput'), speakers: of('audiooutput') };
}

/**
 * The device that was chosen once: by its id, or, since browsers change ids, by its name.
 * @param {Device[]} list
 * @param {string} id
 * @param {string} label
 * @returns {string} '' when it is not there, or none was chosen
 */
export function findDevice(list, id, label) {
  if (!id) return '';
  if (list.some((d) => d.id === id)) return id;
  return list.find((d) => label && d.label === label)?.id ?? '';
}

/** @param {Pick<MediaDevices, 'enumerateDevices'> | undefined} devices @returns {Promise<DeviceLists>} */
export async function listDevices(devices) {
  try {
    return sortDevices(await devices?.enumerateDevices() ?? []);
  } catch {
    return { mics: [], cameras: [], speakers: [] };
  }
}
