package calls

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"
	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/rtcd/service/rtc"
	"golang.org/x/time/rate"

	"muster/test/e2e/images/mattermost/plugin"
)

const idPattern = ":[a-z0-9]{26}}"

func (c *Calls) routes() *mux.Router {
	router := mux.NewRouter()
	router.HandleFunc("/version", c.version).Methods("GET")
	signedIn := router.NewRoute().Subrouter()
	signedIn.Use(c.onlySignedIn)
	signedIn.HandleFunc("/config", c.showConfig).Methods("GET")
	signedIn.HandleFunc("/env", c.showEnvironment).Methods("GET")
	signedIn.HandleFunc("/turn-credentials", c.turnCredentials).Methods("GET")
	signedIn.HandleFunc("/channels", c.allChannels).Methods("GET")
	signedIn.HandleFunc("/calls/{channel"+idPattern+"/active", c.active).Methods("GET")
	signedIn.HandleFunc("/calls/{channel"+idPattern+"/end", c.end).Methods("POST")
	signedIn.HandleFunc("/calls/{channel"+idPattern+"/host/end", c.end).Methods("POST")
	signedIn.HandleFunc("/{channel"+idPattern, c.channelState).Methods("GET")
	signedIn.HandleFunc("/{channel"+idPattern, c.switchChannel).Methods("POST")
	return router
}

func (c *Calls) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.router.ServeHTTP(w, r) }

