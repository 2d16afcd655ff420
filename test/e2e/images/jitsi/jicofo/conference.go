package main

import (
	"fmt"
	"log"
	"strings"
	"sync"
	"time"

	"muster/test/e2e/images/jitsi/settings"
	"muster/test/e2e/images/jitsi/xmpp"
)

// room is a conference that jicofo is in. Others who ask for it wait until that is so.
type room struct {
	joining sync.Once
	failure error
	members map[string]member
}

type member struct{ jid, affiliation string }

// conference answers a client's first question: may I have this room?
func (f *focus) conference(client *xmpp.Client, stanza *xmpp.Element, name string) {
	// Clients ask focus.<domain>, which passes their own address on as a resource.
	asker := strings.TrimPrefix(stanza.Attr("from"), f.proxy+"/")
	if !strings.Contains(name, "@") {
		refuse(client, stanza, "modify", "bad-request", "No 'room' specified.")
		return
	}
	f.guard.Lock()
	known := f.rooms[name]
	if known == nil && f.auth && xmpp.Domain(asker) != f.domain {
		f.guard.Unlock()
		log.Printf("%s may not open %s", asker, name)
		refuse(client, stanza, "auth", "not-authorized", "not authorized user domain")
		return
	}
	if known == nil {
		log.Printf("%s opens %s", asker, name)
		known = &room{members: map[string]member{}}
		f.rooms[name] = known
	}
	f.guard.Unlock()

	known.joining.Do(func() {
		known.failure = client.Join(name, nick, "")
		// Nobody came: others may not find an open room.
		time.AfterFunc(15*time.Second, func() {
			f.guard.Lock()
			defer f.guard.Unlock()
			f.leaveEmpty(client, name)
		})
	})
	if known.failure != nil {
		log.Print(known.failure)
		f.close(name)
	}
	auth := settings.Get("XMPP_AUTH_DOMAIN", "auth.meet.jitsi")
	properties := fmt.Sprintf(`<property name="authentication" value="%v"/>`, f.auth)
	if f.auth {
		external := settings.Get("JICOFO_AUTH_TYPE", settings.Get("AUTH_TYPE", "internal")) == "jwt"
		properties += fmt.Sprintf(`<property name="externalAuth" value="%v"/>`, external)
	}
	const result = `<conference xmlns="http://jitsi.org/protocol/focus" room="%s" ready="%v" focusjid="%s@%s">%s</conference>`
	ready := known.failure == nil
	answer(client, stanza, fmt.Sprintf(result, xmpp.Escape(name), ready, nick, auth, properties))
}

// member keeps count of who is in a room, makes owners, and leaves after the last one.
func (f *focus) member(client *xmpp.Client, presence *xmpp.Element, here bool) {
	from := presence.Attr("from")
	name, who := xmpp.Bare(from), xmpp.Resource(from)
	f.guard.Lock()
	defer f.guard.Unlock()
	room := f.rooms[name]
	if room == nil || who == nick {
		return
	}
	if !here {
		delete(room.members, who)
		f.leaveEmpty(client, name)
		return
	}
	x := presence.Child(xmpp.MUCUser, "x")
	if x == nil || x.Child("", "item") == nil {
		return
	}
	item := x.Child("", "item")
	room.members[who] = member{item.Attr("jid"), item.Attr("affiliation")}
	if f.deserves(room, item) {
		const grant = `<iq type="set" id="%s" to="%s"><query xmlns="%s"><item affiliation="owner" jid="%s"/></query></iq>`
		jid := xmpp.Escape(xmpp.Bare(item.Attr("jid")))
		_ = client.Send(fmt.Sprintf(grant, client.NewID(), xmpp.Escape(name), xmpp.MUCAdmin, jid))
	}
}

func (f *focus) leaveEmpty(client *xmpp.Client, name string) {
	if room := f.rooms[name]; room == nil || len(room.members) > 0 {
		return
	}
	log.Printf("%s is empty", name)
	delete(f.rooms, name)
	_ = client.Send(fmt.Sprintf(`<presence type="unavailable" to="%s/%s"/>`, xmpp.Escape(name), nick))
}

// deserves: with authentication every authenticated user becomes an owner, without it the first one does.
func (f *focus) deserves(room *room, item *xmpp.Element) bool {
	if item.Attr("affiliation") == "owner" || item.Attr("jid") == "" {
		return false
	}
	if f.auth {
		return xmpp.Domain(item.Attr("jid")) == f.domain
	}
	for _, member := range room.members {
		if member.affiliation == "owner" {
			return false
		}
	}
	return settings.Bool("ENABLE_AUTO_OWNER", true)
}

func (f *focus) close(name string) {
	f.guard.Lock()
	defer f.guard.Unlock()
	delete(f.rooms, name)
}
