package main

import (
	"net/http"
	"os"
	"time"

	"github.com/gorilla/websocket"
	"github.com/mattermost/mattermost/server/public/model"
)

// The real server closes a connection that has not said who it is after this time.
const challengeTimeout = 5 * time.Second

// The real library with its default check of the Origin header, so that a proxy which changes Host fails here
// as it would fail there.
var upgrader = websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}

func (s *server) websocket(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		http.Error(w, "Bad Request", http.StatusBadRequest)
		return
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	known := s.userOfToken(tokenOf(r)) != nil
	if known {
		s.hello(conn)
	} else {
		_ = conn.SetReadDeadline(time.Now().Add(challengeTimeout))
	}
	for {
		var request model.WebSocketRequest
		if conn.ReadJSON(&request) != nil {
			return
		}
		switch {
		case request.Action == "authentication_challenge":
			token, _ := request.Data["token"].(string)
			if s.userOfToken(token) == nil {
				return
			}
			if !known {
				known = true
				_ = conn.SetReadDeadline(time.Time{})
				s.hello(conn)
			}
			_ = conn.WriteJSON(model.NewWebSocketResponse(model.StatusOk, request.Seq, nil))
		case !known:
			refusal := appError("api.web_socket_router.not_authenticated.app_error", http.StatusUnauthorized)
			_ = conn.WriteJSON(model.NewWebSocketError(request.Seq, refusal))
		case request.Action == "ping":
			_ = conn.WriteJSON(model.NewWebSocketResponse(model.StatusOk, request.Seq, map[string]any{
				"text": "pong", "version": version, "server_time": model.GetMillis(), "node_id": "",
			}))
		default:
			refusal := badRequest("api.web_socket_router.bad_action.app_error")
			_ = conn.WriteJSON(model.NewWebSocketError(request.Seq, refusal))
		}
	}
}

func (s *server) hello(conn *websocket.Conn) {
	host, _ := os.Hostname()
	event := model.NewWebSocketEvent(model.WebsocketEventHello, "", "", "", nil, "")
	event.Add("server_version", s.versionID())
	event.Add("server_hostname", host)
	event.Add("connection_id", model.NewId())
	// The event's fields are private; only its own method writes them.
	if text, err := event.ToJSON(); err == nil {
		_ = conn.WriteMessage(websocket.TextMessage, text)
	}
}
