package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	dtlsnet "github.com/pion/dtls/v3/pkg/net"
	"github.com/pion/ice/v4"
)

// bridge is one UDP port with all conferences behind it. A packet with an ICE name that belongs to nobody gets no
// answer.
type bridge struct {
	advertised  []advertised
	local       net.IP
	port        *ice.UDPMuxDefault
	certificate tls.Certificate
	fingerprint string

	guard       sync.Mutex
	conferences map[string]*conference
}

type conference struct {
	guard     sync.Mutex
	endpoints map[string]*endpoint
}

func newBridge(port int, local net.IP, addresses []advertised) (*bridge, error) {
	if local == nil {
		local = net.IPv4(127, 0, 0, 1)
	}
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{Port: port})
	if err != nil {
		return nil, err
	}
	certificate, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return nil, err
	}
	return &bridge{
		advertised:  addresses,
		local:       local,
		port:        ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: socket}),
		certificate: certificate,
		fingerprint: fingerprintOf(certificate.Certificate[0]),
		conferences: map[string]*conference{},
	}, nil
}

func fingerprintOf(certificate []byte) string {
	sum := sha256.Sum256(certificate)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

func (c *conference) get(id string) *endpoint {
	c.guard.Lock()
	defer c.guard.Unlock()
	return c.endpoints[id]
}

func (c *conference) remove(id string) {
	c.guard.Lock()
	peer := c.endpoints[id]
	delete(c.endpoints, id)
	c.guard.Unlock()
	if peer != nil {
		_ = peer.agent.Close()
	}
}

// forward sends a packet to everybody, its sender among them.
func (c *conference) forward(packet []byte) {
	c.guard.Lock()
	defer c.guard.Unlock()
	for _, peer := range c.endpoints {
		peer.send(packet)
	}
}

func (b *bridge) newEndpoint(meeting *conference, id string, controlling bool) (*endpoint, error) {
	// The local address alone, because the port is shared: more would be the same socket again.
	agent, err := ice.NewAgent(&ice.AgentConfig{
		UDPMux:          b.port,
		NetworkTypes:    []ice.NetworkType{ice.NetworkTypeUDP4},
		CandidateTypes:  []ice.CandidateType{ice.CandidateTypeHost},
		IPFilter:        func(ip net.IP) bool { return ip.Equal(b.local) },
		IncludeLoopback: true,
	})
	if err != nil {
		return nil, err
	}
	// Without a handler the agent gathers nothing.
	if err := agent.OnCandidate(func(ice.Candidate) {}); err != nil {
		return nil, err
	}
	if err := agent.GatherCandidates(); err != nil {
		return nil, err
	}
	ufrag, pwd, err := agent.GetLocalUserCredentials()
	if err != nil {
		return nil, err
	}
	peer := &endpoint{
		id: id, meeting: meeting, agent: agent, certificate: b.certificate, controlling: controlling, ufrag: ufrag, pwd: pwd,
	}
	meeting.guard.Lock()
	defer meeting.guard.Unlock()
	meeting.endpoints[id] = peer
	return peer, nil
}

// start connects once the client's side is known.
func (e *endpoint) start(remote *iceJSON) error {
	if e.started {
		return nil
	}
	if remote.Ufrag == "" || remote.Pwd == "" || len(remote.Fingerprints) == 0 {
		return errors.New("the transport lacks ufrag, pwd or fingerprints")
	}
	e.started = true
	for _, item := range remote.Candidates {
		text := fmt.Sprintf("%s %s %s %s %s %s typ %s",
			item["foundation"], item["component"], item["protocol"], item["priority"], item["ip"], item["port"], item["type"])
		candidate, err := ice.UnmarshalCandidate(text)
		if err != nil {
			log.Printf("endpoint %s: candidate %q: %v", e.id, text, err)
			continue
		}
		if err := e.agent.AddRemoteCandidate(candidate); err != nil {
			return err
		}
	}
	go func() {
		if err := e.connect(remote); err != nil {
			log.Printf("endpoint %s: %v", e.id, err)
			e.meeting.remove(e.id)
		}
	}()
	return nil
}

func (e *endpoint) connect(remote *iceJSON) error {
	limit, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	establish := e.agent.Accept
	if e.controlling {
		establish = e.agent.Dial
	}
	conn, err := establish(limit, remote.Ufrag, remote.Pwd)
	if err != nil {
		return fmt.Errorf("ICE: %w", err)
	}
	e.conn = conn
	log.Printf("endpoint %s: ICE connected with %s", e.id, conn.RemoteAddr())
	handshake := newPipe(conn)
	go e.read(handshake)

	theirs := remote.Fingerprints[0]
	config := &dtls.Config{
		Certificates:           []tls.Certificate{e.certificate},
		SRTPProtectionProfiles: []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80},
		InsecureSkipVerify:     true,
		ClientAuth:             dtls.RequireAnyClientCert,
		VerifyPeerCertificate: func(certificates [][]byte, _ [][]*x509.Certificate) error {
			if !strings.EqualFold(fingerprintOf(certificates[0]), theirs.Fingerprint) {
				return errors.New("the certificate is another than announced")
			}
			return nil
		},
	}
	packets := dtlsnet.PacketConnFromConn(handshake)
	client := theirs.Setup == "passive"
	open := dtls.Server
	if client {
		open = dtls.Client
	}
	secure, err := open(packets, conn.RemoteAddr(), config)
	if err == nil {
		err = secure.HandshakeContext(limit)
	}
	if err != nil {
		return fmt.Errorf("DTLS: %w", err)
	}
	if err := e.protect(secure, client); err != nil {
		return err
	}
	log.Printf("endpoint %s: media can flow", e.id)
	// Data channels aren't imitated: what comes is thrown away until the client says goodbye.
	for buffer := make([]byte, 2048); ; {
		if _, err := secure.Read(buffer); err != nil {
			e.meeting.remove(e.id)
			return nil
		}
	}
}
