// Two peers of Pion that may use relays only, in one program: pion URL USER PASSWORD.
// A data channel between them carries a word there and back; then the candidates that won are printed.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/pion/webrtc/v3"
)

func must(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func peer(url, user, password string) *webrtc.PeerConnection {
	s := webrtc.SettingEngine{}
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{
		ICEServers:         []webrtc.ICEServer{{URLs: []string{url}, Username: user, Credential: password}},
		ICETransportPolicy: webrtc.ICETransportPolicyRelay,
	})
	must(err)
	return pc
}

// Sets a description with all its candidates in it.
func gather(pc *webrtc.PeerConnection, d webrtc.SessionDescription) webrtc.SessionDescription {
	done := webrtc.GatheringCompletePromise(pc)
	must(pc.SetLocalDescription(d))
	<-done
	return *pc.LocalDescription()
}

func main() {
	time.AfterFunc(20*time.Second, func() { fmt.Println("error: too late"); os.Exit(1) })
	a, b := peer(os.Args[1], os.Args[2], os.Args[3]), peer(os.Args[1], os.Args[2], os.Args[3])
	echoed := make(chan string, 1)
	b.OnDataChannel(func(ch *webrtc.DataChannel) {
		ch.OnMessage(func(m webrtc.DataChannelMessage) { must(ch.SendText("re: " + string(m.Data))) })
	})
	ch, err := a.CreateDataChannel("x", nil)
	must(err)
	ch.OnOpen(func() { must(ch.SendText("hello")) })
	ch.OnMessage(func(m webrtc.DataChannelMessage) { echoed <- string(m.Data) })
	offer, err := a.CreateOffer(nil)
	must(err)
	must(b.SetRemoteDescription(gather(a, offer)))
	answer, err := b.CreateAnswer(nil)
	must(err)
	must(a.SetRemoteDescription(gather(b, answer)))
	word := <-echoed
	pair, err := a.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	must(err)
	fmt.Printf("%s %s > %s\n", word, pair.Local.Typ, pair.Remote.Typ)
	must(a.Close())
	must(b.Close())
}
