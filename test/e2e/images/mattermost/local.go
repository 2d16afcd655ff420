package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"
	"github.com/mattermost/mattermost/server/public/model"
)

// localRoutes is what mmctl --local speaks to over the unix socket: everything is allowed there.
func (s *server) localRoutes() http.Handler {
	router := mux.NewRouter()
	s.handle(router, "GET", "/system/ping", s.ping)
	s.handle(router, "POST", "/users", s.createUser)
	s.handle(router, "GET", "/users", s.listUsers)
	for _, column := range []string{"email", "username"} {
		s.handle(router, "GET", "/users/"+column+"/{value}", s.findUser(column))
	}
	s.handle(router, "PUT", "/users/{id}/roles", s.setRoles)
	s.handle(router, "GET", "/users/{value}", s.findUser("id"))
	s.handle(router, "POST", "/teams", s.createTeam)
	s.handle(router, "GET", "/teams", s.listTeams)
	s.handle(router, "POST", "/teams/search", s.searchTeams)
	s.handle(router, "GET", "/teams/name/{value}", s.findTeam("name"))
	s.handle(router, "POST", "/teams/{id}/members", s.addMember)
	s.handle(router, "GET", "/teams/{value}", s.findTeam("id"))
	s.handle(router, "GET", "/config", func(http.ResponseWriter, *http.Request) (any, *model.AppError) {
		// Over the socket the real server shows the secrets too, unless it is asked to remove them.
		return answer(model.FilterConfig(s.config.get(), model.ConfigFilterOptions{}))
	})
	s.handle(router, "PUT", "/config/patch", func(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
		text, _ := io.ReadAll(r.Body)
		if appErr := s.config.patch(text); appErr != nil {
			return nil, appErr
		}
		shown := s.config.get().Clone()
		shown.Sanitize(nil, nil)
		return shown, nil
	})
	s.pluginRoutes(router)
	s.jobRoutes(router)
	return router
}

func (s *server) createUser(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	var user model.User
	if json.NewDecoder(r.Body).Decode(&user) != nil {
		return nil, badRequest("api.context.invalid_body_param.app_error")
	}
	minimum := *s.config.get().PasswordSettings.MinimumLength
	if len(user.Password) < minimum {
		return nil, model.NewAppError("", "model.user.is_valid.pwd_min_length.app_error", map[string]any{"Min": minimum}, "",
			http.StatusBadRequest)
	}
	others, err := s.store.users("", 1, 0)
	if err != nil {
		return nil, internal(err)
	}
	user.Roles = model.SystemUserRoleId
	if len(others) == 0 {
		user.Roles = model.SystemAdminRoleId + " " + model.SystemUserRoleId
	}
	if appErr := user.PreSave(hasher{}); appErr != nil {
		return nil, appErr
	}
	if appErr := user.IsValid(); appErr != nil {
		return nil, appErr
	}
	switch err := s.store.saveUser(&user); {
	case isDuplicate(err, "username"):
		return nil, badRequest("app.user.save.username_exists.app_error")
	case isDuplicate(err, "email"):
		return nil, badRequest("app.user.save.email_exists.app_error")
	case err != nil:
		return nil, internal(err)
	}
	return publicUser(&user), nil
}

func (s *server) findUser(column string) handler {
	return func(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
		value := mux.Vars(r)["value"]
		if column == "id" && !model.IsValidId(value) {
			return nil, badRequest("api.context.invalid_url_param.app_error")
		}
		user, err := s.store.userBy(column, strings.ToLower(value))
		if err != nil {
			return nil, internal(err)
		}
		if user == nil {
			return nil, notFound("app.user.missing_account.const")
		}
		return publicUser(user), nil
	}
}

// paging reads the page of a list that is asked for.
func paging(r *http.Request) (limit, offset int) {
	limit, err := strconv.Atoi(r.FormValue("per_page"))
	if err != nil || limit < 0 || limit > 200 {
		limit = 60
	}
	number, _ := strconv.Atoi(r.FormValue("page"))
	return limit, number * limit
}

func (s *server) listUsers(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	limit, offset := paging(r)
	users, err := s.store.users(r.FormValue("in_team"), limit, offset)
	for _, user := range users {
		publicUser(user)
	}
	return answer(users, err)
}

func (s *server) setRoles(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	_, err := s.store.db.Exec(`UPDATE users SET roles = $1 WHERE id = $2`, model.MapFromJSON(r.Body)["roles"], mux.Vars(r)["id"])
	return answer(statusOK, err)
}

func (s *server) createTeam(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	var team model.Team
	if json.NewDecoder(r.Body).Decode(&team) != nil {
		return nil, badRequest("api.context.invalid_body_param.app_error")
	}
	team.Email = strings.ToLower(team.Email)
	team.PreSave()
	if appErr := team.IsValid(); appErr != nil {
		return nil, appErr
	}
	err := s.store.saveTeam(&team)
	if isDuplicate(err, "name") {
		return nil, badRequest("app.team.save.existing.app_error")
	}
	return answer(&team, err)
}

func (s *server) findTeam(column string) handler {
	return func(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
		value := mux.Vars(r)["value"]
		if column == "id" && !model.IsValidId(value) {
			return nil, badRequest("api.context.invalid_url_param.app_error")
		}
		team, err := s.store.teamBy(column, strings.ToLower(value))
		if err != nil {
			return nil, internal(err)
		}
		if team == nil {
			return nil, notFound("app.team.get.find.app_error")
		}
		return team, nil
	}
}

func (s *server) listTeams(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	limit, offset := paging(r)
	return answer(s.store.teams("", "", limit, offset))
}

func (s *server) searchTeams(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	var search model.TeamSearch
	if json.NewDecoder(r.Body).Decode(&search) != nil || search.Term == "" {
		return nil, badRequest("api.context.invalid_body_param.app_error")
	}
	return answer(s.store.teams(search.Term, "", 100, 0))
}

// addMember also succeeds for someone who is a member already, as in the real server.
func (s *server) addMember(_ http.ResponseWriter, r *http.Request) (any, *model.AppError) {
	var member model.TeamMember
	if json.NewDecoder(r.Body).Decode(&member) != nil || member.TeamId != mux.Vars(r)["id"] {
		return nil, badRequest("api.context.invalid_body_param.app_error")
	}
	_, err := s.store.db.Exec(`INSERT INTO teammembers (teamid, userid) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
		member.TeamId, member.UserId)
	member.Roles, member.SchemeUser = model.TeamUserRoleId, true
	return answer(&member, err)
}
