module muster/test/e2e/images/jitsi

go 1.25.8

require (
	github.com/pion/dtls/v3 v3.1.2
	github.com/pion/ice/v4 v4.2.0
	github.com/pion/rtp v1.10.1
	github.com/pion/srtp/v3 v3.0.10
	github.com/pion/stun/v3 v3.1.1
	github.com/pion/transport/v4 v4.0.1
)

require (
	github.com/google/uuid v1.6.0 // indirect
	github.com/pion/logging v0.2.4 // indirect
	github.com/pion/mdns/v2 v2.1.0 // indirect
	github.com/pion/randutil v0.1.0 // indirect
	github.com/pion/rtcp v1.2.16 // indirect
	github.com/pion/turn/v4 v4.1.4 // indirect
	github.com/wlynxg/anet v0.0.5 // indirect
	golang.org/x/crypto v0.45.0 // indirect
	golang.org/x/net v0.47.0 // indirect
	golang.org/x/sys v0.38.0 // indirect
	golang.org/x/time v0.10.0 // indirect
)
