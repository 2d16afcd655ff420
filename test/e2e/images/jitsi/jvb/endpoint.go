package main

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v4/packetio"
)

// endpoint is one client of a conference.
type endpoint struct {
	id          string
	meeting     *conference
	agent       *ice.Agent
	certificate tls.Certificate
	controlling bool
	started     bool
	ufrag, pwd  string
	conn        net.Conn

	guard    sync.Mutex
	from, to *srtp.Context
}

// protect takes SRTP's keys from the finished handshake.
func (e *endpoint) protect(secure *dtls.Conn, client bool) error {
	chosen, ok := secure.SelectedSRTPProtectionProfile()
	if !ok {
		return errors.New("the client offered no SRTP")
	}
	config := &srtp.Config{Profile: srtp.ProtectionProfile(chosen)}
	state, ok := secure.ConnectionState()
	if !ok {
		return errors.New("no DTLS state")
	}
	if err := config.ExtractSessionKeysFromDTLS(&state, client); err != nil {
		return err
	}
	keys := config.Keys
	from, err := srtp.CreateContext(keys.RemoteMasterKey, keys.RemoteMasterSalt, config.Profile, srtp.SRTPReplayProtection(64))
	if err != nil {
		return err
	}
	to, err := srtp.CreateContext(keys.LocalMasterKey, keys.LocalMasterSalt, config.Profile)
	if err != nil {
		return err
	}
	e.guard.Lock()
	defer e.guard.Unlock()
	e.from, e.to = from, to
	return nil
}

// read sorts what arrives by its first byte, as RFC 7983 says.
func (e *endpoint) read(handshake *pipe) {
	defer handshake.Close()
	for {
		buffer := make([]byte, 2048)
		size, err := e.conn.Read(buffer)
		if err != nil {
			return
		}
		packet := buffer[:size]
		switch {
		case size > 0 && packet[0] >= 20 && packet[0] <= 63:
			handshake.put(packet)
		case size > 12 && packet[0] >= 128 && packet[0] <= 191 && (packet[1] < 192 || packet[1] > 223):
			if plain := e.unprotect(packet); plain != nil {
				e.meeting.forward(plain)
			}
		}
	}
}

func (e *endpoint) unprotect(packet []byte) []byte {
	e.guard.Lock()
	defer e.guard.Unlock()
	if e.from == nil {
		return nil
	}
	plain, err := e.from.DecryptRTP(nil, packet, nil)
	if err != nil {
		return nil
	}
	return plain
}

func (e *endpoint) send(plain []byte) {
	e.guard.Lock()
	defer e.guard.Unlock()
	if e.to == nil {
		return
	}
	if packet, err := e.to.EncryptRTP(nil, plain, nil); err == nil {
		_, _ = e.conn.Write(packet)
	}
}

// pipe is the part of a connection that carries DTLS.
type pipe struct {
	net.Conn
	packets *packetio.Buffer
}

func newPipe(conn net.Conn) *pipe {
	packets := packetio.NewBuffer()
	// What doesn't fit is lost, as on a network: DTLS sends again.
	packets.SetLimitCount(64)
	return &pipe{conn, packets}
}

func (p *pipe) put(packet []byte) { _, _ = p.packets.Write(packet) }

func (p *pipe) Read(buffer []byte) (int, error) { return p.packets.Read(buffer) }

func (p *pipe) Close() error { return p.packets.Close() }

func (p *pipe) SetReadDeadline(limit time.Time) error { return p.packets.SetReadDeadline(limit) }

func (p *pipe) SetDeadline(limit time.Time) error { return p.packets.SetReadDeadline(limit) }
