// A browser as a program that publishes by WHIP.

/** Runs in the page: a moving picture and a tone go to that endpoint.
 * @param {{ url: string, token: string }} to */
export async function publish({ url, token }) {
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
  const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  let n = 0;
  setInterval(() => {
    g.fillStyle = n++ % 2 ? '#2a8' : '#28a';
    g.fillRect(0, 0, 320, 240);
  }, 100);
  const audio = new AudioContext(), tone = audio.createOscillator(), to = audio.createMediaStreamDestination();
  tone.connect(to);
  tone.start();
  const pc = new RTCPeerConnection();
  for (const track of [...canvas.captureStream(10).getTracks(), ...to.stream.getTracks()]) {
    pc.addTransceiver(track, { direction: 'sendonly' });
  }
  await pc.setLocalDescription();
  const answer = await fetch(url, { method: 'POST', body: pc.localDescription?.sdp,
    headers: { 'Content-Type': 'application/sdp', 'Authorization': `Bearer ${token}` } });
  if (answer.ok) await pc.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  Object.assign(window, { whip: { pc, session: answer.headers.get('Location') } });
  return answer.status;
}
