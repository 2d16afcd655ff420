// Package calls is a double of the Calls plugin, 1.11.6, around the real plugin's own media server: rtcd's package
// for calls inside the chat server, and rtcd's client for calls on an rtcd of their own. Settings, environment,
// limits, licence checks, HTTP paths and messages are the real plugin's; recordings, transcriptions and slash
// commands are left out, and what the real one keeps in the database about running calls is in memory here.
package calls

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/rtcd/service/rtc"

	"muster/test/e2e/images/mattermost/plugin"
)

// ID and Version are the plugin's.
const (
	ID      = model.PluginIdCalls
	Version = "1.11.6"
)

// Config has the real plugin's settings under their own names, which the environment and GET /config go by.
type Config struct {
	ICEHostOverride                      string
	ICEHostPortOverride                  *int
	UDPServerAddress                     string
	TCPServerAddress                     string
	UDPServerPort                        *int
	TCPServerPort                        *int
	RTCDServiceURL                       string
	TURNStaticAuthSecret                 string
	TURNCredentialsExpirationMinutes     *int
	ServerSideTURN                       *bool
	JobServiceURL                        string
	RecordingQuality                     string
	EnableIPv6                           *bool
	EnableRinging                        *bool
	TranscriberModelSize                 string
	TranscribeAPI                        string
	TranscribeAPIAzureSpeechKey          string
	TranscribeAPIAzureSpeechRegion       string
	TranscriberNumThreads                *int
	EnableLiveCaptions                   *bool
	LiveCaptionsModelSize                string
	LiveCaptionsNumTranscribers          *int
	LiveCaptionsNumThreadsPerTranscriber *int
	LiveCaptionsLanguage                 string

	ClientConfig
}

// ClientConfig is what every user may see.
type ClientConfig struct {
	ICEServers           iceURLs
	ICEServersConfigs    iceServers
	AllowEnableCalls     *bool
	DefaultEnabled       *bool
	MaxCallParticipants  *int
	NeedsTURNCredentials *bool
	AllowScreenSharing   *bool
	EnableRecordings     *bool
	EnableTranscriptions *bool
	EnableLiveCaptions   *bool
	MaxRecordingDuration *int
	EnableSimulcast      *bool
	EnableRinging        *bool
	SkuShortName         string `json:"sku_short_name"`
	HostControlsAllowed  bool
	EnableAV1            *bool
	GroupCallsAllowed    bool
	EnableDCSignaling    *bool
}

// The manifest's defaults. Its public STUN server is asked for the server's address, and by clients for theirs, unless
// other servers are set.
var defaults = map[string]any{
	"UDPServerPort": 8443, "TCPServerPort": 8443, "MaxCallParticipants": 0,
	"TURNCredentialsExpirationMinutes": 240, "ServerSideTURN": false, "AllowScreenSharing": true,
	"ICEServersConfigs": `[{"urls":["stun:stun.global.calls.mattermost.com:3478"]}]`,
	"EnableSimulcast":   false, "EnableRecordings": false, "MaxRecordingDuration": 60, "RecordingQuality": "medium",
	"EnableTranscriptions": false, "TranscribeAPI": "whisper.cpp", "TranscriberModelSize": "base",
	"TranscriberNumThreads": 2, "EnableLiveCaptions": false, "LiveCaptionsModelSize": "tiny",
	"LiveCaptionsNumTranscribers": 1, "LiveCaptionsNumThreadsPerTranscriber": 2, "LiveCaptionsLanguage": "en",
	"EnableIPv6": false, "EnableRinging": false, "EnableAV1": false, "EnableDCSignaling": false,
}

// In the configuration file these are text in text; only the environment has them bare.
type (
	iceURLs    []string
	iceServers rtc.ICEServers
)

func (urls *iceURLs) UnmarshalJSON(text []byte) error {
	var list string
	if err := json.Unmarshal(text, &list); err != nil || list == "" {
		return err
	}
	*urls = strings.Split(strings.TrimSpace(list), ",")
	return nil
}

