package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/gorilla/mux"
	"github.com/mattermost/logr/v2"
	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/shared/mlog"

	"muster/test/e2e/images/mattermost/calls"
	"muster/test/e2e/images/mattermost/jitsi"
	"muster/test/e2e/images/mattermost/plugin"
)

var doubles = map[string]func(plugin.Server) plugin.Plugin{
	calls.ID: func(server plugin.Server) plugin.Plugin { return calls.New(server) },
	jitsi.ID: func(server plugin.Server) plugin.Plugin { return jitsi.New(server) },
}

// pluginHost runs the doubles of plugins that are installed and enabled. Of a plugin without a double there is
// nothing to run: it counts as active.
type pluginHost struct {
	server     *server
	log        *mlog.Logger
	diagnostic string

	syncing sync.Mutex // one change at a time
	mu      sync.RWMutex
	active  map[string]plugin.Plugin // nil for a plugin without a double
}

func newPluginHost(s *server) (*pluginHost, error) {
	host := &pluginHost{server: s, active: map[string]plugin.Plugin{}}
	// The real plugins' servers write through the chat server's log, in its form.
	levels := []mlog.Level{mlog.LvlError, mlog.LvlWarn, mlog.LvlInfo}
	if strings.EqualFold(*s.config.get().LogSettings.ConsoleLevel, "debug") {
		levels = append(levels, mlog.LvlDebug)
	}
	var err error
	if host.log, err = mlog.NewLogger(); err != nil {
		return nil, err
	}
	err = host.log.ConfigureTargets(mlog.LoggerConfiguration{"console": mlog.TargetCfg{
		Type: "console", Options: json.RawMessage(`{"out": "stdout"}`), Format: "json", Levels: []logr.Level(levels), MaxQueueSize: 1000,
	}}, nil)
	if err != nil {
		return nil, err
	}
	if host.diagnostic, err = s.store.system("DiagnosticId"); err == nil && host.diagnostic == "" {
		host.diagnostic = model.NewId()
		err = s.store.setSystem("DiagnosticId", host.diagnostic)
	}
	s.config.changed = func(old, next *model.Config) {
		if !reflect.DeepEqual(old.PluginSettings, next.PluginSettings) {
			host.sync()
		}
		host.each(func(p plugin.Plugin) { p.ConfigurationChanged() })
	}
	return host, err
}

// sync starts and stops what is to run. What failed to start is only tried again when a change brings it here.
func (h *pluginHost) sync() {
	h.syncing.Lock()
	defer h.syncing.Unlock()
	wanted := map[string]bool{}
	if *h.server.config.get().PluginSettings.Enable {
		manifests, err := h.server.installed()
		if err != nil {
			logLine("error", "Failed to list plugins: "+err.Error())
			return
		}
		for _, manifest := range manifests {
			wanted[manifest.Id] = h.server.enabled(manifest.Id)
		}
	}
	for id := range h.snapshot() {
		if !wanted[id] {
			h.stop(id)
		}
	}
	for id, on := range wanted {
		if !on || h.isActive(id) {
			continue
		}
		var started plugin.Plugin
		if double := doubles[id]; double != nil {
			started = double(h)
			if err := started.Activate(); err != nil {
				logLine("error", fmt.Sprintf("Unable to activate plugin %s: %v", id, err))
				continue
			}
		}
		h.mu.Lock()
		h.active[id] = started
		h.mu.Unlock()
		logLine("info", "Plugin "+id+" is active.")
	}
}

func (h *pluginHost) stop(id string) {
	h.mu.Lock()
	running, was := h.active[id]
	delete(h.active, id)
	h.mu.Unlock()
	if running != nil {
		running.Deactivate()
	}
	if was {
		logLine("info", "Plugin "+id+" is no longer active.")
	}
}

func (h *pluginHost) close() {
	h.syncing.Lock()
	defer h.syncing.Unlock()
	for id := range h.snapshot() {
		h.stop(id)
	}
	_ = h.log.Flush()
}

func (h *pluginHost) snapshot() map[string]plugin.Plugin {
	h.mu.RLock()
	defer h.mu.RUnlock()
	copied := map[string]plugin.Plugin{}
	for id, running := range h.active {
		copied[id] = running
	}
	return copied
}

func (h *pluginHost) isActive(id string) bool {
	_, active := h.snapshot()[id]
	return active
}

func (h *pluginHost) each(do func(plugin.Plugin)) {
	for _, running := range h.snapshot() {
		if running != nil {
			do(running)
		}
	}
}

func (h *pluginHost) disconnected(connection string) {
	h.each(func(p plugin.Plugin) { p.Disconnected(connection) })
}

func (h *pluginHost) messagePosted(c *connection, request *model.WebSocketRequest) {
	for id, running := range h.snapshot() {
		if running != nil && strings.HasPrefix(request.Action, pluginActionPrefix+id+"_") {
			running.MessagePosted(c.id, c.user, c.token, request)
		}
	}
}

// serve hands a request to an active plugin, which learns from the server alone who is signed in.
func (h *pluginHost) serve(w http.ResponseWriter, r *http.Request) {
	id := mux.Vars(r)["id"]
	running := h.snapshot()[id]
	if running == nil {
		http.NotFound(w, r)
		return
	}
	inner := r.Clone(r.Context())
	inner.Header.Del(plugin.UserHeader)
	if user := h.server.userOfToken(tokenOf(r)); user != nil {
		inner.Header.Set(plugin.UserHeader, user.Id)
	}
	http.StripPrefix("/plugins/"+id, running).ServeHTTP(w, inner)
}
