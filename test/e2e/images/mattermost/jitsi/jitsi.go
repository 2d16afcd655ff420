// Package jitsi is a double of the Jitsi plugin, 2.1.0: it starts meetings over HTTP, with links and tokens as the
// real plugin makes them. Slash commands, users' own settings and the "ask" naming scheme are left out.
package jitsi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/mattermost/mattermost/server/public/model"

	"muster/test/e2e/images/mattermost/plugin"
)

const (
	// ID is the plugin's.
	ID        = "jitsi"
	publicURL = "https://meet.jit.si"
)

type config struct {
	JitsiURL               string
	JitsiAppID             string
	JitsiAppSecret         string
	JitsiNamingScheme      string
	JitsiLinkValidTime     int
	JitsiJWT               bool
	JitsiEmbedded          bool
	JitsiCompatibilityMode bool
	JitsiPrejoinPage       bool
}

var defaults = map[string]any{
	"JitsiURL": publicURL, "JitsiNamingScheme": "words", "JitsiLinkValidTime": 30, "JitsiCompatibilityMode": false,
}

// Jitsi is the plugin.
type Jitsi struct {
	server plugin.Server
	mu     sync.Mutex
	config config
}

// New makes the plugin, not active yet.
func New(server plugin.Server) *Jitsi { return &Jitsi{server: server} }

func (j *Jitsi) load() (config, error) {
	var cfg config
	if err := plugin.LoadSettings(j.server, ID, defaults, &cfg); err != nil {
		return cfg, fmt.Errorf("failed to load plugin configuration: %w", err)
	}
	if cfg.JitsiURL == "" {
		cfg.JitsiURL = publicURL
	}
	return cfg, nil
}

func (c *config) isValid() error {
	if _, err := url.Parse(c.JitsiURL); err != nil {
		return errors.New("error invalid jitsiURL")
	}
	if !c.JitsiJWT {
		return nil
	}
	if c.JitsiAppID == "" {
		return errors.New("error no Jitsi app ID was provided to use with JWT")
	}
	if c.JitsiAppSecret == "" {
		return errors.New("error no Jitsi app secret provided to use with JWT")
	}
	if c.JitsiLinkValidTime < 1 {
		c.JitsiLinkValidTime = 30
	}
	return nil
}

// Activate refuses tokens without what signs them.
func (j *Jitsi) Activate() error {
	cfg, err := j.load()
	if err != nil {
		return err
	}
	j.config = cfg
	return j.config.isValid()
}

// Deactivate has nothing to end.
func (j *Jitsi) Deactivate() {}

// Disconnected and MessagePosted: the plugin speaks HTTP only.
func (j *Jitsi) Disconnected(string) {}

// MessagePosted does nothing.
func (j *Jitsi) MessagePosted(_, _, _ string, _ *model.WebSocketRequest) {}

// ConfigurationChanged takes new settings over, bad ones too: those are refused at the next meeting.
func (j *Jitsi) ConfigurationChanged() {
	cfg, err := j.load()
	if err != nil {
		j.server.Log().Error("jitsi: " + err.Error())
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.config = cfg
}

func (j *Jitsi) settings() config {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.config
}

func (j *Jitsi) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/api/v1/meetings":
		j.startMeeting(w, r)
	case "/api/v1/meetings/enrich":
		j.enrich(w, r)
	case "/api/v1/config":
		j.userConfig(w, r)
	case "/jitsi_meet_external_api.js":
		j.externalAPI(w)
	default:
		http.NotFound(w, r)
	}
}

func respond(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// user is the signed-in one; the answer is written where there is none or the settings are bad.
func (j *Jitsi) user(w http.ResponseWriter, r *http.Request, cfg *config) *model.User {
	if cfg != nil {
		if err := cfg.isValid(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return nil
		}
	}
	id := r.Header.Get(plugin.UserHeader)
	if id == "" {
		http.Error(w, "Not authorized", http.StatusUnauthorized)
		return nil
	}
	user := j.server.User(id)
	if user == nil {
		http.Error(w, "Forbidden", http.StatusForbidden)
	}
	return user
}

func (j *Jitsi) userConfig(w http.ResponseWriter, r *http.Request) {
	if j.user(w, r, nil) == nil {
		return
	}
	cfg := j.settings()
	respond(w, map[string]any{
		"naming_scheme": cfg.JitsiNamingScheme, "embedded": cfg.JitsiEmbedded, "show_prejoin_page": cfg.JitsiPrejoinPage,
	})
}

// externalAPI is Jitsi's own script in compatibility mode, else that of the plugin's archive, of which this double
// only says where it would be.
func (j *Jitsi) externalAPI(w http.ResponseWriter) {
	cfg := j.settings()
	w.Header().Set("Content-Type", "application/javascript")
	if !cfg.JitsiCompatibilityMode {
		fmt.Fprintln(w, "// The plugin's own copy of Jitsi's external_api.js.")
		return
	}
	response, err := http.Get(cfg.JitsiURL + "/external_api.js")
	if err != nil {
		j.server.Log().Error("jitsi: " + err.Error())
		http.Error(w, "Internal error", http.StatusInternalServerError)
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(w, response.Body)
}

func (j *Jitsi) startMeeting(w http.ResponseWriter, r *http.Request) {
	cfg := j.settings()
	user := j.user(w, r, &cfg)
	if user == nil {
		return
	}
	var request struct {
		ChannelID string `json:"channel_id"`
		Topic     string `json:"topic"`
		Context   struct {
			RootID string `json:"root_id"`
		} `json:"context"`
	}
	if json.NewDecoder(r.Body).Decode(&request) != nil {
		http.Error(w, "Unable to decode your request", http.StatusBadRequest)
		return
	}
	channel := j.server.Channel(request.ChannelID)
	if channel == nil || !j.server.IsMember(user.Id, channel) {
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	}
	meeting := j.newMeeting(cfg, user, channel, request.Topic)
	post, err := meeting.post(cfg, user, channel, request.Context.RootID)
	if err == nil {
		err = j.server.CreatePost(post)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	respond(w, map[string]string{"meeting_id": meeting.id})
}

// enrich puts the one who joins into a meeting's token.
func (j *Jitsi) enrich(w http.ResponseWriter, r *http.Request) {
	cfg := j.settings()
	user := j.user(w, r, &cfg)
	if user == nil {
		return
	}
	var request struct {
		JWT string `json:"jwt"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !cfg.JitsiJWT {
		http.Error(w, "Not authorized", http.StatusUnauthorized)
		return
	}
	claims, err := verified(cfg.JitsiAppSecret, request.JWT)
	if err != nil {
		http.Error(w, "Internal error", http.StatusInternalServerError)
		return
	}
	claims["context"] = map[string]any{"user": j.shown(user), "group": ""}
	respond(w, map[string]string{"jwt": signed(cfg.JitsiAppSecret, claims)})
}

// shown is a user as the meeting may see it.
func (j *Jitsi) shown(user *model.User) map[string]string {
	privacy := j.server.Config().PrivacySettings
	copied := *user
	if !*privacy.ShowFullName {
		copied.FirstName, copied.LastName = "", ""
	}
	if !*privacy.ShowEmailAddress {
		copied.Email = ""
	}
	site := *j.server.Config().ServiceSettings.SiteURL
	return map[string]string{
		"avatar": fmt.Sprintf("%s/api/v4/users/%s/image?_=%d", site, user.Id, user.LastPictureUpdate),
		"name":   copied.GetDisplayName(model.ShowNicknameFullName), "email": copied.Email, "id": user.Id,
	}
}
