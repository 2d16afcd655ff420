package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/gorilla/mux"
	"github.com/mattermost/mattermost/server/public/model"

	"muster/test/e2e/images/mattermost/calls"
)

// Like the real server this keeps a plugin's bundle in the file store (data/plugins/ID.tar.gz), unpacks it into
// the plugins folder when it comes and at every start, and keeps only whether it is enabled in the
// configuration. It never runs a plugin's programs: those that it has a double of run as that (pluginhost.go).

// The real image brings this one along and installs it at the first start, where it is enabled by default.
var prepackaged = &model.Manifest{Id: calls.ID, Name: "Calls", Version: calls.Version}

func (s *server) pluginRoutes(router *mux.Router) {
	s.handle(router, "GET", "/plugins", s.withPlugins(s.listPlugins))
	s.handle(router, "POST", "/plugins", s.uploadPlugin)
	s.handle(router, "DELETE", "/plugins/{id}", s.withPlugins(s.removePlugin))
	s.handle(router, "POST", "/plugins/{id}/enable", s.withPlugins(s.switchPlugin(true)))
	s.handle(router, "POST", "/plugins/{id}/disable", s.withPlugins(s.switchPlugin(false)))
}

func (s *server) withPlugins(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) (any, *model.AppError) {
		if !*s.config.get().PluginSettings.Enable {
			return nil, appError("app.plugin.disabled.app_error", http.StatusNotImplemented)
		}
		return h(w, r)
	}
}

func (s *server) bundlePath(id string) string {
	return filepath.Join(*s.config.get().FileSettings.Directory, "plugins", id+".tar.gz")
}

func (s *server) installed() ([]*model.Manifest, error) {
	settings := s.config.get().PluginSettings
	entries, err := os.ReadDir(*settings.Directory)
	if err != nil {
		return nil, err
	}
	var found []*model.Manifest
	for _, entry := range entries {
		if manifest, _, err := model.FindManifest(filepath.Join(*settings.Directory, entry.Name())); err == nil {
			found = append(found, manifest)
		}
	}
	known := settings.PluginStates[prepackaged.Id] != nil
	if *settings.AutomaticPrepackagedPlugins && known && find(found, prepackaged.Id) == nil {
		found = append(found, prepackaged)
	}
	return found, nil
}

func find(manifests []*model.Manifest, id string) *model.Manifest {
	for _, manifest := range manifests {
		if manifest.Id == id {
			return manifest
		}
	}
	return nil
}

func (s *server) enabled(id string) bool {
	state := s.config.get().PluginSettings.PluginStates[id]
	return state != nil && state.Enable
}

func (s *server) listPlugins(http.ResponseWriter, *http.Request) (any, *model.AppError) {
	manifests, err := s.installed()
	reply := &model.PluginsResponse{Active: []*model.PluginInfo{}, Inactive: []*model.PluginInfo{}}
	for _, manifest := range manifests {
		info := &model.PluginInfo{Manifest: *manifest}
		if s.plugins.isActive(manifest.Id) {
			reply.Active = append(reply.Active, info)
		} else {
			reply.Inactive = append(reply.Inactive, info)
		}
	}
	return answer(reply, err)
}

func (s *server) uploadPlugin(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	settings := s.config.get().PluginSettings
	if !*settings.Enable || !*settings.EnableUploads || *settings.RequirePluginSignature {
		return nil, appError("app.plugin.upload_disabled.app_error", http.StatusNotImplemented)
	}
	file, _, err := r.FormFile("plugin")
	if err != nil {
		return nil, badRequest("api.plugin.upload.no_file.app_error")
	}
	bundle, err := io.ReadAll(file)
	if err != nil {
		return nil, badRequest("api.plugin.upload.file.app_error")
	}
	manifest, appErr := s.unpack(bundle, r.FormValue("force") == "true")
	if appErr != nil {
		return nil, appErr
	}
	path := s.bundlePath(manifest.Id)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, internal(err)
	}
	err = os.WriteFile(path, bundle, 0o600)
	s.plugins.stop(manifest.Id)
	s.plugins.sync()
	return answer(manifest, err)
}

// unpack puts a bundle into the plugins folder, by way of a temporary folder as in the real server.
func (s *server) unpack(bundle []byte, force bool) (*model.Manifest, *model.AppError) {
	temporary, err := os.MkdirTemp(*s.config.get().PluginSettings.Directory, ".plugintmp")
	if err != nil {
		return nil, internal(err)
	}
	defer os.RemoveAll(temporary)
	if err := extract(bundle, temporary); err != nil {
		return nil, model.NewAppError("", "app.plugin.extract.app_error", nil, err.Error(), http.StatusBadRequest)
	}
	root := temporary
	if entries, _ := os.ReadDir(temporary); len(entries) == 1 && entries[0].IsDir() {
		root = filepath.Join(temporary, entries[0].Name())
	}
	manifest, _, err := model.FindManifest(root)
	if err != nil {
		return nil, model.NewAppError("", "app.plugin.manifest.app_error", nil, err.Error(), http.StatusBadRequest)
	}
	if !model.IsValidPluginId(manifest.Id) {
		return nil, badRequest("app.plugin.invalid_id.app_error")
	}
	manifests, err := s.installed()
	if err != nil {
		return nil, internal(err)
	}
	if find(manifests, manifest.Id) != nil && !force {
		return nil, badRequest("app.plugin.install_id.app_error")
	}
	home := filepath.Join(*s.config.get().PluginSettings.Directory, manifest.Id)
	if err := errors.Join(os.RemoveAll(home), os.Rename(root, home)); err != nil {
		return nil, internal(err)
	}
	return manifest, nil
}

func extract(bundle []byte, folder string) error {
	zipped, err := gzip.NewReader(bytes.NewReader(bundle))
	if err != nil {
		return err
	}
	for reader := tar.NewReader(zipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !filepath.IsLocal(header.Name) || header.Typeflag != tar.TypeReg {
			continue
		}
		path := filepath.Join(folder, header.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, content, header.FileInfo().Mode().Perm()|0o600); err != nil {
			return err
		}
	}
}

func (s *server) syncPlugins() error {
	if !*s.config.get().PluginSettings.Enable {
		return nil
	}
	bundles, err := filepath.Glob(s.bundlePath("*"))
	for _, path := range bundles {
		bundle, readErr := os.ReadFile(path)
		if readErr != nil {
			return readErr
		}
		if _, appErr := s.unpack(bundle, true); appErr != nil {
			return appErr
		}
	}
	return err
}

func (s *server) removePlugin(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	id := mux.Vars(r)["id"]
	manifests, err := s.installed()
	if err != nil {
		return nil, internal(err)
	}
	if find(manifests, id) == nil {
		return nil, notFound("app.plugin.not_installed.app_error")
	}
	err = errors.Join(os.RemoveAll(filepath.Join(*s.config.get().PluginSettings.Directory, id)), os.RemoveAll(s.bundlePath(id)))
	s.plugins.sync()
	return answer(statusOK, err)
}

func (s *server) switchPlugin(on bool) handler {
	return func(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
		id := strings.ToLower(mux.Vars(r)["id"])
		manifests, err := s.installed()
		if err != nil {
			return nil, internal(err)
		}
		if find(manifests, id) == nil {
			return nil, notFound("app.plugin.not_installed.app_error")
		}
		next := s.config.get().Clone()
		next.PluginSettings.PluginStates[id] = &model.PluginState{Enable: on}
		return statusOK, s.config.set(next)
	}
}
