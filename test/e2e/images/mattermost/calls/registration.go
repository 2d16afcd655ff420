package calls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/mattermost/rtcd/service"
	"github.com/mattermost/rtcd/service/random"
)

// clientConfig takes the name and key from the environment, else from the URL, else makes and keeps a key.
func (m *manager) clientConfig() (service.ClientConfig, error) {
	cfg := service.ClientConfig{ReconnectInterval: rand.N(maxJitter) + time.Millisecond,
		ClientID: os.Getenv("MM_CLOUD_INSTALLATION_ID"), AuthKey: os.Getenv("MM_CALLS_RTCD_AUTH_KEY")}
	if cfg.ClientID == "" {
		cfg.ClientID = os.Getenv("MM_CALLS_RTCD_CLIENT_ID")
	}
	parsed, err := url.Parse(m.url)
	if err != nil {
		return cfg, fmt.Errorf("failed to parse URL: %w", err)
	}
	if cfg.ClientID == "" && cfg.AuthKey == "" {
		cfg.ClientID = parsed.User.Username()
		cfg.AuthKey, _ = parsed.User.Password()
	}
	parsed.User = nil
	cfg.URL = parsed.String()
	if cfg.ClientID == "" {
		cfg.ClientID = m.calls.server.DiagnosticID()
	}
	if cfg.AuthKey != "" {
		return cfg, nil
	}
	var stored service.ClientConfig
	if text, err := m.calls.server.Load(rtcdConfigKey); err != nil {
		return cfg, fmt.Errorf("failed to get stored rtcd config: %w", err)
	} else if text != "" {
		if err := json.Unmarshal([]byte(text), &stored); err != nil {
			return cfg, err
		}
	}
	cfg.AuthKey = stored.AuthKey
	if cfg.AuthKey == "" {
		cfg.AuthKey, err = random.NewSecureString(32)
	}
	return cfg, err
}

// register connects and, where rtcd does not know this client (yet, or any more), registers first.
func (m *manager) register(cfg service.ClientConfig, address string) (*service.Client, error) {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, net.JoinHostPort(address, m.port))
	}
	reconnect := func(_ *service.Client, attempt int) error { return m.reconnect(cfg, address, attempt) }
	client, err := service.NewClient(cfg, service.WithClientReconnectCb(reconnect), service.WithDialFunc(dial))
	if err != nil {
		return nil, fmt.Errorf("failed to create rtcd client: %w", err)
	}
	if err := client.Connect(); err != nil {
		m.calls.log.Warn("calls: failed to connect rtcd client: " + err.Error())
		if err := client.Register(cfg.ClientID, cfg.AuthKey); err != nil {
			_ = client.Close()
			return nil, fmt.Errorf("failed to register rtcd client: %w", err)
		}
		text, _ := json.Marshal(cfg)
		if err := errors.Join(m.calls.server.Store(rtcdConfigKey, string(text)), client.Connect()); err != nil {
			_ = client.Close()
			return nil, err
		}
		m.calls.log.Info("calls: rtcd client registered successfully")
	}
	if err := m.checkVersion(client); err != nil {
		_ = client.Close()
		return nil, fmt.Errorf("version compatibility check failed: %w", err)
	}
	return client, nil
}

// reconnect replaces a client whose rtcd went away and came back, having forgotten it perhaps.
func (m *manager) reconnect(cfg service.ClientConfig, address string, attempt int) error {
	m.mu.Lock()
	host := m.hosts[address]
	if attempt >= maxReconnects || host == nil || host.flagged {
		delete(m.hosts, address)
		m.mu.Unlock()
		return errors.New("max reconnection attempts reached or host gone, removing client")
	}
	m.mu.Unlock()
	client, err := m.register(cfg, address)
	if err != nil {
		m.calls.log.Warn("calls: failed to register client: " + err.Error())
		return nil
	}
	m.mu.Lock()
	m.hosts[address] = &rtcdHost{client: client}
	m.mu.Unlock()
	go m.read(client)
	return errReplaced
}

func (m *manager) checkVersion(client *service.Client) error {
	info, err := client.GetVersionInfo()
	if err != nil {
		return fmt.Errorf("failed to get rtcd version info: %w", err)
	}
	m.calls.mu.Lock()
	m.calls.rtcdVersion = info
	m.calls.mu.Unlock()
	if v := info.BuildVersion; v == "" || v == "master" || strings.HasPrefix(v, "dev") {
		return nil
	}
	current, err := semver.NewVersion(info.BuildVersion)
	if err != nil {
		return fmt.Errorf("failed to parse currVersion: %w", err)
	}
	if current.LessThan(semver.MustParse(minimumRTCD)) {
		return fmt.Errorf("current version (%s) is lower than minimum supported version (%s)", info.BuildVersion, minimumRTCD)
	}
	return nil
}
