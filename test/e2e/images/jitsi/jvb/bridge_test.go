package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	dtlsnet "github.com/pion/dtls/v3/pkg/net"
	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/stun/v3"
)

type answerJSON struct {
	Endpoints []endpointJSON `json:"endpoints"`
}

func ask(t *testing.T, method, url string, body any) (int, answerJSON) {
	t.Helper()
	text, _ := json.Marshal(body)
	request, _ := http.NewRequest(method, url, bytes.NewReader(text))
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer answerJSON
	_ = json.NewDecoder(response.Body).Decode(&answer)
	return response.StatusCode, answer
}

// join is a client: it allocates an endpoint, connects to it and can then send and receive through what it returns.
func join(t *testing.T, base, meeting, id string, first bool) *endpoint {
	t.Helper()
	create := conferenceModify{MeetingID: meeting, Create: first, Endpoints: []endpointJSON{
		{ID: id, Create: true, Transport: &transportJSON{Controlling: true}},
	}}
	method, url := http.MethodPatch, base+"/"+meeting
	if first {
		method, url = http.MethodPost, base
	}
	status, answer := ask(t, method, url, create)
	if status != http.StatusOK || len(answer.Endpoints) != 1 {
		t.Fatalf("create: %d %+v", status, answer)
	}
	theirs := answer.Endpoints[0].Transport.ICE
	agent, err := ice.NewAgent(&ice.AgentConfig{
		NetworkTypes: []ice.NetworkType{ice.NetworkTypeUDP4}, IncludeLoopback: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = agent.OnCandidate(func(ice.Candidate) {})
	_ = agent.GatherCandidates()
	ufrag, pwd, _ := agent.GetLocalUserCredentials()
	certificate, _ := selfsign.GenerateSelfSigned()
	mine := &iceJSON{Ufrag: ufrag, Pwd: pwd, RTCPMux: true, Fingerprints: []fingerprintJSON{
		{fingerprintOf(certificate.Certificate[0]), "sha-256", "active"},
	}}
	update := conferenceModify{Endpoints: []endpointJSON{{ID: id, Transport: &transportJSON{ICE: mine}}}}
	if status, _ = ask(t, http.MethodPatch, base+"/"+meeting, update); status != http.StatusOK {
		t.Fatalf("update: %d", status)
	}
	for _, item := range theirs.Candidates {
		candidate, err := ice.UnmarshalCandidate("1 1 udp 1 " + item["ip"] + " " + item["port"] + " typ host")
		if err != nil {
			t.Fatal(err)
		}
		_ = agent.AddRemoteCandidate(candidate)
	}
	limit, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	conn, err := agent.Accept(limit, theirs.Ufrag, theirs.Pwd)
	if err != nil {
		t.Fatal(err)
	}
	client := &endpoint{id: id, agent: agent, conn: conn, meeting: &conference{}}
	handshake := newPipe(conn)
	received := make(chan []byte, 16)
	go func() {
		for {
			buffer := make([]byte, 2048)
			size, err := conn.Read(buffer)
			if err != nil {
				return
			}
			if buffer[0] < 64 {
				handshake.put(buffer[:size])
			} else if plain := client.unprotect(buffer[:size]); plain != nil {
				received <- plain
			}
		}
	}()
	secure, err := dtls.Client(dtlsnet.PacketConnFromConn(handshake), conn.RemoteAddr(), &dtls.Config{
		Certificates:           []tls.Certificate{certificate},
		SRTPProtectionProfiles: []dtls.SRTPProtectionProfile{dtls.SRTP_AES128_CM_HMAC_SHA1_80},
		InsecureSkipVerify:     true,
	})
	if err == nil {
		err = secure.HandshakeContext(limit)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := fingerprintOf(mustState(t, secure).PeerCertificates[0]); got != theirs.Fingerprints[0].Fingerprint {
		t.Fatalf("fingerprint %s", got)
	}
	if err := client.protect(secure, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = secure.Close(); _ = agent.Close() })
	receivers[client] = received
	return client
}

var receivers = map[*endpoint]chan []byte{}

func mustState(t *testing.T, secure *dtls.Conn) dtls.State {
	state, ok := secure.ConnectionState()
	if !ok {
		t.Fatal("no DTLS state")
	}
	return state
}

// say sends one packet again and again until it arrives: the bridge may be a moment later with its keys.
func say(t *testing.T, from, to *endpoint, payload string) {
	t.Helper()
	for number := uint16(1); number < 50; number++ {
		packet := rtp.Packet{
			Header:  rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: number, SSRC: 7},
			Payload: []byte(payload),
		}
		plain, _ := packet.Marshal()
		from.send(plain)
		select {
		case got := <-receivers[to]:
			var header rtp.Packet
			if err := header.Unmarshal(got); err != nil || string(header.Payload) != payload || header.SSRC != 7 {
				t.Fatalf("%v: %q", err, got)
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("nothing came back")
}

func TestEchoAndForward(t *testing.T) {
	t.Setenv("COLIBRI_REST_ENABLED", "true")
	bridge, err := newBridge(0, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	port := bridge.port.GetListenAddresses()[0].(*net.UDPAddr).Port
	bridge.advertised = []advertised{{"127.0.0.1", port, "srflx"}}
	server := httptest.NewServer(routes(bridge))
	defer server.Close()
	base := server.URL + "/colibri/v2/conferences"

	anna := join(t, base, "m1", "anna", true)
	say(t, anna, anna, "echo")
	ben := join(t, base, "m1", "ben", false)
	say(t, anna, ben, "echo")
	say(t, ben, ben, "back")

	status, _ := ask(t, http.MethodPost, base, conferenceModify{MeetingID: "m1", Create: true})
	if status != http.StatusBadRequest {
		t.Fatalf("a second creation: %d", status)
	}
	if status, _ = ask(t, http.MethodPatch, base+"/other", conferenceModify{}); status != http.StatusNotFound {
		t.Fatalf("an unknown conference: %d", status)
	}
}

func TestUnknownNameGetsNoAnswer(t *testing.T) {
	bridge, err := newBridge(0, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	port := bridge.port.GetListenAddresses()[0].(*net.UDPAddr).Port
	conn, _ := net.Dial("udp4", (&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String())
	request, _ := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername("nobody:me"))
	_, _ = conn.Write(request.Raw)
	_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	if size, err := conn.Read(make([]byte, 1500)); err == nil {
		t.Fatalf("%d bytes came back", size)
	}
}
