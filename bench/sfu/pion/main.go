// A forwarding unit with Pion, as its own examples write one: what publishers send goes to a local track, which every
// viewer's connection sends on; requests for key frames go back. Offers come by a Unix socket from the load generator
// (bench/sfu/load/call.c). pion SOCKET IP [twcc]
package main

import (
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v3"
)

type published struct {
	local *webrtc.TrackLocalStaticRTP
	from  *webrtc.PeerConnection
	ssrc  webrtc.SSRC
}

var tracks = make(chan map[string]*published, 1)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "pion:", err)
		os.Exit(1)
	}
}

func withTracks(fn func(all map[string]*published)) {
	all := <-tracks
	fn(all)
	tracks <- all
}

func (p *published) wantKey() {
	p.from.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(p.ssrc)}})
}

func newAPI(ip string, twcc bool) *webrtc.API {
	m := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}}
	if twcc {
		feedback = append(feedback, webrtc.RTCPFeedback{Type: "transport-cc"})
	}
	must(m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, PayloadType: 111}, webrtc.RTPCodecTypeAudio))
	must(m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: feedback}, PayloadType: 96}, webrtc.RTPCodecTypeVideo))
	i := &interceptor.Registry{}
	must(webrtc.ConfigureRTCPReports(i))
	must(webrtc.ConfigureNack(m, i))
	if twcc {
		must(webrtc.ConfigureTWCCHeaderExtensionSender(m, i))
		must(webrtc.ConfigureTWCCSender(m, i))
	}
	s := webrtc.SettingEngine{}
	s.SetLite(true)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	s.SetIPFilter(func(at net.IP) bool { return at.String() == ip })
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(i), webrtc.WithSettingEngine(s))
}

// What comes on a published track goes to whoever views it.
func forward(pc *webrtc.PeerConnection, ids map[string]string, remote *webrtc.TrackRemote) {
	id := ids[remote.Kind().String()]
	local, err := webrtc.NewTrackLocalStaticRTP(remote.Codec().RTPCodecCapability, id, "s"+id)
	must(err)
	withTracks(func(all map[string]*published) { all[id] = &published{local, pc, remote.SSRC()} })
	packet := make([]byte, 1500)
	for {
		n, _, err := remote.Read(packet)
		if err != nil {
			return
		}
		local.Write(packet[:n])
	}
}

func send(pc *webrtc.PeerConnection, track *published) {
	sender, err := pc.AddTrack(track.local)
	must(err)
	go func() {
		for {
			packets, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range packets {
				if _, ok := p.(*rtcp.PictureLossIndication); ok {
					track.wantKey()
				}
			}
		}
	}()
	if track.local.Kind() == webrtc.RTPCodecTypeVideo {
		pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
			if s == webrtc.PeerConnectionStateConnected {
				withTracks(func(all map[string]*published) {
					for _, t := range all {
						if t.local.Kind() == webrtc.RTPCodecTypeVideo {
							t.wantKey()
						}
					}
				})
			}
		})
	}
}

func answer(api *webrtc.API, message string) string {
	head, sdp, _ := strings.Cut(message, "\n\n")
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	must(err)
	ids := map[string]string{}
	for _, line := range strings.Split(head, "\n") {
		f := strings.Fields(line)
		if len(f) == 4 && f[0] == "send" {
			ids[map[string]string{"mic": "audio", "camera": "video"}[f[2]]] = f[3]
		} else if len(f) == 4 {
			withTracks(func(all map[string]*published) {
				if t := all[f[3]]; t != nil {
					send(pc, t)
				}
			})
		}
	}
	pc.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { forward(pc, ids, remote) })
	must(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp}))
	a, err := pc.CreateAnswer(nil)
	must(err)
	done := webrtc.GatheringCompletePromise(pc)
	must(pc.SetLocalDescription(a))
	<-done
	return pc.LocalDescription().SDP
}

func main() {
	tracks <- map[string]*published{}
	os.Remove(os.Args[1])
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: os.Args[1], Net: "unixpacket"})
	must(err)
	api := newAPI(os.Args[2], len(os.Args) > 3)
	c, err := l.AcceptUnix()
	must(err)
	message := make([]byte, 1<<18)
	for {
		n, err := c.Read(message)
		if err != nil || n == 0 {
			return
		}
		_, err = c.Write([]byte(answer(api, string(message[:n]))))
		must(err)
	}
}
