package main

import (
	"encoding/json"
	"net/http"

	"github.com/gorilla/mux"
	"github.com/mattermost/mattermost/server/public/model"
)

// What clients ask before they call somebody: people, channels, and a channel for two.
func (s *server) channelRoutes(router *mux.Router) {
	s.handle(router, "POST", "/channels/direct", s.signedIn(s.directChannel))
	s.handle(router, "GET", "/channels/{channel}", s.signedIn(s.getChannel))
	s.handle(router, "GET", "/channels/{channel}/members", s.signedIn(s.channelMembers))
	s.handle(router, "GET", "/users/me/teams/{team}/channels", s.signedIn(func(user *model.User, r *http.Request) (any, *model.AppError) {
		return answer(s.store.channelsOf(user.Id, mux.Vars(r)["team"]))
	}))
	s.handle(router, "GET", "/users/username/{value}", s.signedIn(s.somebody("username")))
	s.handle(router, "GET", "/users/{value}", s.signedIn(s.somebody("id")))
}

func (s *server) somebody(column string) func(*model.User, *http.Request) (any, *model.AppError) {
	find := s.findUser(column)
	return func(_ *model.User, r *http.Request) (any, *model.AppError) { return find(nil, r) }
}

// directChannel also answers with the channel that two people have already.
func (s *server) directChannel(user *model.User, r *http.Request) (any, *model.AppError) {
	var ids []string
	if json.NewDecoder(r.Body).Decode(&ids) != nil || len(ids) != 2 {
		return nil, badRequest("api.context.invalid_body_param.app_error")
	}
	if ids[0] != user.Id && ids[1] != user.Id && !user.IsSystemAdmin() {
		return nil, forbidden()
	}
	for _, id := range ids {
		if other, err := s.store.userBy("id", id); err != nil {
			return nil, internal(err)
		} else if other == nil {
			return nil, badRequest("api.channel.create_direct_channel.invalid_user.app_error")
		}
	}
	name := model.GetDMNameFromIds(ids[0], ids[1])
	_, err := s.store.db.Exec(`INSERT INTO channels (id, teamid, name, displayname, type) VALUES ($1, '', $2, '', 'D')
		ON CONFLICT DO NOTHING`, model.NewId(), name)
	if err != nil {
		return nil, internal(err)
	}
	channel, err := s.store.channel("teamid = '' AND name = $1", name)
	if err != nil {
		return nil, internal(err)
	}
	for _, id := range ids {
		if err := s.store.joinChannel(channel.Id, id); err != nil {
			return nil, internal(err)
		}
	}
	return channel, nil
}

func (s *server) getChannel(user *model.User, r *http.Request) (any, *model.AppError) {
	id := mux.Vars(r)["channel"]
	if appErr := s.usableChannel(user, id); appErr != nil {
		return nil, appErr
	}
	return answer(s.store.channel("id = $1", id))
}

func (s *server) channelMembers(user *model.User, r *http.Request) (any, *model.AppError) {
	id := mux.Vars(r)["channel"]
	if appErr := s.usableChannel(user, id); appErr != nil {
		return nil, appErr
	}
	members := []model.ChannelMember{}
	for _, member := range s.store.members(id) {
		members = append(members, model.ChannelMember{ChannelId: id, UserId: member, Roles: model.ChannelUserRoleId, SchemeUser: true})
	}
	return members, nil
}
