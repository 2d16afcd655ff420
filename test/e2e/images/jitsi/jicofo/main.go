// The double of jicofo: it opens rooms for those who may, gives them to authenticated users and knows the bridges.
// It never offers media: tests talk to the bridge's double directly.
package main

import (
	"fmt"
	"log"
	"net/http"
	"sync"

	"muster/test/e2e/images/jitsi/settings"
	"muster/test/e2e/images/jitsi/xmpp"
)

const nick = "focus"

type focus struct {
	domain, mucDomain, proxy, brewery string
	auth                              bool

	guard     sync.Mutex
	connected bool
	bridges   map[string]bool
	rooms     map[string]*room
}

func main() {
	settings.Double("jicofo")
	password := settings.Secret("JICOFO_AUTH_PASSWORD", "Jicofo")
	settings.Heap("JICOFO_MAX_MEMORY")
	domain := settings.Get("XMPP_DOMAIN", "meet.jitsi")
	f := &focus{
		domain:    domain,
		mucDomain: settings.Get("XMPP_MUC_DOMAIN", "muc.meet.jitsi"),
		proxy:     "focus." + domain,
		brewery:   settings.Brewery(),
		auth:      settings.Bool("JICOFO_ENABLE_AUTH", settings.Bool("ENABLE_AUTH", false)),
	}
	f.lost()
	kind := settings.Get("JICOFO_AUTH_TYPE", settings.Get("AUTH_TYPE", "internal"))
	log.Printf("authentication: %v, %s", f.auth, kind)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /about/health", f.health)
	host := "127.0.0.1"
	if settings.Bool("JICOFO_ENABLE_REST", false) {
		host = "0.0.0.0"
	}
	go func() { log.Fatal(http.ListenAndServe(host+":8888", mux)) }()
	xmpp.Stay(settings.XMPP(nick, password), f.ready, f.handle, f.lost)
}

func (f *focus) lost() {
	f.guard.Lock()
	defer f.guard.Unlock()
	f.connected, f.bridges, f.rooms = false, map[string]bool{}, map[string]*room{}
}

func (f *focus) ready(client *xmpp.Client) error {
	if err := client.Send("<presence/>"); err != nil {
		return err
	}
	if err := client.Join(f.brewery, nick, ""); err != nil {
		return err
	}
	f.guard.Lock()
	defer f.guard.Unlock()
	f.connected = true
	return nil
}

func (f *focus) health(writer http.ResponseWriter, _ *http.Request) {
	f.guard.Lock()
	defer f.guard.Unlock()
	switch {
	case !f.connected:
		http.Error(writer, "No XMPP connection", http.StatusInternalServerError)
	case len(f.bridges) == 0:
		http.Error(writer, "No operational bridges available (total bridge count: 0)", http.StatusInternalServerError)
	}
}

// handle must not wait: it is called for one stanza after the other.
func (f *focus) handle(client *xmpp.Client, stanza *xmpp.Element) {
	from, kind := stanza.Attr("from"), stanza.Attr("type")
	switch stanza.XMLName.Local {
	case "presence":
		if xmpp.Bare(from) == f.brewery {
			f.bridge(xmpp.Resource(from), kind == "")
		} else if xmpp.Domain(from) == f.mucDomain && kind != "error" {
			f.member(client, stanza, kind == "")
		}
	case "iq":
		if kind != "set" && kind != "get" {
			return
		}
		if request := stanza.Child("http://jitsi.org/protocol/focus", "conference"); request != nil {
			go f.conference(client, stanza, request.Attr("room"))
		} else if stanza.Child("urn:xmpp:ping", "ping") != nil {
			answer(client, stanza, "")
		} else {
			refuse(client, stanza, "cancel", "service-unavailable", "")
		}
	}
}

func (f *focus) bridge(name string, here bool) {
	if name == nick {
		return
	}
	f.guard.Lock()
	defer f.guard.Unlock()
	if here && !f.bridges[name] {
		log.Printf("bridge %s is here", name)
		f.bridges[name] = true
	} else if !here {
		log.Printf("bridge %s has gone", name)
		delete(f.bridges, name)
	}
}

func answer(client *xmpp.Client, stanza *xmpp.Element, content string) {
	const result = `<iq type="result" id="%s" to="%s">%s</iq>`
	_ = client.Send(fmt.Sprintf(result, xmpp.Escape(stanza.Attr("id")), xmpp.Escape(stanza.Attr("from")), content))
}

func refuse(client *xmpp.Client, stanza *xmpp.Element, kind, condition, text string) {
	const failure = `<iq type="error" id="%s" to="%s"><error type="%s">` +
		`<%s xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>%s</error></iq>`
	if text != "" {
		text = `<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">` + xmpp.Escape(text) + `</text>`
	}
	id, to := xmpp.Escape(stanza.Attr("id")), xmpp.Escape(stanza.Attr("from"))
	_ = client.Send(fmt.Sprintf(failure, id, to, kind, condition, text))
}
