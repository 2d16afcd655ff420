package main

import (
	"sort"
	"strings"

	"github.com/mattermost/mattermost/server/public/model"
)

// user makes or changes an account, and its memberships. Without a password it gets one that nobody knows.
func (i *importer) user(u *importUser) *model.AppError {
	store := i.server.store
	username := strings.ToLower(u.Username)
	user, err := store.userBy("username", username)
	if err != nil {
		return internal(err)
	}
	if user == nil {
		user, u.Roles = &model.User{Username: username}, orText(u.Roles, model.SystemUserRoleId)
	}
	isNew := user.Id == ""
	user.Email, user.EmailVerified = strings.ToLower(u.Email), true
	user.Nickname, user.FirstName, user.LastName = u.Nickname, u.FirstName, u.LastName
	user.Roles, user.Locale, user.DeleteAt = orText(u.Roles, user.Roles), orText(u.Locale, user.Locale), u.DeleteAt
	if isNew {
		user.Password = model.NewId()
		if u.Password != nil {
			user.Password = *u.Password
		}
		if appErr := user.PreSave(hasher{}); appErr != nil {
			return appErr
		}
	}
	if appErr := user.IsValid(); appErr != nil {
		return appErr
	}
	if isNew {
		err = store.saveUser(user)
	} else {
		_, err = store.db.Exec(`UPDATE users SET email = $2, nickname = $3, firstname = $4, lastname = $5, roles = $6, deleteat = $7
			WHERE id = $1`, user.Id, user.Email, user.Nickname, user.FirstName, user.LastName, user.Roles, user.DeleteAt)
	}
	if isDuplicate(err, "email") {
		return badRequest("app.user.save.email_exists.app_error")
	}
	if err != nil {
		return internal(err)
	}
	return i.memberships(user, u)
}

func (i *importer) memberships(user *model.User, u *importUser) *model.AppError {
	store := i.server.store
	for _, t := range u.Teams {
		team, err := store.teamBy("name", strings.ToLower(t.Name))
		if err != nil {
			return internal(err)
		}
		if team == nil {
			return importError("import_user_teams.team_not_found")
		}
		if _, err := store.db.Exec(`INSERT INTO teammembers (teamid, userid) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
			team.Id, user.Id); err != nil {
			return internal(err)
		}
		for _, c := range t.Channels {
			channel, err := store.channel("teamid = $1 AND name = $2", team.Id, strings.ToLower(c.Name))
			if err != nil {
				return internal(err)
			}
			if channel == nil {
				return importError("import_user_channels.channel_not_found")
			}
			if err := store.joinChannel(channel.Id, user.Id); err != nil {
				return internal(err)
			}
		}
	}
	return nil
}

// directChannel finds or makes the channel that two to eight people have to themselves.
func (i *importer) directChannel(members []string) (*model.Channel, *model.AppError) {
	if len(members) < 2 {
		return nil, importError("validate_direct_channel_import_data.members_too_few")
	}
	if len(members) > model.ChannelGroupMaxUsers {
		return nil, importError("validate_direct_channel_import_data.members_too_many")
	}
	ids := []string{}
	for _, name := range members {
		user, appErr := i.author(name)
		if appErr != nil {
			return nil, appErr
		}
		ids = append(ids, user.Id)
	}
	kind := model.ChannelTypeGroup
	name := model.GetGroupNameFromUserIds(ids)
	sort.Strings(members)
	display := strings.Join(members, ", ")
	if len(ids) == 2 {
		kind, name, display = model.ChannelTypeDirect, model.GetDMNameFromIds(ids[0], ids[1]), ""
	}
	store := i.server.store
	if _, err := store.db.Exec(`INSERT INTO channels (id, teamid, name, displayname, type) VALUES ($1, '', $2, $3, $4)
		ON CONFLICT DO NOTHING`, model.NewId(), name, display, kind); err != nil {
		return nil, internal(err)
	}
	channel, err := store.channel("teamid = '' AND name = $1", name)
	if err != nil {
		return nil, internal(err)
	}
	for _, id := range ids {
		if err := store.joinChannel(channel.Id, id); err != nil {
			return nil, internal(err)
		}
	}
	return channel, nil
}

func (i *importer) author(name string) (*model.User, *model.AppError) {
	user, err := i.server.store.userBy("username", strings.ToLower(name))
	if err != nil {
		return nil, internal(err)
	}
	if user == nil {
		return nil, importError("import_post.user_not_found")
	}
	return user, nil
}

func orText(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
