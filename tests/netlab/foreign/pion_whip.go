// Pion by WHIP and WHEP: pion_whip publish|view URL TOKEN [VP8|H264]. Publishes what FFmpeg has encoded (Pion has no codecs)
// until a line comes on standard input, then ends its session; "restart" on a line begins ICE anew before. A viewer writes what
// comes into files, and FFmpeg has to decode them. Candidates follow by PATCH.
package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"
	"github.com/pion/webrtc/v3/pkg/media"
	"github.com/pion/webrtc/v3/pkg/media/h264writer"
	"github.com/pion/webrtc/v3/pkg/media/ivfreader"
	"github.com/pion/webrtc/v3/pkg/media/ivfwriter"
	"github.com/pion/webrtc/v3/pkg/media/oggreader"
	"github.com/pion/webrtc/v3/pkg/media/oggwriter"
)

const fps = 15

func must(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

// ---- the session ----

type session struct {
	at, token, etag string
	answer          string
	pc              *webrtc.PeerConnection
}

var client = http.Client{Timeout: 30 * time.Second,
	Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

func (s *session) ask(method, kind, body string) (*http.Response, string) {
	request, err := http.NewRequest(method, s.at, strings.NewReader(body))
	must(err)
	request.Header.Set("Authorization", "Bearer "+s.token)
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if s.etag != "" {
		request.Header.Set("If-Match", s.etag)
	}
	reply, err := client.Do(request)
	must(err)
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	must(err)
	return reply, string(text)
}

func (s *session) post() {
	offer, err := s.pc.CreateOffer(nil)
	must(err)
	gathered := webrtc.GatheringCompletePromise(s.pc)
	must(s.pc.SetLocalDescription(offer))
	reply, answer := s.ask("POST", "application/sdp", offer.SDP)
	if reply.StatusCode != 201 {
		must(errors.New(reply.Status))
	}
	at, err := reply.Location()
	must(err)
	s.at, s.etag, s.answer = at.String(), reply.Header.Get("ETag"), answer
	s.take(answer)
	<-gathered
	if status, _ := s.patch(); status != 204 {
		must(fmt.Errorf("candidates: %d", status))
	}
}

func (s *session) take(answer string) {
	must(s.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}))
}

var fragmentLine = regexp.MustCompile(`(?m)^(a=(ice-ufrag|ice-pwd|mid|candidate):|m=).*\r\n`)

// What our description says of ICE, as a fragment (RFC 8840).
func (s *session) patch() (int, string) {
	lines := fragmentLine.FindAllString(s.pc.LocalDescription().SDP, -1)
	reply, text := s.ask("PATCH", "application/trickle-ice-sdpfrag", strings.Join(lines, ""))
	if etag := reply.Header.Get("ETag"); etag != "" {
		s.etag = etag
	}
	return reply.StatusCode, text
}

func field(sdp, name string) string {
	found := regexp.MustCompile(`(?m)^a=` + name + `:(\S+)\r$`).FindStringSubmatch(sdp)
	if found == nil {
		must(errors.New("no " + name))
	}
	return found[1]
}

// New credentials, both ways, and ICE has to be there again.
func (s *session) restart() int {
	there := make(chan struct{}, 1)
	s.pc.OnICEConnectionStateChange(func(state webrtc.ICEConnectionState) {
		if state == webrtc.ICEConnectionStateConnected {
			there <- struct{}{}
		}
	})
	offer, err := s.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	must(err)
	must(s.pc.SetLocalDescription(offer))
	status, fragment := s.patch()
	answer := s.answer
	for _, name := range []string{"ice-ufrag", "ice-pwd"} {
		answer = strings.ReplaceAll(answer, field(answer, name), field(fragment, name))
	}
	s.take(answer)
	<-there
	return status
}

func (s *session) end() int {
	reply, _ := s.ask("DELETE", "", "")
	return reply.StatusCode
}

// ---- publishing ----

func ffmpeg(args ...string) []byte {
	out, err := exec.Command("ffmpeg", append([]string{"-hide_banner", "-loglevel", "error", "-y"}, args...)...).Output()
	must(err)
	return out
}

func pictures(dir, codec string) []media.Sample {
	file := filepath.Join(dir, "sent."+codec)
	from := []string{"-f", "lavfi", "-i", "testsrc=size=320x240:rate=15", "-t", "4", "-g", strconv.Itoa(fps), "-b:v", "400k"}
	if codec == "H264" {
		ffmpeg(append(from, "-c:v", "libx264", "-profile:v", "baseline", "-tune", "zerolatency",
			"-pix_fmt", "yuv420p", "-x264-params", "aud=1", "-f", "h264", file)...)
		return units(file)
	}
	ffmpeg(append(from, "-c:v", "libvpx", "-deadline", "realtime", "-f", "ivf", file)...)
	f, err := os.Open(file)
	must(err)
	reader, _, err := ivfreader.NewWith(f)
	must(err)
	var all []media.Sample
	for {
		frame, _, err := reader.ParseNextFrame()
		if err != nil {
			return all
		}
		all = append(all, media.Sample{Data: frame, Duration: time.Second / fps})
	}
}

// Whole pictures: each begins with the delimiter that libx264 was asked for.
func units(file string) []media.Sample {
	text, err := os.ReadFile(file)
	must(err)
	delimiter := []byte{0, 0, 0, 1, 9}
	var all []media.Sample
	for _, picture := range bytes.Split(text, delimiter)[1:] {
		all = append(all, media.Sample{Data: append(append([]byte{}, delimiter...), picture...), Duration: time.Second / fps})
	}
	return all
}

