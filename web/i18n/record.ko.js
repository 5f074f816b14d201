// 한국어: 녹화. record.en.js와 열쇠가 같다.

/** @type {Record<string, string>} */
export default {
  'error.recorded': '이 방은 녹화되고 있어요. 들어가려면 녹화에 동의해야 해요.',
  'error.recordings_off': '이 서버에서는 녹화할 수 없어요.',
};
