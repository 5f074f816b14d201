"""aiortc by WHIP and WHEP: publish|view URL TOKEN. Publishes a picture and a tone until a line comes on standard
input, then ends its session; or counts frames of what it watches, and ends when there are enough of both."""
import array
import asyncio
import json
import math
import sys
from fractions import Fraction

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from av import AudioFrame
from whip_session import WANTED, Session, Tone

RATE = 48000


class ToneTrack(AudioStreamTrack):
    """440 Hz, 20 ms at a time."""

    sent = 0

    async def recv(self):
        size = RATE // 50
        frame = AudioFrame(format="s16", layout="mono", samples=size)
        wave = (int(8000 * math.sin(2 * math.pi * 440 * (self.sent + i) / RATE)) for i in range(size))
        frame.planes[0].update(array.array("h", wave).tobytes())
        frame.pts, frame.sample_rate, frame.time_base = self.sent, RATE, Fraction(1, RATE)
        self.sent += size
        loop = asyncio.get_event_loop()
        self.began = getattr(self, "began", loop.time())
        await asyncio.sleep(max(0, self.began + self.sent / RATE - loop.time()))
        return frame


async def offer(pc, session):
    await pc.setLocalDescription(await pc.createOffer())
    sdp = session.post(pc.localDescription.sdp)
    await pc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))


async def publish(pc, session):
    pc.addTrack(ToneTrack())
    pc.addTrack(VideoStreamTrack())
    await offer(pc, session)
    print("publishing", flush=True)
    await asyncio.get_event_loop().run_in_executor(None, sys.stdin.readline)
    print("ended", session.end(), flush=True)


async def view(pc, session):
    seen = {"audio": 0, "video": 0, "width": 0}
    tone = Tone(RATE)
    enough = asyncio.Event()

    async def count(track):
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            seen[track.kind] += 1
            if track.kind == "video":
                seen["width"] = frame.width
            else:
                tone.hear(array.array("h", bytes(frame.planes[0])[: frame.samples * 4])[::2])
            if all(seen[kind] >= n for kind, n in WANTED.items()):
                enough.set()

    pc.on("track", lambda track: asyncio.ensure_future(count(track)))
    pc.addTransceiver("audio", direction="recvonly")
    pc.addTransceiver("video", direction="recvonly")
    await offer(pc, session)
    try:
        await asyncio.wait_for(enough.wait(), 90)
    except asyncio.TimeoutError:
        pass
    print(json.dumps({**seen, "tone": tone.height(), "ended": session.end()}), flush=True)


async def main(what, url, token):
    pc = RTCPeerConnection()
    await (publish if what == "publish" else view)(pc, Session(url, token))
    await pc.close()


asyncio.run(main(*sys.argv[1:]))
