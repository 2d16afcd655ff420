package main

import (
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gorilla/mux"
	"github.com/mattermost/mattermost/server/public/model"
)

func (s *server) fileRoutes(router *mux.Router) {
	s.handle(router, "POST", "/files", s.signedIn(s.uploadFiles))
	s.handle(router, "GET", "/files/{file}/info", s.signedIn(func(user *model.User, r *http.Request) (any, *model.AppError) {
		info, appErr := s.usableFile(user, mux.Vars(r)["file"])
		return info, appErr
	}))
	router.HandleFunc("/api/v4/files/{file}", s.getFile).Methods("GET")
}

// storedPath is where a file lies below FileSettings.Directory.
func (s *server) storedPath(path string) string {
	return filepath.Join(*s.config.get().FileSettings.Directory, path)
}

// writeFile makes the folders that are missing, with the real server's modes.
func (s *server) writeFile(path string, content io.Reader) (int64, error) {
	path = s.storedPath(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return 0, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return io.Copy(file, content)
}

// saveFile keeps an upload as the real server does: the file first, and then the row that names it.
func (s *server) saveFile(info *model.FileInfo, folder string, open func() (io.ReadCloser, error)) error {
	info.Id = model.NewId()
	info.PreSave()
	prefix := time.UnixMilli(info.CreateAt).Format("20060102") + "/teams/" + folder + "/channels/" + info.ChannelId +
		"/users/" + info.CreatorId + "/" + info.Id + "/"
	info.Path = prefix + info.Name
	paths := []string{info.Path}
	if info.IsImage() && !info.IsSvg() {
		// The double doesn't make them smaller.
		base := prefix + strings.TrimSuffix(info.Name, filepath.Ext(info.Name))
		info.ThumbnailPath, info.PreviewPath = base+"_thumb.jpg", base+"_preview.jpg"
		paths = append(paths, info.ThumbnailPath, info.PreviewPath)
	}
	for _, path := range paths {
		content, err := open()
		if err != nil {
			return err
		}
		info.Size, err = s.writeFile(path, content)
		content.Close()
		if err != nil {
			return err
		}
	}
	return s.store.saveFileInfo(info)
}

func (s *server) uploadFiles(user *model.User, r *http.Request) (any, *model.AppError) {
	if err := r.ParseMultipartForm(32 << 20); err != nil {
		return nil, badRequest("api.file.upload_file.read_form_value.app_error")
	}
	defer r.MultipartForm.RemoveAll()
	channel := r.FormValue("channel_id")
	if appErr := s.usableChannel(user, channel); appErr != nil {
		return nil, appErr
	}
	reply := model.FileUploadResponse{FileInfos: []*model.FileInfo{}, ClientIds: r.MultipartForm.Value["client_ids"]}
	for _, headers := range r.MultipartForm.File {
		for _, header := range headers {
			if header.Size > *s.config.get().FileSettings.MaxFileSize {
				return nil, appError("api.file.upload_file.too_large_detailed.app_error", http.StatusRequestEntityTooLarge)
			}
			info, err := s.upload(user, channel, header)
			if err != nil {
				return nil, internal(err)
			}
			reply.FileInfos = append(reply.FileInfos, info)
		}
	}
	return reply, nil
}

func (s *server) upload(user *model.User, channel string, header *multipart.FileHeader) (*model.FileInfo, error) {
	info := model.NewInfo(filepath.Base(header.Filename))
	info.CreatorId, info.ChannelId = user.Id, channel
	return info, s.saveFile(info, "noteam", func() (io.ReadCloser, error) { return header.Open() })
}

func (s *server) usableFile(user *model.User, id string) (*model.FileInfo, *model.AppError) {
	found, err := s.store.fileInfos("id = $1", id)
	if err != nil {
		return nil, internal(err)
	}
	if len(found) == 0 {
		return nil, notFound("app.file_info.get.app_error")
	}
	return found[0], s.usableChannel(user, found[0].ChannelId)
}

// getFile sends the file itself. One that is gone from the disk is 404, as its row would be.
func (s *server) getFile(w http.ResponseWriter, r *http.Request) {
	refuse := func(appErr *model.AppError) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(appErr.StatusCode)
		_, _ = w.Write([]byte(appErr.ToJSON()))
	}
	user := s.userOfToken(tokenOf(r))
	if user == nil {
		refuse(appError("api.context.session_expired.app_error", http.StatusUnauthorized))
		return
	}
	info, appErr := s.usableFile(user, mux.Vars(r)["file"])
	if appErr != nil {
		refuse(appErr)
		return
	}
	file, err := os.Open(s.storedPath(info.Path))
	if err != nil {
		refuse(notFound("api.file.file_reader.app_error"))
		return
	}
	defer file.Close()
	if info.MimeType != "" {
		w.Header().Set("Content-Type", info.MimeType)
	}
	w.Header().Set("Content-Disposition", "attachment;filename=\""+info.Name+"\"; filename*=UTF-8''"+url.PathEscape(info.Name))
	http.ServeContent(w, r, info.Name, time.UnixMilli(info.UpdateAt), file)
}
