// English: recording. Same keys as record.ko.js.

/** @type {Record<string, string>} */
export default {
  'error.recorded': 'This room is being recorded. Who comes in agrees to that.',
  'error.recordings_off': 'Rooms cannot be recorded on this server.',
};
