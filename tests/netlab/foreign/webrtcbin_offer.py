"""Offers of GStreamer's webrtcbin, answered by madang: webrtcbin_offer.py ANSWERER [DIRECTORY].
ANSWERER reads an offer and writes the answer. webrtcbin has to take it; what it then says of its lines is printed. With
a directory, the offers are kept there."""
import subprocess
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

ANSWERER, KEEP = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
Gst.init(None)
OPUS = ("audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=111 ! "
        "application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! w. ")
VP8 = ("videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=20/1 ! vp8enc deadline=1 ! "
       "rtpvp8pay pt=96 ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! w. ")
VP9 = VP8.replace("vp8", "vp9").replace("VP8", "VP9")
BIN = "webrtcbin name=w bundle-policy={} "
# webrtcbin's own default is no bundle at all: that is for those with one line.
CASES = {
    "publish": BIN.format("max-bundle") + OPUS + VP8,
    "vp9": BIN.format("max-bundle") + OPUS + VP9,
    "single": BIN.format("none") + VP8,
    "watch": BIN.format("max-bundle"),
}


def wait(element, signal, *args):
    promise = Gst.Promise.new()
    element.emit(signal, *args, promise)
    if promise.wait() != Gst.PromiseResult.REPLIED:
        raise RuntimeError(signal)
    reply = promise.get_reply()
    if reply is not None and reply.has_field("error"):
        raise RuntimeError(f"{signal}: {reply.to_string()}")
    return reply


def negotiate(name, pipeline):
    pipe = Gst.parse_launch(pipeline) if "!" in pipeline else Gst.Pipeline()
    w = pipe.get_by_name("w")
    if w is None:
        w = Gst.ElementFactory.make("webrtcbin", "w")
        w.set_property("bundle-policy", "max-bundle")
        pipe.add(w)
        for caps in ("application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000",
                     "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000"):
            w.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(caps))
    else:
        for i in range(pipeline.count("pay pt=")):
            w.emit("get-transceiver", i).set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
    pipe.set_state(Gst.State.PLAYING)
    pipe.get_state(5 * Gst.SECOND)
    kept = wait(w, "create-offer", None)  # owns the description
    offer = kept.get_value("offer")
    wait(w, "set-local-description", offer)
    text = offer.sdp.as_text()
    if KEEP:
        with open(f"{KEEP}/webrtcbin-{name}.sdp", "w", newline="") as f:
            f.write(text)
    said = subprocess.run([ANSWERER], input=text, capture_output=True, text=True, timeout=10, check=True).stdout
    result, sdp = GstSdp.SDPMessage.new_from_text(said)
    assert result == GstSdp.SDPResult.OK, said
    answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
    wait(w, "set-remote-description", answer)
    assert w.get_property("signaling-state") == GstWebRTC.WebRTCSignalingState.STABLE
    for i in range(sdp.medias_len()):
        t = w.emit("get-transceiver", i)
        print(name, sdp.get_media(i).get_media(), t.get_property("current-direction").value_nick)
    pipe.set_state(Gst.State.NULL)


for case in CASES.items():
    negotiate(*case)