func sound(dir string) []media.Sample {
	file := filepath.Join(dir, "sent.ogg")
	ffmpeg("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "4", "-c:a", "libopus", "-page_duration", "20000", file)
	f, err := os.Open(file)
	must(err)
	reader, _, err := oggreader.NewWith(f)
	must(err)
	var all []media.Sample
	for {
		page, header, err := reader.ParseNextPage()
		if err != nil {
			return all
		}
		if header.GranulePosition > 0 { // not the tags
			all = append(all, media.Sample{Data: page, Duration: 20 * time.Millisecond})
		}
	}
}

// Over and over, each at its time.
func play(track *webrtc.TrackLocalStaticSample, samples []media.Sample) {
	due := time.Now()
	for {
		for _, s := range samples {
			track.WriteSample(s)
			due = due.Add(s.Duration)
			time.Sleep(time.Until(due))
		}
	}
}

func publish(s *session, dir, codec string) {
	for _, it := range []struct {
		mime    string
		kind    string
		samples []media.Sample
	}{{webrtc.MimeTypeOpus, "audio", sound(dir)}, {"video/" + codec, "video", pictures(dir, codec)}} {
		track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: it.mime}, it.kind, "mine")
		must(err)
		_, err = s.pc.AddTrack(track)
		must(err)
		go play(track, it.samples)
	}
	for _, t := range s.pc.GetTransceivers() {
		if t.Kind() == webrtc.RTPCodecTypeVideo { // whoever has one encoder has to offer that one only
			must(t.SetCodecPreferences(only(codec)))
		}
	}
	s.post()
	fmt.Println("publishing")
	for line := ""; ; {
		if _, err := fmt.Scanln(&line); err != nil || line != "restart" {
			break
		}
		fmt.Println("restarted", s.restart())
	}
	fmt.Println("ended", s.end())
}

func only(codec string) []webrtc.RTPCodecParameters {
	p := webrtc.RTPCodecParameters{PayloadType: 96, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "video/" + codec, ClockRate: 90000}}
	if codec == "H264" {
		p.PayloadType, p.SDPFmtpLine = 125, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
	}
	return []webrtc.RTPCodecParameters{p}
}

// ---- watching ----

type writer interface {
	WriteRTP(*rtp.Packet) error
	Close() error
}

// Into a file that FFmpeg can read, until there is enough; which file that is goes to the channel.
func keep(dir string, track *webrtc.TrackRemote, done chan<- string) {
	mime, packets, pictures := track.Codec().MimeType, 0, 0
	file := filepath.Join(dir, "came."+strings.ToLower(mime[6:]))
	var w writer
	var err error
	switch mime {
	case webrtc.MimeTypeOpus:
		w, err = oggwriter.New(file, 48000, 2)
	case webrtc.MimeTypeH264:
		w, err = h264writer.New(file)
	default:
		w, err = ivfwriter.New(file)
	}
	must(err)
	for pictures < 40 && packets < 100 {
		packet, _, err := track.ReadRTP()
		must(err)
		must(w.WriteRTP(packet))
		if track.Kind() == webrtc.RTPCodecTypeAudio {
			packets++
		} else if packet.Marker {
			pictures++
		}
	}
	must(w.Close())
	done <- file
	for err == nil {
		_, _, err = track.ReadRTP()
	}
}

// How high the tone is in signed 16-bit samples of one channel, by how often they go through zero.
func height(samples []byte) int {
	crossings, last := 0, int16(0)
	for i := 0; i+1 < len(samples); i += 2 {
		s := int16(uint16(samples[i]) | uint16(samples[i+1])<<8)
		if s > -300 && s < 300 {
			continue
		}
		if last != 0 && (s > 0) != (last > 0) {
			crossings++
		}
		last = s
	}
	if len(samples) == 0 {
		return 0
	}
	return crossings * 48000 / len(samples)
}

func view(s *session, dir string) {
	done := make(chan string, 2)
	s.pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { keep(dir, track, done) })
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		_, err := s.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		must(err)
	}
	s.post()
	seen := map[string]int{}
	for n := 0; n < 2; n++ {
		file := <-done
		if strings.HasSuffix(file, "opus") {
			pcm := ffmpeg("-i", file, "-f", "s16le", "-ac", "1", "-ar", "48000", "-")
			seen["audio"], seen["tone"] = len(pcm)/2/960, height(pcm)
			continue
		}
		yuv := ffmpeg("-i", file, "-f", "framemd5", "-")
		seen["video"] = bytes.Count(yuv, []byte("\n0,"))
		size := regexp.MustCompile(`#dimensions 0: (\d+)x`).FindSubmatch(yuv)
		seen["width"], _ = strconv.Atoi(string(size[1]))
	}
	seen["ended"] = s.end()
	text, err := json.Marshal(seen)
	must(err)
	fmt.Println(string(text))
}

func main() {
	time.AfterFunc(120*time.Second, func() { fmt.Println("error: too late"); os.Exit(1) })
	dir, err := os.MkdirTemp("", "pion-whip-")
	must(err)
	defer os.RemoveAll(dir)
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	must(err)
	s := &session{at: os.Args[2], token: os.Args[3], pc: pc}
	if os.Args[1] == "view" {
		view(s, dir)
	} else {
		publish(s, dir, os.Args[4])
	}
	must(pc.Close())
}
