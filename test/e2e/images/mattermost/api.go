package main

import (
	"crypto/md5"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"
	"github.com/mattermost/mattermost/server/public/model"
)

const page = `<!doctype html><html><head><title>Mattermost</title></head><body><div id="root"></div></body></html>`

func (s *server) publicRoutes() http.Handler {
	router := mux.NewRouter()
	s.handle(router, "GET", "/system/ping", s.ping)
	s.handle(router, "POST", "/users/login", s.login)
	s.handle(router, "POST", "/users/logout", func(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
		if _, err := s.store.db.Exec(`DELETE FROM sessions WHERE token = $1`, tokenOf(r)); err != nil {
			return nil, internal(err)
		}
		return map[string]string{"status": model.StatusOk}, nil
	})
	s.handle(router, "GET", "/users/me", s.signedIn(func(user *model.User, _ *http.Request) (any, *model.AppError) {
		return publicUser(user), nil
	}))
	s.handle(router, "GET", "/users/{user}/teams", s.signedIn(func(user *model.User, r *http.Request) (any, *model.AppError) {
		if asked := mux.Vars(r)["user"]; asked != "me" && asked != user.Id {
			return nil, forbidden()
		}
		return answer(s.store.teams("", user.Id, 200, 0))
	}))
	s.handle(router, "GET", "/teams/{team}/channels/name/{name}", s.signedIn(s.channelByName))
	s.channelRoutes(router)
	s.handle(router, "GET", "/channels/{channel}/posts", s.signedIn(s.channelPosts))
	s.handle(router, "POST", "/posts", s.signedIn(s.createPost))
	s.handle(router, "GET", "/posts/{post}", s.signedIn(s.getPost))
	s.handle(router, "PUT", "/posts/{post}/patch", s.signedIn(s.patchPost))
	s.handle(router, "DELETE", "/posts/{post}", s.signedIn(s.deletePost))
	s.fileRoutes(router)
	s.handle(router, "GET", "/config/client", s.clientConfig)
	router.HandleFunc("/api/v4/websocket", s.websocket)
	router.HandleFunc("/double/last-address", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"address": s.clientAddress(r), "peer": r.RemoteAddr})
	})
	router.PathPrefix("/plugins/{id}").HandlerFunc(s.plugins.serve)
	router.PathPrefix("/api/").HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(notFound("api.context.404.app_error"))
	})
	router.PathPrefix("/").HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, page)
	})
	return router
}

func answer[T any](value T, err error) (any, *model.AppError) {
	if err != nil {
		return nil, internal(err)
	}
	return value, nil
}

