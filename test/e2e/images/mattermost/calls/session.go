package calls

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
	"github.com/mattermost/rtcd/service/rtc"
	"golang.org/x/time/rate"
)

// The real plugin's times.
const (
	reconnectionTimeout = 10 * time.Second
	signedInInterval    = 10 * time.Second
)

var errGroupCalls = errors.New("unlicensed servers only allow calls in DMs")

// signal is an event that happens once.
type signal struct {
	once sync.Once
	ch   chan struct{}
}

func newSignal() *signal { return &signal{ch: make(chan struct{})} }

// fire tells whether this was the first time.
func (s *signal) fire() (first bool) {
	s.once.Do(func() { first = true; close(s.ch) })
	return first
}

// session is one connection's part in a call. Its id is that of its first connection; a reconnection changes the other.
type session struct {
	id, connection, user, token, channel, callID, rtcdHost string
	messages                                               chan clientMessage
	limiter                                                *rate.Limiter

	disconnected, reconnected, mediaClosed, left, removed *signal
}

func newSession(id, connection, user, token string, one *call) *session {
	return &session{id: id, connection: connection, user: user, token: token, channel: one.channel, callID: one.id,
		rtcdHost: one.rtcdHost, messages: make(chan clientMessage, 100), limiter: rate.NewLimiter(10, 100),
		disconnected: newSignal(), reconnected: newSignal(), mediaClosed: newSignal(), left: newSignal(), removed: newSignal()}
}

type joinRequest struct {
	channel, title, thread string
	props                  rtc.SessionProps
}

