package calls

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/mattermost/mattermost/server/public/shared/mlog"
	"github.com/mattermost/rtcd/service"
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
