// Offers of Pion, answered by madang: pion_offer ANSWERER [DIRECTORY].
// ANSWERER reads an offer and writes the answer. Pion has to take it; what it then says of its lines is printed. With a
// directory, the offers are kept there.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/pion/webrtc/v3"
)

func must(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func track(mime, kind string, options ...func(*webrtc.TrackLocalStaticRTP)) *webrtc.TrackLocalStaticRTP {
	t, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, kind, "mine", options...)
	must(err)
	return t
}

func add(pc *webrtc.PeerConnection, t webrtc.TrackLocal) *webrtc.RTPSender {
	sender, err := pc.AddTrack(t)
	must(err)
	return sender
}

// Whoever has one encoder has to offer that one only: the answer keeps one codec.
func publish(pc *webrtc.PeerConnection) {
	add(pc, track(webrtc.MimeTypeOpus, "audio"))
	add(pc, track(webrtc.MimeTypeH264, "video"))
	fmtp := "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
	must(pc.GetTransceivers()[1].SetCodecPreferences([]webrtc.RTPCodecParameters{{PayloadType: 125,
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: fmtp}}}))
}

func simulcast(pc *webrtc.PeerConnection) {
	sender := add(pc, track(webrtc.MimeTypeVP8, "video", webrtc.WithRTPStreamID("q")))
	for _, rid := range []string{"h", "f"} {
		must(sender.AddEncoding(track(webrtc.MimeTypeVP8, "video", webrtc.WithRTPStreamID(rid))))
	}
}

func watch(pc *webrtc.PeerConnection) {
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		_, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		must(err)
	}
}

func data(pc *webrtc.PeerConnection) {
	publish(pc)
	_, err := pc.CreateDataChannel("x", nil)
	must(err)
}

// What the media engine knows by default, and the extensions of simulcast.
func newAPI() *webrtc.API {
	m := &webrtc.MediaEngine{}
	must(m.RegisterDefaultCodecs())
	for _, name := range []string{"mid", "rtp-stream-id", "repaired-rtp-stream-id"} {
		uri := webrtc.RTPHeaderExtensionCapability{URI: "urn:ietf:params:rtp-hdrext:sdes:" + name}
		must(m.RegisterHeaderExtension(uri, webrtc.RTPCodecTypeVideo))
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(m))
}

func negotiate(name string, prepare func(*webrtc.PeerConnection)) {
	pc, err := newAPI().NewPeerConnection(webrtc.Configuration{})
	must(err)
	prepare(pc)
	offer, err := pc.CreateOffer(nil)
	must(err)
	must(pc.SetLocalDescription(offer))
	if len(os.Args) > 2 {
		must(os.WriteFile(filepath.Join(os.Args[2], "pion-"+name+".sdp"), []byte(offer.SDP), 0o644))
	}
	answerer := exec.Command(os.Args[1])
	answerer.Stdin = bytes.NewBufferString(offer.SDP)
	answer, err := answerer.Output()
	must(err)
	must(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(answer)}))
	for _, t := range pc.GetTransceivers() {
		fmt.Println(name, t.Kind(), t.Direction(), t.Mid())
	}
	must(pc.Close())
}

func main() {
	time.AfterFunc(30*time.Second, func() { fmt.Println("error: too late"); os.Exit(1) })
	negotiate("publish", publish)
	negotiate("simulcast", simulcast)
	negotiate("watch", watch)
	negotiate("data", data)
}
