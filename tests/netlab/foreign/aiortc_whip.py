"""aiortc by WHIP and WHEP: publish|view URL TOKEN. Publishes a picture and a tone until a line comes on standard
input, then ends its session; or counts frames of what it watches, and ends when there are enough of both."""
import asyncio
import json
import ssl
import sys
import urllib.parse
import urllib.request

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

WANTED = {"audio": 50, "video": 15}


def ask(method, url, token, body=None, kind=None):
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    headers = {"Authorization": "Bearer " + token}
    if kind:
        headers["Content-Type"] = kind
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    return urllib.request.urlopen(request, timeout=10, context=trusting)


async def offer(pc, url, token):
    await pc.setLocalDescription(await pc.createOffer())
    answer = ask("POST", url, token, pc.localDescription.sdp.encode(), "application/sdp")
    assert answer.status == 201, answer.status
    sdp = answer.read().decode()
    await pc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
    return urllib.parse.urljoin(url, answer.headers["Location"])


async def publish(pc, url, token):
    pc.addTrack(AudioStreamTrack())
    pc.addTrack(VideoStreamTrack())
    session = await offer(pc, url, token)
    print("publishing", flush=True)
    await asyncio.get_event_loop().run_in_executor(None, sys.stdin.readline)
    print("ended", ask("DELETE", session, token).status, flush=True)


async def view(pc, url, token):
    seen = {"audio": 0, "video": 0, "width": 0}
    enough = asyncio.Event()

    async def count(track):
        while True:
            frame = await track.recv()
            seen[track.kind] += 1
            if track.kind == "video":
                seen["width"] = frame.width
            if all(seen[kind] >= n for kind, n in WANTED.items()):
                enough.set()

    pc.on("track", lambda track: asyncio.ensure_future(count(track)))
    pc.addTransceiver("audio", direction="recvonly")
    pc.addTransceiver("video", direction="recvonly")
    session = await offer(pc, url, token)
    try:
        await asyncio.wait_for(enough.wait(), 40)
    except asyncio.TimeoutError:
        pass
    seen["ended"] = ask("DELETE", session, token).status
    print(json.dumps(seen), flush=True)


async def main(what, url, token):
    pc = RTCPeerConnection()
    await (publish if what == "publish" else view)(pc, url, token)
    await pc.close()


asyncio.run(main(*sys.argv[1:]))
