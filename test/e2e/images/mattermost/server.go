package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/mux"
	"github.com/mattermost/mattermost/server/public/model"
)

type server struct {
	config  *configStore
	store   *store
	hub     *hub
	plugins *pluginHost
	license *model.License
	// Announced and not yet sent, by id.
	uploads sync.Map
}

var logOut io.Writer = os.Stdout

func logLine(level, message string) {
	line, _ := json.Marshal(map[string]string{
		"timestamp": time.Now().UTC().Format("2006-01-02 15:04:05.000 Z"),
		"level":     level,
		"msg":       message,
	})
	fmt.Fprintln(logOut, string(line))
}

func serve() error {
	env, err := readEnvironment()
	if err != nil {
		return err
	}
	config, err := openConfig(env)
	if err != nil {
		return err
	}
	cfg := config.get()
	if err := prepareFolders(cfg); err != nil {
		return err
	}
	logLine("info", fmt.Sprintf("This is a double of Mattermost %s (%s edition), for tests only.", version, edition))
	store, err := openStore(&cfg.SqlSettings)
	if err != nil {
		return err
	}
	defer store.db.Close()
	s := &server{config: config, store: store, hub: newHub(store)}
	s.readLicense()
	if s.plugins, err = newPluginHost(s); err != nil {
		return err
	}
	if err := s.syncPlugins(); err != nil {
		logLine("error", "Failed to sync plugins from the file store: "+err.Error())
	}
	return s.run()
}

// prepareFolders stops at a folder that the server could not write into. The real one only logs some of these
// and then fails users later.
func prepareFolders(cfg *model.Config) error {
	folders := []string{*cfg.FileSettings.Directory}
	if *cfg.PluginSettings.Enable {
		folders = append(folders, *cfg.PluginSettings.Directory, *cfg.PluginSettings.ClientDirectory)
	}
	for _, folder := range folders {
		if err := writable(folder); err != nil {
			return err
		}
	}
	if !*cfg.LogSettings.EnableFile {
		return nil
	}
	folder := *cfg.LogSettings.FileLocation
	if folder == "" {
		folder = "logs"
	}
	if err := writable(folder); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(folder, "mattermost.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	logOut = io.MultiWriter(os.Stdout, file)
	return nil
}

func writable(folder string) error {
	probe, err := os.CreateTemp(folder, ".probe-")
	if err != nil {
		return fmt.Errorf("the folder %s is not writable: %w", folder, err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

func (s *server) run() error {
	// As in the real server plugins are active before anybody can connect.
	s.plugins.sync()
	defer s.plugins.close()
	settings := s.config.get().ServiceSettings
	listener, err := net.Listen("tcp", *settings.ListenAddress)
	if err != nil {
		return fmt.Errorf("error starting server, err: %w", err)
	}
	web := &http.Server{Handler: s.publicRoutes()}
	failed := make(chan error, 3)
	go func() { failed <- web.Serve(listener) }()
	logLine("info", "Server is listening on "+listener.Addr().String())

	metrics, measured, err := s.metrics()
	if err != nil {
		return fmt.Errorf("error starting the metrics server, err: %w", err)
	}
	if metrics != nil {
		go func() { failed <- metrics.Serve(measured) }()
		defer metrics.Close()
	}

	local := &http.Server{Handler: s.localRoutes()}
	if *settings.EnableLocalMode {
		// A socket that a killed server left behind is in the way; the real server removes it too.
		socket := *settings.LocalModeSocketLocation
		if err := os.RemoveAll(socket); err != nil {
			return fmt.Errorf("error starting server, err: %w", err)
		}
		unix, err := net.Listen("unix", socket)
		if err != nil {
			return fmt.Errorf("error starting server, err: %w", err)
		}
		if err := os.Chmod(socket, 0o600); err != nil {
			return err
		}
		go func() { failed <- local.Serve(unix) }()
	}

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	select {
	case err := <-failed:
		if !errors.Is(err, http.ErrServerClosed) {
			return err
		}
	case <-signals:
	}
	logLine("info", "Stopping Server...")
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	_ = local.Close()
	s.hub.close()
	if web.Shutdown(ctx) != nil {
		_ = web.Close()
	}
	logLine("info", "Server stopped")
	return nil
}

// handler answers with a value, sent as JSON, or with the real server's form of an error.
type handler func(w http.ResponseWriter, r *http.Request) (any, *model.AppError)

func (s *server) handle(router *mux.Router, method, path string, h handler) {
	router.HandleFunc("/api/v4"+path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(model.HeaderVersionId, s.versionID())
		w.Header().Set(model.HeaderRequestId, model.NewId())
		w.Header().Set("Content-Type", "application/json")
		value, appErr := h(w, r)
		if appErr != nil {
			appErr.RequestId = w.Header().Get(model.HeaderRequestId)
			w.WriteHeader(appErr.StatusCode)
			_ = json.NewEncoder(w).Encode(appErr)
			return
		}
		if r.Method == http.MethodPost && created[path] {
			w.WriteHeader(http.StatusCreated)
		}
		_ = json.NewEncoder(w).Encode(value)
	}).Methods(method)
}

// The paths whose POST answers 201.
var created = map[string]bool{"/users": true, "/teams": true, "/teams/{id}/members": true, "/posts": true, "/plugins": true,
	"/channels/direct": true, "/files": true,
	"/uploads": true, "/jobs": true}

var statusOK = map[string]string{"status": "OK"}
