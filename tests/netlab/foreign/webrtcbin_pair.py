"""Two webrtcbins of GStreamer (libnice) that may use relays only: webrtcbin_pair.py URL USER PASSWORD.
One sends video to the other; when 20 buffers have come, the candidates of the descriptions are printed."""
import re
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

URL, USER, PASSWORD = sys.argv[1:4]
Gst.init(None)
loop = GLib.MainLoop()
kind, rest = re.match(r"(turns?):(.*)", URL).groups()
turn = f"{kind}://{USER}:{PASSWORD}@{rest}"
pipe = Gst.parse_launch(
    "webrtcbin name=a bundle-policy=max-bundle ice-transport-policy=relay "
    "webrtcbin name=b bundle-policy=max-bundle ice-transport-policy=relay "
    "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=20/1 ! vp8enc deadline=1 "
    "! rtpvp8pay pt=96 ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! a."
)
a, b = pipe.get_by_name("a"), pipe.get_by_name("b")
types = {"a": set(), "b": set()}
frames = 0
kept = []


def candidate(_from, line, text, to, name):
    types[name].add(text.split(" typ ")[1].split()[0])
    to.emit("add-ice-candidate", line, text)


def describe(source, what, then):
    def made(promise, _):
        reply = promise.get_reply()  # owns the description
        kept.append(reply)
        description = reply.get_value(what)
        source.emit("set-local-description", description, None)
        then(description)

    source.emit(f"create-{what}", None, Gst.Promise.new_with_change_func(made, None))


def offered(offer):
    done = Gst.Promise.new_with_change_func(lambda *_: describe(b, "answer", answered), None)
    b.emit("set-remote-description", offer, done)


def answered(answer):
    a.emit("set-remote-description", answer, None)


def flowing(_pad, _info):
    global frames
    frames += 1
    if frames == 20:
        GLib.idle_add(loop.quit)
    return Gst.PadProbeReturn.OK


def arrived(_b, pad):
    if pad.direction == Gst.PadDirection.SRC:
        sink = Gst.ElementFactory.make("fakesink")
        pipe.add(sink)
        sink.sync_state_with_parent()
        pad.add_probe(Gst.PadProbeType.BUFFER, flowing)
        pad.link(sink.get_static_pad("sink"))


for one, name, other in ((a, "a", b), (b, "b", a)):
    one.set_property("turn-server", turn)
    one.connect("on-ice-candidate", candidate, other, name)
b.connect("pad-added", arrived)
a.connect("on-negotiation-needed", lambda _: describe(a, "offer", offered))
GLib.timeout_add_seconds(20, loop.quit)
pipe.set_state(Gst.State.PLAYING)
loop.run()
print(f"{frames} frames, {' '.join(sorted(types['a']))} > {' '.join(sorted(types['b']))}")
pipe.set_state(Gst.State.NULL)
sys.exit(0 if frames >= 20 else 1)
