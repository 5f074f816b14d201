"""Offers of aiortc, answered by madang: aiortc_offer.py ANSWERER [DIRECTORY].
ANSWERER reads an offer and writes the answer. aiortc has to take it; what it then says of its lines is printed. With
a directory, the offers are kept there."""
import asyncio
import os
import subprocess
import sys

from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

ANSWERER, KEEP = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None


def publish(pc):
    for track in (AudioStreamTrack(), VideoStreamTrack()):
        pc.addTransceiver(track, direction="sendonly")


def h264(pc):
    publish(pc)
    wanted = [c for c in RTCRtpSender.getCapabilities("video").codecs if c.name == "H264" or c.name == "rtx"]
    pc.getTransceivers()[1].setCodecPreferences(wanted)


def watch(pc):
    for kind in ("audio", "video"):
        pc.addTransceiver(kind, direction="recvonly")


def sound(pc):
    pc.addTrack(AudioStreamTrack())


async def negotiate(name, prepare):
    pc = RTCPeerConnection()
    prepare(pc)
    await pc.setLocalDescription(await pc.createOffer())
    offer = pc.localDescription.sdp
    if KEEP:
        with open(f"{KEEP}/aiortc-{name}.sdp", "w", newline="") as f:
            f.write(offer)
    answer = subprocess.run([ANSWERER], input=offer, capture_output=True, text=True, timeout=10, check=True).stdout
    await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    for t in pc.getTransceivers():
        codecs = [c.name for c in t._codecs]  # there is no other way to ask
        print(name, t.kind, t.currentDirection, *codecs)


async def main():
    for name, prepare in (("publish", publish), ("h264", h264), ("watch", watch), ("sound", sound)):
        await negotiate(name, prepare)


    sys.stdout.flush()
    os._exit(0)  # all of them are connecting to nobody


asyncio.run(asyncio.wait_for(main(), 30))
