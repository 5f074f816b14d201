"""Two peers of aiortc that may use relays only, in one program: aiortc_pair.py URL USER PASSWORD.
A data channel between them carries a word there and back; then the candidates that won are printed."""
import asyncio
import sys

import aioice
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection

URL, USER, PASSWORD = sys.argv[1:4]

# aiortc has no iceTransportPolicy; what it is built on has.
ordinary = aioice.Connection.__init__


def relay_only(self, *args, **kwargs):
    ordinary(self, *args, **{**kwargs, "transport_policy": aioice.TransportPolicy.RELAY})


aioice.Connection.__init__ = relay_only


def peer():
    server = RTCIceServer(urls=[URL], username=USER, credential=PASSWORD)
    return RTCPeerConnection(RTCConfiguration(iceServers=[server]))


async def main():
    a, b = peer(), peer()
    echoed = asyncio.get_running_loop().create_future()

    @b.on("datachannel")
    def arrived(channel):
        channel.on("message", lambda m: channel.send("re: " + m))

    channel = a.createDataChannel("x")
    channel.on("open", lambda: channel.send("hello"))
    channel.on("message", echoed.set_result)
    await a.setLocalDescription(await a.createOffer())
    await b.setRemoteDescription(a.localDescription)
    await b.setLocalDescription(await b.createAnswer())
    await a.setRemoteDescription(b.localDescription)
    word = await echoed
    pair = a.sctp.transport.transport._connection._nominated[1]
    print(word, pair.local_candidate.type, ">", pair.remote_candidate.type)
    await asyncio.gather(a.close(), b.close())


asyncio.run(asyncio.wait_for(main(), 20))
