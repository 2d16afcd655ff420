package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/mattermost/mattermost/server/public/model"
	"github.com/vmihailenco/msgpack/v5"
)

// The real server closes a connection that has not said who it is after this time.
const challengeTimeout = 5 * time.Second

// Messages with this prefix are for plugins only, and get no reply.
const pluginActionPrefix = "custom_"

// The real library with its default check of the Origin header, so that a proxy which changes Host fails here
// as it would fail there.
var upgrader = websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}

func (s *server) websocket(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		http.Error(w, "Bad Request", http.StatusBadRequest)
		return
	}
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := s.hub.add(socket)
	defer func() {
		s.hub.remove(c)
		if c.user != "" {
			s.plugins.disconnected(c.id)
		}
	}()
	_ = socket.SetReadDeadline(time.Now().Add(challengeTimeout))
	s.welcome(c, tokenOf(r))
	for {
		request, err := readRequest(socket)
		if err != nil {
			return
		}
		switch {
		case request.Action == "authentication_challenge":
			token, _ := request.Data["token"].(string)
			if !s.welcome(c, token) {
				return
			}
			c.send(model.NewWebSocketResponse(model.StatusOk, request.Seq, nil))
		case c.user == "":
			refusal := appError("api.web_socket_router.not_authenticated.app_error", http.StatusUnauthorized)
			c.send(model.NewWebSocketError(request.Seq, refusal))
		case strings.HasPrefix(request.Action, pluginActionPrefix):
			s.plugins.messagePosted(c, request)
		case request.Action == "ping":
			c.send(model.NewWebSocketResponse(model.StatusOk, request.Seq, map[string]any{
				"text": "pong", "version": version, "server_time": model.GetMillis(), "node_id": "",
			}))
		default:
			refusal := badRequest("api.web_socket_router.bad_action.app_error")
			c.send(model.NewWebSocketError(request.Seq, refusal))
		}
	}
}

// readRequest reads JSON or, from a binary message, MessagePack.
func readRequest(socket *websocket.Conn) (*model.WebSocketRequest, error) {
	kind, reader, err := socket.NextReader()
	if err != nil {
		return nil, err
	}
	var request model.WebSocketRequest
	if kind == websocket.BinaryMessage {
		return &request, msgpack.NewDecoder(reader).Decode(&request)
	}
	return &request, json.NewDecoder(reader).Decode(&request)
}

// welcome greets the owner of a token, once; it tells whether the token is anybody's.
func (s *server) welcome(c *connection, token string) bool {
	user := s.userOfToken(token)
	if user == nil {
		return false
	}
	if c.user != "" {
		return true
	}
	_ = c.socket.SetReadDeadline(time.Time{})
	host, _ := os.Hostname()
	event := model.NewWebSocketEvent(model.WebsocketEventHello, "", "", "", nil, "")
	event.Add("server_version", s.versionID())
	event.Add("server_hostname", host)
	event.Add("connection_id", c.id)
	c.send(event)
	s.hub.introduce(c, user.Id, token)
	return true
}
