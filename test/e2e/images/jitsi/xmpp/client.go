package xmpp

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"net"
	"sync"
	"time"

	"muster/test/e2e/images/jitsi/settings"
)

// Client is one connection that has logged in.
type Client struct {
	conn    net.Conn
	decoder *xml.Decoder
	writing sync.Mutex
	guard   sync.Mutex
	waiting []*waiter
	count   int
}

type waiter struct {
	matches func(*Element) bool
	found   chan *Element
}

// Stay keeps a connection for ever: it connects, calls ready, hands every stanza to handle and starts again
// when the connection is lost. The server may come up later or be replaced.
func Stay(account settings.Account, ready func(*Client) error, handle func(*Client, *Element), lost func()) {
	for {
		err := once(account, ready, handle)
		lost()
		log.Printf("XMPP connection to %s:%s: %v; trying again", account.Server, account.Port, err)
		time.Sleep(time.Second)
	}
}

func once(account settings.Account, ready func(*Client) error, handle func(*Client, *Element)) error {
	client, err := login(account)
	if err != nil {
		return err
	}
	defer client.conn.Close()
	log.Printf("logged in as %s@%s", account.User, account.Domain)
	ended := make(chan error, 2)
	go func() {
		for {
			var stanza Element
			if err := client.decoder.Decode(&stanza); err != nil {
				ended <- err
				return
			}
			client.tell(&stanza)
			handle(client, &stanza)
		}
	}()
	go func() {
		if err := ready(client); err != nil {
			ended <- err
		}
	}()
	alive := time.NewTicker(30 * time.Second)
	defer alive.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-alive.C:
			if err := client.Send(" "); err != nil {
				return err
			}
		}
	}
}

// login opens the stream, turns on TLS without looking at the certificate (as the real ones are set to) and
// authenticates.
func login(account settings.Account) (*Client, error) {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(account.Server, account.Port), 5*time.Second)
	if err != nil {
		return nil, err
	}
	client := &Client{conn: conn}
	_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
	if err := client.authenticate(account); err != nil {
		conn.Close()
		return nil, err
	}
	return client, client.conn.SetDeadline(time.Time{})
}

func (c *Client) authenticate(account settings.Account) error {
	features, err := c.open(account.Domain)
	if err != nil {
		return err
	}
	if features.Child("", "starttls") != nil {
		if err := c.expect(`<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>`, "proceed"); err != nil {
			return err
		}
		c.conn = tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true, ServerName: account.Domain})
		if _, err := c.open(account.Domain); err != nil {
			return err
		}
	}
	secret := base64.StdEncoding.EncodeToString([]byte("\x00" + account.User + "\x00" + account.Password))
	const auth = `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">%s</auth>`
	if err := c.expect(fmt.Sprintf(auth, secret), "success"); err != nil {
		return fmt.Errorf("login of %s@%s: %w", account.User, account.Domain, err)
	}
	if _, err := c.open(account.Domain); err != nil {
		return err
	}
	const bind = `<iq type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`
	return c.expect(bind, "iq")
}

// open starts a stream anew and returns what the server offers.
func (c *Client) open(domain string) (*Element, error) {
	const header = `<?xml version="1.0"?><stream:stream xmlns="jabber:client" ` +
		`xmlns:stream="http://etherx.jabber.org/streams" version="1.0" to="%s">`
	if err := c.Send(fmt.Sprintf(header, Escape(domain))); err != nil {
		return nil, err
	}
	c.decoder = xml.NewDecoder(c.conn)
	for {
		token, err := c.decoder.Token()
		if err != nil {
			return nil, err
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "stream" {
			break
		}
	}
	var features Element
	return &features, c.decoder.Decode(&features)
}

func (c *Client) expect(text, name string) error {
	if err := c.Send(text); err != nil {
		return err
	}
	var answer Element
	if err := c.decoder.Decode(&answer); err != nil {
		return err
	}
	if answer.XMLName.Local == name && answer.Attr("type") != "error" {
		return nil
	}
	reason := answer.XMLName.Local
	for _, child := range answer.Children {
		reason += " " + child.XMLName.Local + child.Text
	}
	return errors.New(reason)
}

// Send writes stanzas as they are.
func (c *Client) Send(text string) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err := c.conn.Write([]byte(text))
	return err
}

// NewID returns an id for a request.
func (c *Client) NewID() string {
	c.guard.Lock()
	defer c.guard.Unlock()
	c.count++
	return fmt.Sprintf("double-%d", c.count)
}

// Await sends and waits for the first stanza that matches.
func (c *Client) Await(text string, matches func(*Element) bool) (*Element, error) {
	wait := &waiter{matches, make(chan *Element, 1)}
	c.guard.Lock()
	c.waiting = append(c.waiting, wait)
	c.guard.Unlock()
	if err := c.Send(text); err != nil {
		return nil, err
	}
	limit, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	select {
	case found := <-wait.found:
		return found, nil
	case <-limit.Done():
		return nil, errors.New("no answer")
	}
}

func (c *Client) tell(stanza *Element) {
	c.guard.Lock()
	defer c.guard.Unlock()
	for index, wait := range c.waiting {
		if wait.matches(stanza) {
			wait.found <- stanza
			c.waiting = append(c.waiting[:index:index], c.waiting[index+1:]...)
			return
		}
	}
}

// Join enters a chat room, with more in the presence where given.
func (c *Client) Join(room, nick, more string) error {
	occupant := room + "/" + nick
	presence := fmt.Sprintf(`<presence to="%s"><x xmlns="%s"/>%s</presence>`, Escape(occupant), MUC, more)
	answer, err := c.Await(presence, func(stanza *Element) bool {
		from := stanza.Attr("from")
		return stanza.XMLName.Local == "presence" &&
			(from == occupant || (stanza.Attr("type") == "error" && Bare(from) == room))
	})
	if err != nil {
		return fmt.Errorf("joining %s: %w", room, err)
	}
	if failure := answer.Child("", "error"); failure != nil {
		return fmt.Errorf("joining %s: %s", room, failure.Children[0].XMLName.Local)
	}
	return nil
}
