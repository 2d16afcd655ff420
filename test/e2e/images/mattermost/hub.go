package main

import (
	"slices"
	"sync"

	"github.com/gorilla/websocket"
	"github.com/mattermost/mattermost/server/public/model"
)

// A client that is this many messages behind is let go, as in the real server.
const sendQueueSize = 256

// connection is an open websocket; its user is known once it has said who it is.
type connection struct {
	id, user, token string
	socket          *websocket.Conn
	out             chan any
	done            chan struct{}
	sequence        int64
}

// hub knows all websockets and sends them events.
type hub struct {
	store       *store
	mu          sync.Mutex
	connections map[*connection]bool
}

func newHub(store *store) *hub { return &hub{store: store, connections: map[*connection]bool{}} }

func (h *hub) add(socket *websocket.Conn) *connection {
	c := &connection{id: model.NewId(), socket: socket, out: make(chan any, sendQueueSize), done: make(chan struct{})}
	h.mu.Lock()
	h.connections[c] = true
	h.mu.Unlock()
	go c.write()
	return c
}

func (h *hub) remove(c *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.connections[c] {
		delete(h.connections, c)
		close(c.done)
		_ = c.socket.Close()
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.connections {
		_ = c.socket.Close()
	}
}

// introduce makes a connection its user's.
func (h *hub) introduce(c *connection, user, token string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.user, c.token = user, token
}

// write is the only one that writes to the socket. An event's fields are private; only its own method writes them.
func (c *connection) write() {
	for {
		select {
		case <-c.done:
			return
		case message := <-c.out:
			var err error
			if event, ok := message.(*model.WebSocketEvent); ok {
				var text []byte
				if text, err = event.SetSequence(c.sequence).ToJSON(); err == nil {
					err = c.socket.WriteMessage(websocket.TextMessage, text)
				}
				c.sequence++
			} else {
				err = c.socket.WriteJSON(message)
			}
			if err != nil {
				_ = c.socket.Close()
			}
		}
	}
}

func (c *connection) send(message any) {
	select {
	case c.out <- message:
	default:
		_ = c.socket.Close()
	}
}

// publish sends an event to one connection, or one user's, or those of a channel, or all.
func (h *hub) publish(event string, data map[string]any, to *model.WebsocketBroadcast) {
	message := model.NewWebSocketEvent(model.WebsocketEventType(event), "", "", "", nil, "").SetData(data).SetBroadcast(to)
	var members []string
	if to.ConnectionId == "" && to.UserId == "" && to.ChannelId != "" {
		members = h.store.members(to.ChannelId)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.connections {
		switch {
		case c.user == "" || to.OmitUsers[c.user]:
		case to.ConnectionId != "" && to.ConnectionId != c.id:
		case to.ConnectionId == "" && to.UserId != "" && to.UserId != c.user:
		case to.ConnectionId == "" && to.UserId == "" && to.ChannelId != "" && !slices.Contains(members, c.user):
		default:
			c.send(message)
		}
	}
}