// onlySignedIn also keeps to the real plugin's pace: one request a second and user, ten at once.
func (c *Calls) onlySignedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user := r.Header.Get(plugin.UserHeader)
		if user == "" {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		c.mu.Lock()
		limiter := c.limiters[user]
		if limiter == nil {
			limiter = rate.NewLimiter(1, 10)
			c.limiters[user] = limiter
		}
		c.mu.Unlock()
		if !limiter.Allow() {
			text := fmt.Sprintf(`{"message": "too many requests", "status_code": %d}`, http.StatusTooManyRequests)
			http.Error(w, text, http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func respond(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func respondStatus(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"message": message, "status_code": status})
}

func (c *Calls) version(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info := map[string]string{"version": Version, "build": "double"}
	if c.rtcdVersion.BuildVersion != "" {
		info["rtcd_version"], info["rtcd_build"] = c.rtcdVersion.BuildVersion, c.rtcdVersion.BuildHash
	}
	respond(w, info)
}

func (c *Calls) clientConfig(cfg *Config) ClientConfig {
	shown := cfg.ClientConfig
	shown.ICEServersConfigs = cfg.servers(true)
	shown.NeedsTURNCredentials = model.NewPointer(cfg.TURNStaticAuthSecret != "" && len(cfg.turnServers()) > 0)
	shown.EnableLiveCaptions, shown.EnableRinging = cfg.EnableLiveCaptions, cfg.EnableRinging
	shown.SkuShortName = "starter"
	if license := c.server.License(); license != nil {
		shown.SkuShortName = license.SkuShortName
	}
	shown.HostControlsAllowed, shown.GroupCallsAllowed = c.hostControlsAllowed(), c.groupCallsAllowed()
	return shown
}

func (c *Calls) showConfig(w http.ResponseWriter, r *http.Request) {
	cfg := *c.settings()
	shown := c.clientConfig(&cfg)
	if !c.isAdmin(r.Header.Get(plugin.UserHeader)) {
		respond(w, shown)
		return
	}
	cfg.ClientConfig = shown
	respond(w, cfg)
}

func (c *Calls) showEnvironment(w http.ResponseWriter, r *http.Request) {
	if !c.isAdmin(r.Header.Get(plugin.UserHeader)) {
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	}
	respond(w, overrides())
}

func (c *Calls) turnCredentials(w http.ResponseWriter, r *http.Request) {
	cfg := c.settings()
	servers := cfg.turnServers()
	user := c.server.User(r.Header.Get(plugin.UserHeader))
	switch {
	case cfg.TURNStaticAuthSecret == "":
		respondStatus(w, http.StatusForbidden, "TURNStaticAuthSecret should be set")
		return
	case len(servers) == 0:
		respondStatus(w, http.StatusForbidden, "No TURN server was configured")
		return
	case user == nil:
		respondStatus(w, http.StatusInternalServerError, "Unable to find the user.")
		return
	}
	made, err := rtc.GenTURNConfigs(servers, user.Username, cfg.TURNStaticAuthSecret, *cfg.TURNCredentialsExpirationMinutes)
	if err != nil {
		respondStatus(w, http.StatusInternalServerError, err.Error())
		return
	}
	respond(w, made)
}

// visibleChannel is the channel of the path, where the user may read it.
func (c *Calls) visibleChannel(w http.ResponseWriter, r *http.Request) string {
	channel := c.server.Channel(mux.Vars(r)["channel"])
	if channel == nil || !c.server.MayUse(r.Header.Get(plugin.UserHeader), channel) {
		http.Error(w, "Forbidden", http.StatusForbidden)
		return ""
	}
	return channel.Id
}

func (c *Calls) channelState(w http.ResponseWriter, r *http.Request) {
	id := c.visibleChannel(w, r)
	if id == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	on := c.enabled(id)
	if on == nil {
		on = c.config.DefaultEnabled
	}
	state := map[string]any{"channel_id": id, "enabled": *on}
	if one := c.calls[id]; one != nil {
		state["call"] = one.shown()
	}
	respond(w, state)
}

// allChannels lists the running calls that the user may see. The real plugin also lists channels that have been
// switched on or off and have no call.
func (c *Calls) allChannels(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	states := []any{}
	for id, one := range c.calls {
		if channel := c.server.Channel(id); channel == nil || !c.server.MayUse(r.Header.Get(plugin.UserHeader), channel) {
			continue
		}
		state := map[string]any{"channel_id": id, "call": one.shown()}
		if on := c.enabled(id); on != nil {
			state["enabled"] = *on
		}
		states = append(states, state)
	}
	respond(w, states)
}

func (c *Calls) active(w http.ResponseWriter, r *http.Request) {
	id := c.visibleChannel(w, r)
	if id == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	respond(w, map[string]bool{"active": c.calls[id] != nil})
}

// switchChannel is for administrators and, where calls are on by default, for both sides of a direct channel. The real
// plugin then lets a channel's and a team's administrators do it too; the double knows none of these.
func (c *Calls) switchChannel(w http.ResponseWriter, r *http.Request) {
	user := r.Header.Get(plugin.UserHeader)
	channel := c.server.Channel(mux.Vars(r)["channel"])
	direct := channel != nil && channel.Type == model.ChannelTypeDirect && c.server.IsMember(user, channel)
	if channel == nil || !c.isAdmin(user) && !(direct && *c.settings().DefaultEnabled) {
		respondStatus(w, http.StatusForbidden, "Forbidden")
		return
	}
	var asked struct {
		Enabled bool `json:"enabled"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		respondStatus(w, http.StatusBadRequest, err.Error())
		return
	}
	if err := c.server.Store(ID+"_channel_"+channel.Id, strconv.FormatBool(asked.Enabled)); err != nil {
		respondStatus(w, http.StatusInternalServerError, err.Error())
		return
	}
	event := map[bool]string{true: "channel_enable_voice", false: "channel_disable_voice"}[asked.Enabled]
	c.publish(event, map[string]any{}, model.WebsocketBroadcast{ChannelId: channel.Id})
	respond(w, map[string]any{"channel_id": channel.Id, "enabled": asked.Enabled})
}

// end asks clients to leave, and after a while puts those out who are still there.
func (c *Calls) end(w http.ResponseWriter, r *http.Request) {
	user := r.Header.Get(plugin.UserHeader)
	c.mu.Lock()
	one := c.calls[mux.Vars(r)["channel"]]
	allowed := one != nil && (user == one.host || c.isAdmin(user))
	c.mu.Unlock()
	if one == nil {
		respondStatus(w, http.StatusBadRequest, "no call ongoing")
		return
	}
	if !allowed {
		respondStatus(w, http.StatusBadRequest, "no permissions")
		return
	}
	c.publish("call_end", map[string]any{}, model.WebsocketBroadcast{ChannelId: one.channel})
	time.AfterFunc(5*time.Second, func() {
		c.mu.Lock()
		var left []*session
		for _, s := range c.sessions {
			if s.callID == one.id {
				left = append(left, s)
			}
		}
		c.mu.Unlock()
		for _, s := range left {
			s.left.fire()
		}
	})
	respondStatus(w, http.StatusOK, "success")
}
