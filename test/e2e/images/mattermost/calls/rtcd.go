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
	"sync"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
	"github.com/mattermost/rtcd/service"
	"github.com/mattermost/rtcd/service/random"
	"github.com/mattermost/rtcd/service/rtc"
)

// The real plugin's numbers.
const (
	minimumRTCD    = "v0.17.0"
	rtcdConfigKey  = ID + "_rtcd_config"
	maxReconnects  = 8
	resolveTimeout = 2 * time.Second
	dialTimeout    = 4 * time.Second
	hostInterval   = 10 * time.Second
	maxJitter      = 5 * time.Second
)

var errReplaced = errors.New("client replaced")

// manager keeps a connection to each address that rtcd's name stands for.
type manager struct {
	calls     *Calls
	url, port string
	done      chan struct{}

	mu    sync.Mutex
	hosts map[string]*rtcdHost
}

type rtcdHost struct {
	client  *service.Client
	flagged bool // no longer named by DNS: no new calls
}

func newManager(c *Calls, rtcdURL string) (*manager, error) {
	m := &manager{calls: c, url: strings.TrimSuffix(rtcdURL, "/"), done: make(chan struct{}), hosts: map[string]*rtcdHost{}}
	addresses, err := m.resolve()
	if err != nil {
		return nil, fmt.Errorf("failed to resolve URL: %w", err)
	}
	for _, address := range addresses {
		if err := m.connect(address); err != nil {
			m.close()
			return nil, err
		}
	}
	go m.watch()
	return m, nil
}

func (m *manager) resolve() ([]string, error) {
	parsed, err := url.Parse(m.url)
	if err != nil {
		return nil, fmt.Errorf("failed to parse url: %w", err)
	}
	host, port, err := net.SplitHostPort(parsed.Host)
	if err != nil {
		return nil, fmt.Errorf("failed to split host/port: %w", err)
	}
	m.port = port
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupIP(ctx, "ip4", host)
	if err != nil {
		return nil, fmt.Errorf("failed to lookup ips: %w", err)
	}
	var addresses []string
	for _, ip := range found {
		addresses = append(addresses, ip.String())
	}
	return addresses, nil
}

// watch follows the name: an rtcd that was made anew may have another address.
func (m *manager) watch() {
	ticker := time.NewTicker(hostInterval)
	defer ticker.Stop()
	for {
		select {
		case <-m.done:
			return
		case <-ticker.C:
		}
		addresses, err := m.resolve()
		if err != nil {
			m.calls.log.Warn("calls: failed to resolve URL: " + err.Error())
			continue
		}
		named := map[string]bool{}
		for _, address := range addresses {
			named[address] = true
		}
		m.mu.Lock()
		for address, host := range m.hosts {
			host.flagged = !named[address]
			delete(named, address)
		}
		m.mu.Unlock()
		for address := range named {
			time.Sleep(rand.N(maxJitter))
			if err := m.connect(address); err != nil {
				m.calls.log.Error("calls: failed to create new client: "+err.Error(), mlog.String("host", address))
			}
		}
	}
}

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

func (m *manager) connect(address string) error {
	cfg, err := m.clientConfig()
	if err != nil {
		return fmt.Errorf("failed to get rtcd client config: %w", err)
	}
	client, err := m.register(cfg, address)
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.hosts[address] = &rtcdHost{client: client}
	m.mu.Unlock()
	go m.read(client)
	return nil
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

// hostForNewCall is the connected host with the least load.
func (m *manager) hostForNewCall() (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	best, load := "", 0.0
	for address, host := range m.hosts {
		if host.flagged || !host.client.Connected() {
			continue
		}
		info, err := host.client.GetSystemInfo()
		if best == "" || err == nil && info.CPULoad < load {
			best, load = address, info.CPULoad
		}
	}
	if best == "" {
		return "", errors.New("no host available")
	}
	return best, nil
}

func (m *manager) send(message service.ClientMessage, address string) error {
	m.mu.Lock()
	host := m.hosts[address]
	m.mu.Unlock()
	if host == nil {
		return fmt.Errorf("no client for host %q", address)
	}
	return host.client.Send(message)
}

func (m *manager) read(client *service.Client) {
	go func() {
		for err := range client.ErrorCh() {
			m.calls.log.Warn("calls: rtcd: " + err.Error())
		}
	}()
	for message := range client.ReceiveCh() {
		switch data := message.Data.(type) {
		case rtc.Message:
			m.calls.fromMedia(data)
		case map[string]string:
			if message.Type == service.ClientMessageClose {
				m.calls.mediaClosed(data["sessionID"])
			}
		}
	}
}

func (m *manager) close() {
	close(m.done)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, host := range m.hosts {
		_ = host.client.Close()
	}
}