func (c *Calls) join(connection, user, token string, request joinRequest) error {
	channel := c.server.Channel(request.channel)
	if channel == nil || !c.server.MayUse(user, channel) {
		return errors.New("forbidden")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	one, err := c.addParticipant(connection, user, channel)
	if err != nil {
		if errors.Is(err, errGroupCalls) {
			c.refuseGroupCall(user, channel.Id)
		}
		return err
	}
	if len(one.sessions) == 1 {
		c.announce(one, request.title, request.thread)
		c.publish("call_start", map[string]any{
			"id": one.id, "channelID": channel.Id, "start_at": one.startAt, "thread_id": one.thread,
			"post_id": one.post, "owner_id": one.owner, "host_id": one.host,
		}, model.WebsocketBroadcast{ChannelId: channel.Id})
	}
	s := newSession(connection, connection, user, token, one)
	c.sessions[connection] = s
	if err := c.openMedia(s, request.props); err != nil {
		// As in the real plugin the client hears nothing of this; it runs into its own timeout.
		c.log.Error("calls: failed to init session", mlog.Err(err))
		go c.leave(s)
		return nil
	}
	c.log.Info("calls: session has joined call", mlog.String("userID", user), mlog.String("sessionID", connection),
		mlog.String("channelID", channel.Id), mlog.String("callID", one.id))
	c.toConnection(connection, "join", map[string]any{"connID": connection})
	c.publish("user_joined", map[string]any{"user_id": user, "session_id": connection}, model.WebsocketBroadcast{ChannelId: channel.Id})
	c.sendState(one, model.WebsocketBroadcast{UserId: user})
	go c.serve(s)
	return nil
}

// addParticipant applies the limits. Who may start a call is asked of its first participant only.
func (c *Calls) addParticipant(connection, user string, channel *model.Channel) (*call, error) {
	one := c.calls[channel.Id]
	if one == nil {
		if err := c.mayStart(user, channel); err != nil {
			return nil, err
		}
		one = &call{id: model.NewId(), channel: channel.Id, owner: user, startAt: time.Now().UnixMilli(),
			participants: map[string]bool{}, sessions: map[string]*participant{}}
		if c.rtcd != nil {
			host, err := c.rtcd.hostForNewCall()
			if err != nil {
				return nil, fmt.Errorf("failed to get rtcd host: %w", err)
			}
			one.rtcdHost = host
		}
	}
	if one.sessions[connection] != nil {
		return nil, errors.New("session is already connected")
	}
	if limit := *c.config.MaxCallParticipants; limit != 0 && len(one.sessions) >= limit {
		return nil, errors.New("user cannot join because of limits")
	}
	one.sessions[connection] = &participant{SessionID: connection, UserID: user, joinedAt: time.Now().UnixNano()}
	one.participants[user] = true
	c.calls[channel.Id] = one
	c.changeHost(one)
	return one, nil
}

func (c *Calls) mayStart(user string, channel *model.Channel) error {
	if channel.Type != model.ChannelTypeDirect && !c.groupCallsAllowed() {
		return errGroupCalls
	}
	if enabled := c.enabled(channel.Id); enabled != nil {
		if *enabled {
			return nil
		}
		return errors.New("calls are disabled in the channel")
	}
	if *c.config.DefaultEnabled || c.isAdmin(user) {
		return nil
	}
	return errors.New("insufficient permissions")
}

func (c *Calls) isAdmin(id string) bool {
	user := c.server.User(id)
	return user != nil && user.IsSystemAdmin()
}

func (c *Calls) refuseGroupCall(user, channel string) {
	post := &model.Post{Id: model.NewId(), ChannelId: channel, CreateAt: model.GetMillis(), Type: model.PostTypeEphemeral,
		Message: "Calls are only available in direct messages on this server."}
	if text, err := post.ToJSON(); err == nil {
		c.server.Publish(string(model.WebsocketEventEphemeralMessage), map[string]any{"post": text}, &model.WebsocketBroadcast{UserId: user})
	}
}

func (c *Calls) changeHost(one *call) {
	host := one.nextHost()
	if host == one.host {
		return
	}
	one.host = host
	c.toParticipants(one, "call_host_changed", map[string]any{"hostID": host, "call_id": one.id})
}

// serve handles what a session's client says, until it is gone.
func (c *Calls) serve(s *session) {
	ticker := time.NewTicker(signedInInterval)
	defer ticker.Stop()
	for gone := false; !gone; {
		select {
		case message := <-s.messages:
			if err := c.handle(s, message); err != nil {
				c.log.Error("calls: handleClientMsg failed", mlog.Err(err), mlog.String("connID", s.connection))
			}
		case <-ticker.C:
			if !c.server.SignedIn(s.token) {
				c.closeMedia(s)
				gone = true
			}
		case <-s.reconnected.ch:
			gone = true
		case <-s.left.ch:
			gone = true
		case <-s.disconnected.ch:
			gone = true
		case <-s.mediaClosed.ch:
			gone = true
		}
	}
	c.leave(s)
}

// leave waits for a client that lost its connection only; all others are taken out of the call at once.
func (c *Calls) leave(s *session) {
	select {
	case <-s.reconnected.ch:
		return
	case <-s.mediaClosed.ch:
		return
	case <-s.left.ch:
	case <-time.After(reconnectionTimeout):
	case <-c.stop:
		return
	}
	c.closeMedia(s)
	c.removeSession(s)
}

// removeSession takes a session out of its call; the last one ends the call.
func (c *Calls) removeSession(s *session) {
	if !s.removed.fire() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessions[s.connection] == s {
		delete(c.sessions, s.connection)
	}
	one := c.calls[s.channel]
	if one == nil || one.sessions[s.id] == nil {
		return
	}
	delete(one.sessions, s.id)
	if one.sharing == s.id {
		one.sharing = ""
		c.toParticipants(one, "user_screen_off", map[string]any{})
	}
	c.publish("user_left", map[string]any{"user_id": s.user, "session_id": s.id}, model.WebsocketBroadcast{ChannelId: s.channel})
	if len(one.sessions) == 0 {
		delete(c.calls, s.channel)
		c.announceEnd(one)
		return
	}
	c.changeHost(one)
}

// sessionByID finds a session by its first connection, which is what the media server knows.
func (c *Calls) sessionByID(id string) *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sessions {
		if s.id == id {
			return s
		}
	}
	return nil
}