func (servers *iceServers) UnmarshalJSON(text []byte) error {
	var list string
	if err := json.Unmarshal(text, &list); err != nil || list == "" {
		return err
	}
	return json.Unmarshal([]byte(list), (*rtc.ICEServers)(servers))
}

// load reads the settings and lays the environment over them.
func load(server plugin.Server) (*Config, error) {
	cfg := &Config{}
	if err := plugin.LoadSettings(server, ID, defaults, cfg); err != nil {
		return nil, fmt.Errorf("loadConfig: failed to load plugin configuration: %w", err)
	}
	if cfg.DefaultEnabled == nil {
		cfg.DefaultEnabled = model.NewPointer(false)
	}
	if err := withEnvironment(cfg); err != nil {
		return nil, err
	}
	cfg.AllowEnableCalls = model.NewPointer(true)
	for _, text := range []*string{&cfg.ICEHostOverride, &cfg.UDPServerAddress, &cfg.TCPServerAddress, &cfg.RTCDServiceURL, &cfg.JobServiceURL} {
		*text = strings.TrimSpace(*text)
	}
	return cfg, cfg.isValid()
}

// A port out of this range is refused, by the plugin and by rtcd alike.
func validPort(name string, port int) error {
	if port < 80 || port > 49151 {
		return fmt.Errorf("%s is not valid: %d is not in allowed range [80, 49151]", name, port)
	}
	return nil
}

func (c *Config) isValid() error {
	for name, address := range map[string]string{"UDPServerAddress": c.UDPServerAddress, "TCPServerAddress": c.TCPServerAddress} {
		if address != "" && net.ParseIP(address) == nil {
			return fmt.Errorf("%s parsing failed", name)
		}
	}
	for name, port := range map[string]*int{"UDPServerPort": c.UDPServerPort, "TCPServerPort": c.TCPServerPort} {
		if port == nil {
			return fmt.Errorf("%s should not be nil", name)
		}
		if err := validPort(name, *port); err != nil {
			return err
		}
	}
	if override := c.ICEHostPortOverride; override != nil && *override != 0 {
		if err := validPort("ICEHostPortOverride", *override); err != nil {
			return err
		}
	}
	if c.MaxCallParticipants == nil || *c.MaxCallParticipants < 0 {
		return fmt.Errorf("MaxCallParticipants is not valid")
	}
	if *c.TURNCredentialsExpirationMinutes < 0 {
		return fmt.Errorf("TURNCredentialsExpirationMinutes is not valid")
	}
	if c.MaxRecordingDuration == nil || *c.MaxRecordingDuration < 15 || *c.MaxRecordingDuration > 180 {
		return fmt.Errorf("MaxRecordingDuration is not valid: range should be [15, 180]")
	}
	return nil
}

func (c *Config) rtcdURL() string {
	for _, name := range []string{"MM_CALLS_RTCD_SERVICE_URL", "MM_CALLS_RTCD_URL"} {
		if url := os.Getenv(name); url != "" {
			return url
		}
	}
	return c.RTCDServiceURL
}

// servers are those to use; a client is not shown those that it must ask credentials for.
func (c *Config) servers(forClient bool) iceServers {
	var found iceServers
	for _, server := range c.ICEServersConfigs {
		if !forClient || !needsCredentials(server) {
			found = append(found, server)
		}
	}
	if len(c.ICEServers) > 0 {
		found = append(found, rtc.ICEServerConfig{URLs: c.ICEServers})
	}
	return found
}

func needsCredentials(server rtc.ICEServerConfig) bool {
	return server.IsTURN() && server.Username == "" && server.Credential == ""
}

func (c *Config) turnServers() rtc.ICEServers {
	var found rtc.ICEServers
	for _, server := range c.ICEServersConfigs {
		if needsCredentials(server) {
			found = append(found, server)
		}
	}
	return found
}
