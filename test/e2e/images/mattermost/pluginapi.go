package main

import (
	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
)

// The server as its plugins see it. What can't be read is missing: the log says why.

func (h *pluginHost) Config() *model.Config   { return h.server.config.get() }
func (h *pluginHost) License() *model.License { return h.server.license }
func (h *pluginHost) Log() *mlog.Logger       { return h.log }
func (h *pluginHost) DiagnosticID() string    { return h.diagnostic }

func orNil[T any](h *pluginHost, value *T, err error) *T {
	if err != nil {
		h.log.Error(err.Error())
		return nil
	}
	return value
}

func (h *pluginHost) User(id string) *model.User {
	user, err := h.server.store.userBy("id", id)
	return orNil(h, user, err)
}

func (h *pluginHost) Team(id string) *model.Team {
	team, err := h.server.store.teamBy("id", id)
	return orNil(h, team, err)
}

func (h *pluginHost) Channel(id string) *model.Channel {
	channel, err := h.server.store.channel("id = $1", id)
	return orNil(h, channel, err)
}

func (h *pluginHost) IsMember(user string, channel *model.Channel) bool {
	return h.server.store.isMember(channel, user)
}

func (h *pluginHost) MayUse(id string, channel *model.Channel) bool {
	user := h.User(id)
	return user != nil && h.server.mayUse(user, channel)
}

func (h *pluginHost) SignedIn(token string) bool { return h.server.userOfToken(token) != nil }

func (h *pluginHost) CreatePost(post *model.Post) error { return h.server.store.savePost(post) }

// UpdatePost changes a post's message and some of its props.
func (h *pluginHost) UpdatePost(id, message string, props map[string]any) error {
	found, err := h.server.store.posts("id = $1", id)
	if err != nil || len(found) == 0 {
		return err
	}
	post := found[0]
	for name, value := range props {
		post.AddProp(name, value)
	}
	_, err = h.server.store.db.Exec(`UPDATE posts SET message = $1, props = $2 WHERE id = $3`, message,
		model.StringInterfaceToJSON(post.GetProps()), id)
	return err
}

// Publish keeps the events of a plugin apart from others by their prefix, which the caller has put there.
func (h *pluginHost) Publish(event string, data map[string]any, to *model.WebsocketBroadcast) {
	copied := map[string]any{}
	for name, value := range data {
		copied[name] = value
	}
	h.server.hub.publish(event, copied, to)
}

func (h *pluginHost) Load(key string) (string, error) {
	return single(h.server.store.db.QueryRow(`SELECT pvalue FROM pluginkeyvaluestore WHERE pkey = $1`, key))
}

func (h *pluginHost) Store(key, value string) error {
	_, err := h.server.store.db.Exec(`INSERT INTO pluginkeyvaluestore (pkey, pvalue) VALUES ($1, $2)
		ON CONFLICT (pkey) DO UPDATE SET pvalue = excluded.pvalue`, key, value)
	return err
}
