"""GStreamer's webrtcbin by WHIP and WHEP: publish|view URL TOKEN. Publishes a picture and a tone until a line comes on
standard input, then ends its session; or counts frames of what it watches, and ends when there are enough of both.
Its candidates follow by PATCH."""
import array
import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402
from whip_session import WANTED, Session, Tone, fragment  # noqa: E402

Gst.init(None)
DIRECTION = GstWebRTC.WebRTCRTPTransceiverDirection
SENT = ("webrtcbin name=w bundle-policy=max-bundle "
        "audiotestsrc is-live=true freq=440 volume=0.5 ! opusenc ! rtpopuspay pt=111 ! "
        "application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! w. "
        "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=15/1 ! vp8enc deadline=1 ! "
        "rtpvp8pay pt=96 ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! w. ")
WATCHED = ("application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000",
           "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000;"
           "application/x-rtp,media=video,encoding-name=H264,payload=102,clock-rate=90000,packetization-mode=(string)1,"
           "profile-level-id=(string)42e01f")
HEARD = "audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! appsink name=sink sync=false"
SEEN = "videoconvert ! appsink name=sink sync=false"


def wait(element, signal, *args):
    promise = Gst.Promise.new()
    element.emit(signal, *args, promise)
    if promise.wait() != Gst.PromiseResult.REPLIED:
        raise RuntimeError(signal)
    reply = promise.get_reply()
    if reply is not None and reply.has_field("error"):
        raise RuntimeError(f"{signal}: {reply.to_string()}")
    return reply


def gathered(w):
    """Candidates come one by one; told at once when the last one is there."""
    candidates, whole = [], threading.Event()
    w.connect("on-ice-candidate", lambda _w, _line, text: candidates.append(text))

    def look(*_):
        if w.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            whole.set()

    w.connect("notify::ice-gathering-state", look)
    return candidates, whole


def negotiate(w, session):
    candidates, whole = gathered(w)
    kept = wait(w, "create-offer", None)  # owns the description
    offer = kept.get_value("offer")
    wait(w, "set-local-description", offer)
    text = offer.sdp.as_text()
    result, sdp = GstSdp.SDPMessage.new_from_text(session.post(text))
    assert result == GstSdp.SDPResult.OK
    answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
    wait(w, "set-remote-description", answer)
    assert whole.wait(30)
    return session.trickle(fragment(text, candidates))


def publish(session):
    pipe = Gst.parse_launch(SENT)
    w = pipe.get_by_name("w")
    for line in range(2):
        w.emit("get-transceiver", line).set_property("direction", DIRECTION.SENDONLY)
    pipe.set_state(Gst.State.PLAYING)
    pipe.get_state(5 * Gst.SECOND)
    assert negotiate(w, session) == 204
    print("publishing", flush=True)
    sys.stdin.readline()
    print("ended", session.end(), flush=True)
    pipe.set_state(Gst.State.NULL)


class Viewer:
    """Counts what comes out of the decoders."""

    def __init__(self, pipe):
        self.pipe, self.tone, self.enough = pipe, Tone(48000), threading.Event()
        self.seen = {"audio": 0, "video": 0, "width": 0}

    def came(self, _w, pad):
        """A stream: what it is and how it is decoded is decodebin's affair."""
        decode = Gst.ElementFactory.make("decodebin")
        decode.connect("pad-added", self.decoded)
        self.pipe.add(decode)
        decode.sync_state_with_parent()
        pad.link(decode.get_static_pad("sink"))

    def decoded(self, _decode, pad):
        audio = pad.get_current_caps().get_structure(0).get_name().startswith("audio")
        end = Gst.parse_bin_from_description(HEARD if audio else SEEN, True)
        sink = end.get_by_name("sink")
        sink.set_property("emit-signals", True)
        sink.connect("new-sample", self.heard if audio else self.shown)
        self.pipe.add(end)
        end.sync_state_with_parent()
        pad.link(end.get_static_pad("sink"))

    def count(self, kind):
        self.seen[kind] += 1
        if all(self.seen[k] >= n for k, n in WANTED.items()):
            self.enough.set()
        return Gst.FlowReturn.OK

    def heard(self, sink):
        buffer = sink.emit("pull-sample").get_buffer()
        self.tone.hear(array.array("h", buffer.extract_dup(0, buffer.get_size())))
        return self.count("audio")

    def shown(self, sink):
        self.seen["width"] = sink.emit("pull-sample").get_caps().get_structure(0).get_value("width")
        return self.count("video")


def view(session):
    pipe = Gst.Pipeline()
    w = Gst.ElementFactory.make("webrtcbin", "w")
    w.set_property("bundle-policy", "max-bundle")
    pipe.add(w)
    for caps in WATCHED:
        w.emit("add-transceiver", DIRECTION.RECVONLY, Gst.Caps.from_string(caps))
    viewer = Viewer(pipe)
    w.connect("pad-added", viewer.came)
    pipe.set_state(Gst.State.PLAYING)
    assert negotiate(w, session) == 204
    viewer.enough.wait(90)
    print(json.dumps({**viewer.seen, "tone": viewer.tone.height(), "ended": session.end()}), flush=True)
    pipe.set_state(Gst.State.NULL)


{"publish": publish, "view": view}[sys.argv[1]](Session(*sys.argv[2:4]))