// clientAddress is the real server's rule: the first word of the first trusted header that is set.
func (s *server) clientAddress(r *http.Request) string {
	for _, header := range s.config.get().ServiceSettings.TrustedProxyIPHeader {
		if words := strings.Fields(r.Header.Get(header)); len(words) > 0 {
			return strings.TrimRight(words[0], ",")
		}
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}

func (s *server) versionID() string {
	text, _ := json.Marshal(s.config.get())
	hash := md5.Sum(text)
	return fmt.Sprintf("%s.%s.%x.false", version, version, hash)
}

func (s *server) ping(w http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	reply := map[string]any{
		"status": model.StatusOk, "ActiveSearchBackend": "database",
		"AndroidLatestVersion": "", "AndroidMinVersion": "", "IosLatestVersion": "", "IosMinVersion": "",
		"DesktopLatestVersion": "", "DesktopMinVersion": "",
	}
	if r.FormValue("get_server_status") == "true" {
		checks := map[string]error{
			"database_status":  s.store.check(),
			"filestore_status": writable(*s.config.get().FileSettings.Directory),
		}
		for name, err := range checks {
			reply[name] = model.StatusOk
			if err != nil {
				logLine("warn", name+": "+err.Error())
				reply[name], reply["status"] = model.StatusUnhealthy, model.StatusUnhealthy
			}
			w.Header().Set(name, reply[name].(string))
		}
	}
	if reply["status"] != model.StatusOk && r.FormValue("use_rest_semantics") != "true" {
		w.WriteHeader(http.StatusInternalServerError)
	}
	return reply, nil
}

func (s *server) login(w http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	props := model.MapFromJSON(r.Body)
	refused := appError("api.user.login.invalid_credentials_email_username", http.StatusUnauthorized)
	for _, column := range []string{"username", "email"} {
		user, err := s.store.userBy(column, strings.ToLower(props["login_id"]))
		if err != nil {
			return nil, internal(err)
		}
		if user == nil {
			continue
		}
		// The real server counts wrong ones, and forgets them with a right one.
		right := passwordMatches(user.Password, props["password"])
		if _, err := s.store.db.Exec(`UPDATE users SET failedattempts = CASE WHEN $2 THEN 0 ELSE failedattempts + 1 END WHERE id = $1`,
			user.Id, right); err != nil {
			return nil, internal(err)
		}
		if !right {
			continue
		}
		token := model.NewId()
		if _, err := s.store.db.Exec(`INSERT INTO sessions (token, userid, createat) VALUES ($1, $2, $3)`, token, user.Id,
			model.GetMillis()); err != nil {
			return nil, internal(err)
		}
		w.Header().Set("Token", token)
		// Secure follows the proxy's word, as in the real server: a cookie set over plain HTTP must still come back.
		secure := r.Header.Get(model.HeaderForwardedProto) == "https"
		http.SetCookie(w, &http.Cookie{Name: model.SessionCookieToken, Value: token, Path: "/", HttpOnly: true, Secure: secure})
		return publicUser(user), nil
	}
	logLine("warn", "Failed login attempt from "+s.clientAddress(r))
	return nil, refused
}

func publicUser(user *model.User) *model.User {
	user.Sanitize(map[string]bool{"email": true, "fullname": true})
	return user
}

func tokenOf(r *http.Request) string {
	if kind, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && (strings.EqualFold(kind, "bearer") || strings.EqualFold(kind, "token")) {
		return token
	}
	if cookie, err := r.Cookie(model.SessionCookieToken); err == nil {
		return cookie.Value
	}
	return ""
}

func (s *server) userOfToken(token string) *model.User {
	var id string
	if token == "" || s.store.db.QueryRow(`SELECT userid FROM sessions WHERE token = $1`, token).Scan(&id) != nil {
		return nil
	}
	user, _ := s.store.userBy("id", id)
	return user
}

func (s *server) signedIn(h func(user *model.User, r *http.Request) (any, *model.AppError)) handler {
	return func(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
		user := s.userOfToken(tokenOf(r))
		if user == nil {
			return nil, appError("api.context.session_expired.app_error", http.StatusUnauthorized)
		}
		return h(user, r)
	}
}

func (s *server) clientConfig(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	if r.URL.Query().Get("format") != "old" {
		return nil, badRequest("api.config.client.old_format.app_error")
	}
	cfg := s.config.get()
	return map[string]string{
		"BuildEnterpriseReady":            strconv.FormatBool(edition != "team"),
		"BuildNumber":                     version,
		"EnableMultifactorAuthentication": strconv.FormatBool(*cfg.ServiceSettings.EnableMultifactorAuthentication),
		"EnableOpenServer":                strconv.FormatBool(*cfg.TeamSettings.EnableOpenServer),
		"EnableUserCreation":              strconv.FormatBool(*cfg.TeamSettings.EnableUserCreation),
		"GiphySdkKey":                     *cfg.ServiceSettings.GiphySdkKey,
		"EnableGifPicker":                 strconv.FormatBool(*cfg.ServiceSettings.EnableGifPicker),
		"PluginsEnabled":                  strconv.FormatBool(*cfg.PluginSettings.Enable),
		"SiteName":                        *cfg.TeamSettings.SiteName,
		"SiteURL":                         strings.TrimRight(*cfg.ServiceSettings.SiteURL, "/"),
		"Version":                         version,
		"WebsocketURL":                    *cfg.ServiceSettings.WebsocketURL,
	}, nil
}
