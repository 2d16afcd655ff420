package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"

	"github.com/mattermost/mattermost/server/public/model"
)

// configStore keeps what is in the file and, over it, what the environment says.
type configStore struct {
	mu     sync.RWMutex
	path   string
	env    map[string]string
	stored *model.Config
	laid   *model.Config
	// Called after each change, without the lock.
	changed func(old, next *model.Config)
}

func openConfig(env map[string]string) (*configStore, error) {
	path := env["MM_CONFIG"]
	if strings.HasPrefix(path, "postgres://") || strings.HasPrefix(path, "postgresql://") {
		return nil, errors.New("failed to load configuration: the double keeps its configuration in a file only")
	}
	if path == "" {
		path = "config.json"
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join("config", path)
	}
	store := &configStore{path: path, env: env}
	stored := &model.Config{}
	// Custom defaults fill what the file lacks; the real server too only warns about a bad file.
	if defaults := env["MM_CUSTOM_DEFAULTS_PATH"]; defaults != "" {
		text, err := os.ReadFile(defaults)
		if err == nil {
			err = json.Unmarshal(text, stored)
		}
		if err != nil {
			logLine("warn", "Error loading custom configuration defaults: "+err.Error())
			stored = &model.Config{}
		}
	}
	text, err := os.ReadFile(path)
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, stored)
	}
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("failed to load configuration: %s: %w", path, err)
	}
	// As in the real server: without this SetDefaults would take localhost for the site's address.
	if stored.ServiceSettings.SiteURL == nil {
		stored.ServiceSettings.SiteURL = model.NewPointer("")
	}
	stored.SetDefaults()
	laid := withEnvironment(stored, env)
	if appErr := laid.IsValid(); appErr != nil {
		return nil, fmt.Errorf("failed to load configuration: invalid config: %w", appErr)
	}
	// Stricter than the real server, which would look for a database of that default name on localhost.
	if *laid.SqlSettings.DataSource == model.SqlSettingsDefaultDataSource {
		return nil, errors.New("failed to load configuration: no database: MM_SQLSETTINGS_DATASOURCE is not set")
	}
	// Stricter again: the real server takes any word here.
	switch contents := *laid.EmailSettings.PushNotificationContents; contents {
	case model.GenericNoChannelNotification, model.GenericNotification, model.FullNotification, model.IdLoadedNotification:
	default:
		return nil, fmt.Errorf("failed to load configuration: EmailSettings.PushNotificationContents cannot be %q", contents)
	}
	store.stored, store.laid = stored, laid
	if err := store.write(); err != nil {
		return nil, fmt.Errorf("failed to load configuration: failed to persist: %w", err)
	}
	return store, nil
}

func (c *configStore) get() *model.Config {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.laid
}

func (c *configStore) write() error {
	saved := c.stored.Clone()
	saved.FeatureFlags = nil
	text, err := json.MarshalIndent(saved, "", "    ")
	if err != nil {
		return err
	}
	return os.WriteFile(c.path, text, 0o600)
}

// set replaces the configuration, as a whole, with what a client sent or a plugin's new state asks.
func (c *configStore) set(next *model.Config) *model.AppError {
	old := c.get()
	appErr := c.replace(next)
	if appErr == nil && c.changed != nil {
		c.changed(old, c.get())
	}
	return appErr
}

func (c *configStore) replace(next *model.Config) *model.AppError {
	c.mu.Lock()
	defer c.mu.Unlock()
	next = next.Clone()
	next.SetDefaults()
	unmask(reflect.ValueOf(next), reflect.ValueOf(c.laid))
	next = withEnvironment(next, c.env)
	if appErr := next.IsValid(); appErr != nil {
		return appErr
	}
	stored, laid := c.stored, c.laid
	c.stored, c.laid = withoutEnvironment(next, c.stored, c.env), next
	if err := c.write(); err != nil {
		c.stored, c.laid = stored, laid
		return model.NewAppError("saveConfig", "app.save_config.app_error", nil, err.Error(), http.StatusInternalServerError)
	}
	return nil
}

// patch lays the settings that are present in the JSON text over the configuration.
func (c *configStore) patch(text []byte) *model.AppError {
	next := c.get().Clone()
	if err := json.Unmarshal(text, next); err != nil {
		return model.NewAppError("patchConfig", "api.context.invalid_body_param.app_error", nil, err.Error(), http.StatusBadRequest)
	}
	return c.set(next)
}

// unmask puts the real value back wherever a client sent the row of asterisks that it had been shown.
func unmask(next, actual reflect.Value) {
	switch next.Kind() {
	case reflect.Pointer:
		if !next.IsNil() && !actual.IsNil() {
			unmask(next.Elem(), actual.Elem())
		}
	case reflect.Struct:
		for i := range next.NumField() {
			unmask(next.Field(i), actual.Field(i))
		}
	case reflect.Slice:
		for i := range min(next.Len(), actual.Len()) {
			unmask(next.Index(i), actual.Index(i))
		}
	case reflect.String:
		if next.String() == model.FakeSetting && next.CanSet() {
			next.SetString(actual.String())
		}
	}
}
