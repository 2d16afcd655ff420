package calls

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"

	"github.com/gorilla/mux"
	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
	"github.com/mattermost/rtcd/service"
	"github.com/mattermost/rtcd/service/perf"
	"github.com/mattermost/rtcd/service/rtc"
	"golang.org/x/time/rate"

	"muster/test/e2e/images/mattermost/plugin"
)

// Calls is the plugin. Where calls take place is decided once, when it is activated: here or on an rtcd.
type Calls struct {
	server plugin.Server
	log    *mlog.Logger
	router *mux.Router
	stop   chan struct{}

	metrics   *perf.Metrics
	rtcServer *rtc.Server
	rtcd      *manager

	mu          sync.Mutex
	config      *Config
	calls       map[string]*call // by channel
	sessions    map[string]*session
	limiters    map[string]*rate.Limiter
	rtcdVersion service.VersionInfo
}

// New makes the plugin, not active yet.
func New(server plugin.Server) *Calls {
	c := &Calls{server: server, log: server.Log(), stop: make(chan struct{}), calls: map[string]*call{},
		sessions: map[string]*session{}, limiters: map[string]*rate.Limiter{},
		metrics: perf.NewMetrics("mattermost_plugin_calls", nil)}
	c.router = c.routes()
	return c
}

// Activate starts the media server or connects to rtcd. What fails here stays failed: nothing tries it again.
func (c *Calls) Activate() error {
	if os.Getenv("MM_CALLS_DISABLE") == "true" {
		return errors.New("disabled by environment flag")
	}
	cfg, err := load(c.server)
	if err != nil {
		return err
	}
	c.config = cfg
	if url := cfg.rtcdURL(); url != "" && c.rtcdAllowed() {
		if c.rtcd, err = newManager(c, url); err != nil {
			return fmt.Errorf("failed to create rtcd manager: %w", err)
		}
		c.log.Info("calls: rtcd client manager initialized successfully")
		return nil
	} else if url != "" {
		c.log.Warn("calls: RTCDServiceURL is set but the license doesn't allow it: calls stay in this server")
	}
	serverConfig := rtc.ServerConfig{
		ICEAddressUDP:   rtc.ICEAddress(cfg.UDPServerAddress),
		ICEAddressTCP:   rtc.ICEAddress(cfg.TCPServerAddress),
		ICEPortUDP:      *cfg.UDPServerPort,
		ICEPortTCP:      *cfg.TCPServerPort,
		ICEHostOverride: cfg.ICEHostOverride,
		ICEServers:      rtc.ICEServers(cfg.servers(false)),
		TURNConfig:      rtc.TURNConfig{CredentialsExpirationMinutes: *cfg.TURNCredentialsExpirationMinutes},
		EnableIPv6:      *cfg.EnableIPv6,
		UDPSocketsCount: runtime.NumCPU(),
	}
	if *cfg.ServerSideTURN {
		serverConfig.TURNConfig.StaticAuthSecret = cfg.TURNStaticAuthSecret
	}
	if cfg.ICEHostPortOverride != nil {
		serverConfig.ICEHostPortOverride = rtc.ICEHostPortOverride(strconv.Itoa(*cfg.ICEHostPortOverride))
	}
	rtcServer, err := rtc.NewServer(serverConfig, c.log, c.metrics)
	if err != nil {
		return err
	}
	if err := rtcServer.Start(); err != nil {
		return err
	}
	c.rtcServer = rtcServer
	go c.relay()
	return nil
}

// ServeMetrics says what the media server counts; with an rtcd, that one does.
func (c *Calls) ServeMetrics(w http.ResponseWriter, r *http.Request) {
	c.metrics.Handler().ServeHTTP(w, r)
}

// relay passes on what the media server says to clients.
func (c *Calls) relay() {
	for {
		select {
		case message, open := <-c.rtcServer.ReceiveCh():
			if !open {
				return
			}
			c.fromMedia(message)
		case <-c.stop:
			return
		}
	}
}

// Deactivate ends all calls. The real plugin waits for clients to leave, and its server for ten seconds at most.
func (c *Calls) Deactivate() {
	close(c.stop)
	c.mu.Lock()
	sessions := make([]*session, 0, len(c.sessions))
	for _, s := range c.sessions {
		sessions = append(sessions, s)
	}
	c.mu.Unlock()
	for _, s := range sessions {
		c.closeMedia(s)
		c.removeSession(s)
	}
	if c.rtcd != nil {
		c.rtcd.close()
	}
	if c.rtcServer != nil {
		if err := c.rtcServer.Stop(); err != nil {
			c.log.Error("calls: " + err.Error())
		}
	}
}

// ConfigurationChanged takes over what counts from the next call on; ports and rtcd stay as they were.
func (c *Calls) ConfigurationChanged() {
	cfg, err := load(c.server)
	if err != nil {
		c.log.Error("calls: OnConfigurationChange: " + err.Error())
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.config = cfg
}

func (c *Calls) settings() *Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.config
}

// A licence counts by its name or, where that is unknown, by a feature; a server for developers has everything.
func (c *Calls) licensed(names []string, feature func(*model.Features) *bool) bool {
	if license := c.server.License(); license != nil {
		known := false
		for _, name := range []string{"professional", "enterprise", "advanced"} {
			known = known || license.SkuShortName == name
		}
		for _, name := range names {
			if license.SkuShortName == name {
				return true
			}
		}
		if on := license.Features; !known && on != nil && feature(on) != nil && *feature(on) {
			return true
		}
	}
	settings := c.server.Config().ServiceSettings
	return *settings.EnableTesting && *settings.EnableDeveloper
}

func (c *Calls) rtcdAllowed() bool {
	return c.licensed([]string{"enterprise", "advanced"}, func(f *model.Features) *bool { return f.FutureFeatures })
}

func (c *Calls) hostControlsAllowed() bool {
	return c.licensed([]string{"professional", "enterprise", "advanced"}, func(f *model.Features) *bool { return f.LDAP })
}

func (c *Calls) groupCallsAllowed() bool {
	return c.hostControlsAllowed() || os.Getenv("MM_CALLS_GROUP_CALLS_ALLOWED") == "true"
}
