package calls

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
	"github.com/mattermost/rtcd/service"
	"github.com/mattermost/rtcd/service/rtc"
)

const sdpMaxSize = 64 * 1024

type clientMessage struct {
	kind string
	data []byte
}

// MessagePosted takes a client's message. Whatever is wrong with one is only logged, as in the real plugin; a client
// that can't join is told so.
func (c *Calls) MessagePosted(connection, user, token string, request *model.WebSocketRequest) {
	kind := strings.TrimPrefix(request.Action, "custom_"+ID+"_")
	text := func(name string) string {
		value, _ := request.Data[name].(string)
		return value
	}
	c.mu.Lock()
	s := c.sessions[connection]
	c.mu.Unlock()
	if s != nil && !s.limiter.Allow() {
		c.log.Error("calls: message was dropped by rate limiter", mlog.String("msgType", kind))
		return
	}
	switch kind {
	case "ping":
	case "join":
		props := rtc.SessionProps{"channelID": text("channelID")}
		for _, name := range []string{"av1Support", "dcSignaling"} {
			props[name], _ = request.Data[name].(bool)
		}
		join := joinRequest{channel: text("channelID"), title: text("title"), thread: text("threadID"), props: props}
		go func() {
			if err := c.join(connection, user, token, join); err != nil {
				c.log.Warn("calls: "+err.Error(), mlog.String("userID", user), mlog.String("channelID", join.channel))
				c.toConnection(connection, "error", map[string]any{"data": err.Error(), "connID": connection})
			}
		}()
	case "reconnect":
		if err := c.reconnect(connection, user, token, text("channelID"), text("originalConnID"), text("prevConnID")); err != nil {
			c.log.Warn("calls: " + err.Error())
		}
	case "leave":
		if s != nil {
			s.left.fire()
		}
	case "call_state":
		if err := c.stateFor(connection, user, text("channelID")); err != nil {
			c.log.Error("calls: handleCallStateRequest failed", mlog.Err(err))
		}
	case "metric":
	case "sdp", "ice", "mute", "unmute", "screen_on", "screen_off", "raise_hand", "unraise_hand", "react":
		if s == nil {
			return
		}
		message := clientMessage{kind: kind, data: []byte(text("data"))}
		if packed, ok := request.Data["data"].([]byte); kind == "sdp" {
			var err error
			if message.data, err = unpack(packed); !ok || err != nil {
				c.log.Error("calls: invalid or missing sdp data")
				return
			}
		}
		select {
		case s.messages <- message:
		default:
			c.log.Error("calls: chan is full, dropping ws msg", mlog.String("type", kind))
		}
	default:
		c.log.Error("calls: invalid message type", mlog.String("type", kind))
	}
}

func unpack(packed []byte) ([]byte, error) {
	reader, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(reader, sdpMaxSize+1))
	if err == nil && len(text) > sdpMaxSize {
		err = errors.New("decompressed SDP data exceeds maximum allowed size")
	}
	return text, err
}

// Disconnected starts the wait for a client's reconnection.
func (c *Calls) Disconnected(connection string) {
	c.mu.Lock()
	s := c.sessions[connection]
	c.mu.Unlock()
	if s != nil {
		s.disconnected.fire()
	}
}

// reconnect moves a session to its client's new connection.
func (c *Calls) reconnect(connection, user, token, channel, id, previous string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.calls[channel]
	if one == nil {
		return errors.New("no call ongoing")
	}
	if part := one.sessions[id]; part == nil || part.UserID != user {
		return errors.New("session not found in call state")
	}
	old := c.sessions[connection]
	if old == nil {
		old = c.sessions[previous]
	}
	if old != nil {
		if !old.reconnected.fire() {
			return errors.New("session already reconnected")
		}
		delete(c.sessions, old.connection)
	}
	s := newSession(id, connection, user, token, one)
	c.sessions[connection] = s
	if c.rtcd != nil {
		data := map[string]string{"sessionID": id}
		if err := c.rtcd.send(service.ClientMessage{Type: service.ClientMessageReconnect, Data: data}, s.rtcdHost); err != nil {
			return fmt.Errorf("failed to send client reconnect message: %w", err)
		}
	}
	go c.serve(s)
	return nil
}

func (c *Calls) stateFor(connection, user, id string) error {
	channel := c.server.Channel(id)
	if channel == nil || !c.server.MayUse(user, channel) {
		return errors.New("forbidden")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.calls[id]
	if one == nil {
		return errors.New("no call ongoing")
	}
	c.sendState(one, model.WebsocketBroadcast{ConnectionId: connection})
	return nil
}

var mediaMessages = map[string]rtc.MessageType{
	"sdp": rtc.SDPMessage, "ice": rtc.ICEMessage, "mute": rtc.MuteMessage, "unmute": rtc.UnmuteMessage,
	"screen_on": rtc.ScreenOnMessage, "screen_off": rtc.ScreenOffMessage,
}

// handle passes a message on to the media server and tells the others what it means for them.
func (c *Calls) handle(s *session, message clientMessage) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.calls[s.channel]
	if one == nil || one.sessions[s.id] == nil {
		return errors.New("no call ongoing")
	}
	if err := c.share(one, s, message.kind); err != nil {
		return err
	}
	if kind, known := mediaMessages[message.kind]; known {
		if err := c.toMedia(rtc.Message{SessionID: s.id, Type: kind, Data: message.data}, s.rtcdHost); err != nil {
			return fmt.Errorf("failed to send RTC message: %w", err)
		}
	}
	part := one.sessions[s.id]
	data := map[string]any{"userID": s.user, "session_id": s.id}
	switch message.kind {
	case "sdp", "ice":
		return nil
	case "mute", "unmute":
		part.Unmuted = message.kind == "unmute"
		c.toParticipants(one, "user_"+message.kind+"d", data)
	case "raise_hand", "unraise_hand":
		part.RaisedHand = 0
		if message.kind == "raise_hand" {
			part.RaisedHand = time.Now().UnixMilli()
		}
		data["raised_hand"] = part.RaisedHand
		c.toParticipants(one, "user_"+message.kind, data)
	case "react":
		var emoji map[string]any
		if err := json.Unmarshal(message.data, &emoji); err != nil {
			return fmt.Errorf("failed to unmarshal emoji data: %w", err)
		}
		c.toParticipants(one, "user_reacted", map[string]any{
			"user_id": s.user, "session_id": s.id, "emoji": emoji, "timestamp": time.Now().UnixMilli(),
		})
	default:
		c.toParticipants(one, "user_"+message.kind, data)
	}
	return nil
}

func (c *Calls) share(one *call, s *session, kind string) error {
	if kind != "screen_on" && kind != "screen_off" {
		return nil
	}
	if !*c.config.AllowScreenSharing {
		return errors.New("screen sharing is not allowed")
	}
	if kind == "screen_on" {
		if one.sharing != "" {
			return fmt.Errorf("cannot start screen sharing, someone else is sharing already: connID=%s", one.sharing)
		}
		one.sharing = s.id
		return nil
	}
	if one.sharing != s.id {
		return fmt.Errorf("cannot stop screen sharing, someone else is sharing already: connID=%s", one.sharing)
	}
	one.sharing = ""
	return nil
}
