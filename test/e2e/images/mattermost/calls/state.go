package calls

import (
	"encoding/json"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
)

// call is a running call. Calls.mu guards it.
type call struct {
	id, channel, owner, host string
	post, thread             string
	sharing                  string // session that shares its screen
	rtcdHost                 string
	startAt                  int64
	participants             map[string]bool
	sessions                 map[string]*participant
}

type participant struct {
	SessionID  string `json:"session_id"`
	UserID     string `json:"user_id"`
	Unmuted    bool   `json:"unmuted"`
	RaisedHand int64  `json:"raised_hand"`
	joinedAt   int64
}

func (c *call) users() []string {
	found := []string{}
	seen := map[string]bool{}
	for _, one := range c.sessions {
		if !seen[one.UserID] {
			found = append(found, one.UserID)
		}
		seen[one.UserID] = true
	}
	return found
}

// nextHost keeps the host while that is in the call; else the one who joined first is the host.
func (c *call) nextHost() string {
	var first *participant
	for _, one := range c.sessions {
		if one.UserID == c.host {
			return c.host
		}
		if first == nil || one.joinedAt < first.joinedAt {
			first = one
		}
	}
	if first == nil {
		return ""
	}
	return first.UserID
}

// shown is a call as clients see it.
func (c *call) shown() map[string]any {
	sessions := make([]*participant, 0, len(c.sessions))
	for _, one := range c.sessions {
		sessions = append(sessions, one)
	}
	return map[string]any{
		"id": c.id, "start_at": c.startAt, "sessions": sessions, "thread_id": c.thread, "post_id": c.post,
		"screen_sharing_session_id": c.sharing, "owner_id": c.owner, "host_id": c.host,
	}
}

// publish sends an event, to certain users of the channel where any are named.
func (c *Calls) publish(event string, data map[string]any, to model.WebsocketBroadcast, users ...string) {
	// For clients in no channel, such as the real plugin's bot; everybody gets it.
	if to.ChannelId != "" {
		data["channelID"] = to.ChannelId
	}
	to.ReliableClusterSend = true
	name := "custom_" + ID + "_" + event
	if len(users) == 0 {
		c.server.Publish(name, data, &to)
	}
	for _, user := range users {
		each := to
		each.UserId = user
		c.server.Publish(name, data, &each)
	}
}

func (c *Calls) toConnection(connection, event string, data map[string]any) {
	c.publish(event, data, model.WebsocketBroadcast{ConnectionId: connection})
}

func (c *Calls) toParticipants(one *call, event string, data map[string]any) {
	c.publish(event, data, model.WebsocketBroadcast{ChannelId: one.channel}, one.users()...)
}

func (c *Calls) sendState(one *call, to model.WebsocketBroadcast) {
	if text, err := json.Marshal(one.shown()); err == nil {
		c.publish("call_state", map[string]any{"channel_id": one.channel, "call": string(text)}, to)
	}
}

func attachment(text string) []*model.SlackAttachment {
	return []*model.SlackAttachment{{Fallback: text, Title: text, Text: text}}
}

// announce posts the start of a call into its channel.
func (c *Calls) announce(one *call, title, thread string) {
	user := c.server.User(one.owner)
	if user == nil {
		return
	}
	text := "@" + user.Username + " started a call"
	post := &model.Post{UserId: one.owner, ChannelId: one.channel, RootId: thread, Message: text, Type: "custom_calls"}
	post.SetProps(model.StringInterface{"attachments": attachment(text), "start_at": one.startAt, "title": title})
	if err := c.server.CreatePost(post); err != nil {
		c.log.Error("calls: " + err.Error())
		return
	}
	one.post, one.thread = post.Id, thread
	if thread == "" {
		one.thread = post.Id
	}
}

func (c *Calls) announceEnd(one *call) {
	participants := []string{}
	for user := range one.participants {
		participants = append(participants, user)
	}
	err := c.server.UpdatePost(one.post, "Call ended", map[string]any{
		"attachments": attachment("Call ended"), "end_at": time.Now().UnixMilli(), "participants": participants,
	})
	if err != nil {
		c.log.Error("calls: failed to update call post ended: " + err.Error())
	}
}

// enabled tells whether calls were switched on or off in a channel; nil where nobody did.
func (c *Calls) enabled(channel string) *bool {
	text, err := c.server.Load(ID + "_channel_" + channel)
	if err != nil || text == "" {
		return nil
	}
	return model.NewPointer(text == "true")
}
