// The double of the videobridge: real ICE, DTLS and SRTP on its one UDP port, and COLIBRI over HTTP. It forwards each
// packet to everybody in the conference and, unlike the real one, also back to its sender.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"muster/test/e2e/images/jitsi/settings"
	"muster/test/e2e/images/jitsi/xmpp"
)

var version = "double"

func main() {
	settings.Double("jvb")
	password := settings.Secret("JVB_AUTH_PASSWORD", "JVB")
	settings.Heap("VIDEOBRIDGE_MAX_MEMORY")
	if !settings.Bool("JVB_DISABLE_STUN", false) {
		server := settings.Get("JVB_STUN_SERVERS", "meet-jit-si-turnrelay.jitsi.net:443")
		log.Fatalf("the real bridge would now ask %s for its address: JVB_DISABLE_STUN is not set", server)
	}
	port, err := strconv.Atoi(settings.Get("JVB_PORT", "10000"))
	if err != nil {
		log.Fatalf("JVB_PORT: %v", err)
	}
	local := localAddress()
	bridge, err := newBridge(port, local, addresses(local, port))
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("media: UDP port %d, advertised: %v", port, bridge.advertised)
	go func() { log.Fatal(http.ListenAndServe(":8080", routes(bridge))) }()
	announce(password)
}

// announce joins the room in which jicofo looks for bridges.
func announce(password string) {
	const presence = `<stats xmlns="http://jitsi.org/protocol/colibri">` +
		`<stat name="version" value="%s"/><stat name="healthy" value="true"/><stat name="stress_level" value="0.0"/></stats>`
	nick := settings.Get("JVB_MUC_NICKNAME", settings.Get("HOSTNAME", "jvb"))
	ready := func(client *xmpp.Client) error {
		return client.Join(settings.Brewery(), nick, fmt.Sprintf(presence, xmpp.Escape(version)))
	}
	handle := func(*xmpp.Client, *xmpp.Element) {}
	xmpp.Stay(settings.XMPP(settings.Get("JVB_AUTH_USER", "jvb"), password), ready, handle, func() {})
}

// localAddress is the address of the route to the outside, which the static mappings start from.
func localAddress() net.IP {
	conn, err := net.Dial("udp4", "1.0.0.0:9")
	if err != nil {
		log.Printf("no route to the outside, so no address can be mapped: %v", err)
		return nil
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).IP
}

// addresses are what clients are told, the mapped ones first.
func addresses(local net.IP, port int) []advertised {
	var found []advertised
	// As in the real one, this counts for mapped addresses as well.
	private := settings.Bool("JVB_ADVERTISE_PRIVATE_CANDIDATES", true)
	for _, text := range settings.List("JVB_ADVERTISE_IPS") {
		host, other, mapped := strings.Cut(text, "#")
		public := port
		if mapped {
			var err error
			if public, err = strconv.Atoi(other); err != nil {
				log.Fatalf("JVB_ADVERTISE_IPS: %s: %v", text, err)
			}
		}
		if ip := net.ParseIP(host); ip == nil {
			log.Printf("JVB_ADVERTISE_IPS: %s is no IP address: no candidate", host)
		} else if ip.IsPrivate() && !private {
			log.Printf("JVB_ADVERTISE_IPS: %s is private, and JVB_ADVERTISE_PRIVATE_CANDIDATES off: no candidate", host)
		} else if local != nil {
			found = append(found, advertised{host, public, "srflx"})
		}
	}
	if local != nil && (!local.IsPrivate() || private) {
		found = append(found, advertised{local.String(), port, "host"})
	}
	return found
}

func (b *bridge) hasPublicAddress() bool {
	for _, address := range b.advertised {
		if ip := net.ParseIP(address.ip); !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() {
			return true
		}
	}
	return false
}

func routes(b *bridge) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(writer http.ResponseWriter, _ *http.Request) {
		b.guard.Lock()
		defer b.guard.Unlock()
		people := 0
		for _, meeting := range b.conferences {
			meeting.guard.Lock()
			people += len(meeting.endpoints)
			meeting.guard.Unlock()
		}
		writer.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprintf(writer, "# TYPE jitsi_jvb_conferences gauge\njitsi_jvb_conferences %d\n", len(b.conferences))
		fmt.Fprintf(writer, "# TYPE jitsi_jvb_local_endpoints gauge\njitsi_jvb_local_endpoints %d\n", people)
	})
	mux.HandleFunc("GET /about/health", func(writer http.ResponseWriter, _ *http.Request) {
		// As in the real one, the XMPP connection doesn't count.
		if settings.Bool("JVB_REQUIRE_VALID_ADDRESS", false) && !b.hasPublicAddress() {
			http.Error(writer, "No valid IP addresses available for harvesting.", http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /about/version", func(writer http.ResponseWriter, _ *http.Request) {
		reply(writer, map[string]string{"name": "JVB", "version": version, "os": "Linux"})
	})
	if settings.Bool("COLIBRI_REST_ENABLED", false) {
		mux.HandleFunc("POST /colibri/v2/conferences", b.create)
		mux.HandleFunc("POST /colibri/v2/conferences/{$}", b.create)
		mux.HandleFunc("PATCH /colibri/v2/conferences/{meeting}", b.patch)
	}
	if settings.Bool("SHUTDOWN_REST_ENABLED", false) {
		mux.HandleFunc("POST /colibri/shutdown", func(http.ResponseWriter, *http.Request) { os.Exit(0) })
	}
	return mux
}

func reply(writer http.ResponseWriter, body any) {
	writer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(writer).Encode(body)
}
