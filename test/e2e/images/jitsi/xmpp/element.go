// Package xmpp is as much of an XMPP client as the doubles of jicofo and the bridge need.
package xmpp

import (
	"encoding/xml"
	"strings"
)

// Namespaces of chat rooms.
const (
	MUC      = "http://jabber.org/protocol/muc"
	MUCUser  = MUC + "#user"
	MUCAdmin = MUC + "#admin"
)

// Element is any piece of a stream.
type Element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []Element  `xml:",any"`
	Text     string     `xml:",chardata"`
}

// Attr returns an attribute, or nothing.
func (e *Element) Attr(name string) string {
	for _, attr := range e.Attrs {
		if attr.Name.Local == name && attr.Name.Space == "" {
			return attr.Value
		}
	}
	return ""
}

// Child returns the first child of that name, or nil.
func (e *Element) Child(space, name string) *Element {
	for index := range e.Children {
		if child := &e.Children[index]; child.XMLName.Local == name && (space == "" || child.XMLName.Space == space) {
			return child
		}
	}
	return nil
}

// Escape makes a text safe between quotes or tags.
func Escape(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text))
	return out.String()
}

// Bare returns an address without its resource.
func Bare(jid string) string {
	bare, _, _ := strings.Cut(jid, "/")
	return bare
}

// Resource returns what follows the first slash.
func Resource(jid string) string {
	_, resource, _ := strings.Cut(jid, "/")
	return resource
}

// Domain returns an address' host.
func Domain(jid string) string {
	bare := Bare(jid)
	return bare[strings.IndexByte(bare, '@')+1:]
}
