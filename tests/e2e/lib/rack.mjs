// A rack of cameras, microphones and a screen that tests plug, unplug and break, put into a page before
// its own scripts. Each camera shows four coloured fields, so that who is seen (and whether it is
// mirrored) can be read from the pixels of a video; each microphone hums.
//
// In the page it is `window.rack`:
//   rack.live('camera')   how many of its tracks are not stopped (mic, camera, screen, sound)
//   rack.unplug(id) rack.plug(id)      mic1 mic2 cam1 cam2 spk1
//   rack.fail.camera = 'NotAllowedError'   what getUserMedia says from now on (mic, camera, screen)
//   rack.endScreen()      as the browser's own "stop sharing"
//   rack.pcs              every RTCPeerConnection that the page has made

/**
 * @typedef {object} RackOptions
 * @property {string} [look]  of cam1: four letters of RGBWYK, left to right, top to bottom
 * @property {string} [look2]  of cam2
 * @property {string} [screen]  of the shared screen
 * @property {number} [tone]  Hz of mic1; mic2 is an octave higher
 * @property {number} [fps]
 * @property {[number, number]} [size]
 * @property {string[]} [devices]  what is plugged in at the start
 * @property {boolean} [native]  the browser's own fake devices; tracks are counted all the same
 * @property {Record<string, string>} [fail]
 */

