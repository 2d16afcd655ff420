// Package plugin is what the double's server and its doubles of plugins know of each other: a small part of the
// real server's plugin API.
package plugin

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
)

// UserHeader names the signed-in user to a plugin. Only the server sets it.
const UserHeader = "Mattermost-User-Id"

// Server is what a plugin may ask of the server.
type Server interface {
	Config() *model.Config
	License() *model.License
	Log() *mlog.Logger
	DiagnosticID() string
	User(id string) *model.User
	Team(id string) *model.Team
	Channel(id string) *model.Channel
	IsMember(user string, channel *model.Channel) bool
	MayUse(user string, channel *model.Channel) bool
	SignedIn(token string) bool
	CreatePost(post *model.Post) error
	UpdatePost(id, message string, props map[string]any) error
	Publish(event string, data map[string]any, to *model.WebsocketBroadcast)
	Load(key string) (string, error)
	Store(key, value string) error
}

// Plugin is what the server asks of a plugin while that is active.
type Plugin interface {
	http.Handler
	Activate() error
	Deactivate()
	ConfigurationChanged()
	// MessagePosted gets each message with one of the plugin's actions.
	MessagePosted(connection, user, token string, request *model.WebSocketRequest)
	Disconnected(connection string)
}

// Measured is a plugin with metrics of its own.
type Measured interface {
	ServeMetrics(w http.ResponseWriter, r *http.Request)
}

// LoadSettings reads a plugin's settings as the real server hands them out: defaults of its manifest first, and
// names in any case.
func LoadSettings(server Server, id string, defaults map[string]any, into any) error {
	settings := map[string]any{}
	for name, value := range defaults {
		settings[strings.ToLower(name)] = value
	}
	for name, value := range server.Config().PluginSettings.Plugins[id] {
		settings[strings.ToLower(name)] = value
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
