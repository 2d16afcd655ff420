package main

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/gorilla/mux"
	"github.com/mattermost/mattermost/server/public/model"
)

// What `mmctl import` asks over the socket: uploads, the files that are there, and jobs. The only job is an import.
func (s *server) jobRoutes(router *mux.Router) {
	s.handle(router, "POST", "/uploads", s.createUpload)
	s.handle(router, "POST", "/uploads/{id}", s.uploadData)
	s.handle(router, "GET", "/imports", s.listImports)
	s.handle(router, "POST", "/jobs", s.createJob)
	s.handle(router, "GET", "/jobs/type/{type}", s.listJobs)
	s.handle(router, "GET", "/jobs/{id}", s.getJob)
}

// importPath is where an upload lies below FileSettings.Directory.
func (s *server) importPath(name string) string {
	return path.Join(path.Clean(*s.config.get().ImportSettings.Directory), name)
}

func (s *server) createUpload(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	var upload model.UploadSession
	if json.NewDecoder(r.Body).Decode(&upload) != nil || upload.Type != model.UploadTypeImport {
		return nil, badRequest("api.context.invalid_body_param.app_error")
	}
	upload.Id, upload.FileOffset, upload.CreateAt = model.NewId(), 0, model.GetMillis()
	upload.Path = s.importPath(upload.Id + "_" + filepath.Base(upload.Filename))
	if appErr := upload.IsValid(); appErr != nil {
		return nil, appErr
	}
	s.uploads.Store(upload.Id, &upload)
	return &upload, nil
}

func (s *server) uploadData(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	found, ok := s.uploads.LoadAndDelete(mux.Vars(r)["id"])
	if !ok {
		return nil, notFound("app.upload.get.app_error")
	}
	upload := found.(*model.UploadSession)
	written, err := s.writeFile(upload.Path+model.IncompleteUploadSuffix, r.Body)
	if err == nil && written != upload.FileSize {
		err = fmt.Errorf("got %d bytes of %d", written, upload.FileSize)
	}
	if err == nil {
		err = os.Rename(s.storedPath(upload.Path+model.IncompleteUploadSuffix), s.storedPath(upload.Path))
	}
	info := model.NewInfo(upload.Filename)
	info.CreatorId, info.Path, info.Size = upload.UserId, upload.Path, written
	info.PreSave()
	if err == nil {
		err = s.store.saveFileInfo(info)
	}
	return answer(info, err)
}

func (s *server) listImports(http.ResponseWriter, *http.Request) (any, *model.AppError) {
	entries, err := os.ReadDir(s.storedPath(s.importPath("")))
	if err != nil && !os.IsNotExist(err) {
		return nil, internal(err)
	}
	names := []string{}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), model.IncompleteUploadSuffix) {
			names = append(names, entry.Name())
		}
	}
	sort.Strings(names)
	return names, nil
}

func (s *server) createJob(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	var job model.Job
	if json.NewDecoder(r.Body).Decode(&job) != nil {
		return nil, badRequest("api.context.invalid_body_param.app_error")
	}
	if job.Type != model.JobTypeImportProcess {
		return nil, badRequest("model.job.is_valid.type.app_error")
	}
	job.Id, job.CreateAt, job.Status = model.NewId(), model.GetMillis(), model.JobStatusPending
	if err := s.store.saveJob(&job); err != nil {
		return nil, internal(err)
	}
	running := job
	go s.runJob(&running)
	return &job, nil
}

// runJob says in the job's row how it goes, as the real server's workers do.
func (s *server) runJob(job *model.Job) {
	save := func(status string) {
		job.Status, job.LastActivityAt = status, model.GetMillis()
		if err := s.store.saveJob(job); err != nil {
			logLine("error", err.Error())
		}
	}
	job.StartAt = model.GetMillis()
	data := model.StringMap{}
	for key, value := range job.Data {
		data[key] = value
	}
	job.Data = data
	save(model.JobStatusInProgress)
	if line, appErr := s.importFile(job.Data); appErr != nil {
		logLine("error", "Import failed: "+appErr.Error())
		job.Data["error"], job.Data["line_number"] = appErr.Error(), strconv.Itoa(line)
		save(model.JobStatusError)
		return
	}
	job.Progress = 100
	save(model.JobStatusSuccess)
}

// importFile takes zip archives only, as the real server does, and removes one that was uploaded for it.
func (s *server) importFile(data model.StringMap) (int, *model.AppError) {
	local, file := data["local_mode"] == "true", data["import_file"]
	if !local {
		file = s.storedPath(s.importPath(file))
		if _, err := os.Stat(file); err != nil {
			return 0, badRequest("import_process.worker.do_job.file_exists")
		}
	}
	archive, err := zip.OpenReader(file)
	if err != nil {
		return 0, model.NewAppError("ImportProcessWorker", "import_process.worker.do_job.open_file", nil, err.Error(), http.StatusBadRequest)
	}
	defer archive.Close()
	for _, lines := range archive.File {
		if path.Dir(lines.Name) != "." || !strings.HasSuffix(lines.Name, ".jsonl") {
			continue
		}
		if line, appErr := s.importLines(lines, &archive.Reader); appErr != nil {
			return line, appErr
		}
		if !local {
			_ = os.Remove(file)
		}
		return 0, nil
	}
	return 0, badRequest("import_process.worker.do_job.missing_jsonl")
}

func (s *server) listJobs(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	limit, offset := paging(r)
	return answer(s.store.jobs("type = $1", limit, offset, mux.Vars(r)["type"]))
}

func (s *server) getJob(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	found, err := s.store.jobs("id = $1", 1, 0, mux.Vars(r)["id"])
	if err != nil {
		return nil, internal(err)
	}
	if len(found) == 0 {
		return nil, notFound("app.job.get.app_error")
	}
	return found[0], nil
}