/** Runs in the page. @param {RackOptions} o */
export function rack(o) {
  const { look = 'RGBW', look2 = 'YKRB', screen = 'WKYG', tone = 330, fps = 10, size = [320, 240], native = false } = o;
  const COLOURS = /** @type {Record<string, string>} */ ({
    R: '#dc2828', G: '#28b43c', B: '#2846dc', W: '#ebebeb', Y: '#e6dc28', K: '#141414',
  });
  /** @type {{kind: string, id: string, track: any}[]} */
  const tracks = [];
  const all = [
    { deviceId: 'mic1', kind: 'audioinput', label: 'Microphone 1', groupId: 'g1' },
    { deviceId: 'mic2', kind: 'audioinput', label: 'Microphone 2', groupId: 'g2' },
    { deviceId: 'cam1', kind: 'videoinput', label: 'Camera 1', groupId: 'g1' },
    { deviceId: 'cam2', kind: 'videoinput', label: 'Camera 2', groupId: 'g2' },
    { deviceId: 'spk1', kind: 'audiooutput', label: 'Speaker 1', groupId: 'g1' },
  ];
  let there = o.devices ?? all.map((d) => d.deviceId);
  /** @type {RTCPeerConnection[]} */
  const pcs = [];
  const w = /** @type {any} */ (window);
  const media = /** @type {any} */ (navigator.mediaDevices);
  const api = w.rack = {
    tracks, pcs, asked: /** @type {any[]} */ ([]),
    fail: /** @type {Record<string, string>} */ ({ ...o.fail }),
    live: (/** @type {string} */ kind) => tracks.filter((t) => t.kind === kind && t.track.readyState === 'live').length,
    /** Devices that are in use now. */
    used: () => tracks.filter((t) => t.track.readyState === 'live').map((t) => t.id).sort(),
    unplug(/** @type {string} */ id) {
      there = there.filter((x) => x !== id);
      for (const t of tracks) if (t.id === id) end(t.track);
      media.dispatchEvent(new Event('devicechange'));
    },
    plug(/** @type {string} */ id) {
      if (!there.includes(id)) there = [...there, id];
      media.dispatchEvent(new Event('devicechange'));
    },
    endScreen() {
      for (const t of tracks) if (t.kind === 'screen' || t.kind === 'sound') end(t.track);
    },
  };
  const Real = w.RTCPeerConnection;
  if (Real) {
    w.RTCPeerConnection = new Proxy(Real, {
      construct(target, args) {
        const pc = new target(...args);
        pcs.push(pc);
        return pc;
      },
    });
  }
  if (!media) return;

  /** As when the device itself goes. @param {any} track */
  function end(track) {
    if (track.readyState === 'ended') return;
    track.stop();
    track.dispatchEvent(new Event('ended'));
  }

  /** @param {string} letters @param {number} width @param {number} height @param {number} rate */
  function picture(letters, width, height, rate) {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    let n = 0;
    const draw = () => {
      for (let i = 0; i < 4; i++) {
        g.fillStyle = COLOURS[letters[i]];
        g.fillRect((i % 2) * width / 2, Math.floor(i / 2) * height / 2, width / 2, height / 2);
      }
      g.fillStyle = '#000'; // something that moves, outside of where the colours are read
      g.fillRect((n++ * 16) % width, height * 0.46, 24, height * 0.08);
    };
    draw();
    const track = canvas.captureStream(rate).getVideoTracks()[0];
    const timer = setInterval(() => {
      if (track.readyState === 'ended') clearInterval(timer);
      else draw();
    }, 1000 / rate);
    return track;
  }

  /** @type {AudioContext | undefined} */
  let sound;
  /** @param {number} hz */
  async function hum(hz) {
    // Without a sound card Firefox' AudioContext never begins; its fake microphone hums by itself.
    if (navigator.userAgent.includes('Firefox/')) return (await realUser({ audio: true })).getAudioTracks()[0];
    sound ??= new AudioContext();
    sound.resume();
    const osc = sound.createOscillator();
    const gain = sound.createGain();
    const out = sound.createMediaStreamDestination();
    osc.frequency.value = hz;
    gain.gain.value = 0.4;
    osc.connect(gain).connect(out);
    osc.start();
    return out.stream.getAudioTracks()[0];
  }

  /** @param {any} track @param {string} kind @param {string} id @param {Record<string, any>} [settings]
   *  @param {string} [label] */
  function keep(track, kind, id, settings, label) {
    if (settings) {
      const own = track.getSettings.bind(track);
      track.getSettings = () => ({ ...own(), ...settings });
    }
    if (label) Object.defineProperty(track, 'label', { value: label });
    tracks.push({ kind, id, track });
    return track;
  }

  const fails = (/** @type {string} */ name) => new DOMException(`told to fail: ${name}`, name);

  /** @param {'audioinput' | 'videoinput'} kind @param {any} constraints */
  function choose(kind, constraints) {
    const wanted = constraints?.deviceId;
    const id = typeof wanted === 'string' ? wanted : wanted?.exact ?? wanted?.ideal;
    const list = all.filter((d) => d.kind === kind && there.includes(d.deviceId));
    const facing = constraints?.facingMode?.exact ?? constraints?.facingMode?.ideal
      ?? constraints?.facingMode;
    const found = list.find((d) => d.deviceId === id)
      ?? (facing === 'environment' ? list.find((d) => d.deviceId === 'cam2') : undefined) ?? list[0];
    if (!found) throw fails('NotFoundError');
    if (wanted?.exact && found.deviceId !== id) throw fails('OverconstrainedError');
    return found;
  }

  const realUser = media.getUserMedia?.bind(media);
  const realDisplay = media.getDisplayMedia?.bind(media);
  /** @param {any} constraints */
  media.getUserMedia = async (constraints) => {
    api.asked.push(constraints);
    if (constraints.audio && api.fail.mic) throw fails(api.fail.mic);
    if (constraints.video && api.fail.camera) throw fails(api.fail.camera);
    if (native) {
      const stream = await realUser(constraints);
      for (const t of stream.getTracks()) keep(t, t.kind === 'audio' ? 'mic' : 'camera', t.getSettings().deviceId ?? '');
      return stream;
    }
    const stream = new MediaStream();
    const chosen = {
      video: constraints.video ? choose('videoinput', constraints.video) : null,
      audio: constraints.audio ? choose('audioinput', constraints.audio) : null,
    };
    if (chosen.audio) {
      const { deviceId, groupId, label } = chosen.audio;
      stream.addTrack(keep(await hum(deviceId === 'mic2' ? 2 * tone : tone), 'mic', deviceId, { deviceId, groupId }, label));
    }
    if (chosen.video) {
      const { deviceId, groupId, label } = chosen.video;
      const second = deviceId === 'cam2';
      const settings = { deviceId, groupId, width: size[0], height: size[1], frameRate: fps, facingMode: second ? 'environment' : 'user' };
      stream.addTrack(keep(picture(second ? look2 : look, size[0], size[1], fps), 'camera', deviceId, settings, label));
    }
    return stream;
  };
  if (realDisplay) {
    /** @param {any} constraints */
    media.getDisplayMedia = async (constraints) => {
      if (api.fail.screen) throw fails(api.fail.screen);
      if (native) {
        const real = await realDisplay(constraints);
        for (const t of real.getTracks()) keep(t, t.kind === 'audio' ? 'sound' : 'screen', 'screen');
        return real;
      }
      const settings = { width: 640, height: 360, frameRate: 5, displaySurface: 'monitor' };
      const noise = await hum(3 * tone);
      return new MediaStream([
        keep(picture(screen, 640, 360, 5), 'screen', 'screen', settings, 'Screen 1'), keep(noise, 'sound', 'screen'),
      ]);
    };
  }
  if (!native) {
    media.enumerateDevices = async () => all.filter((d) => there.includes(d.deviceId))
      .map((d) => ({ ...d, toJSON: () => d }));
  }
}
