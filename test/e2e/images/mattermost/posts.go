package main

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gorilla/mux"
	"github.com/mattermost/mattermost/server/public/model"
)

func (s *server) mayUse(user *model.User, channel *model.Channel) bool {
	return user.IsSystemAdmin() || s.store.isMember(channel, user.Id)
}

func forbidden() *model.AppError {
	return appError("api.context.permissions.app_error", http.StatusForbidden)
}

func (s *server) channelByName(user *model.User, r *http.Request) (any, *model.AppError) {
	channel, err := s.store.channel("teamid = $1 AND name = $2", mux.Vars(r)["team"], mux.Vars(r)["name"])
	if err != nil {
		return nil, internal(err)
	}
	if channel == nil {
		return nil, notFound("app.channel.get_by_name.missing.app_error")
	}
	if !s.mayUse(user, channel) {
		return nil, forbidden()
	}
	return channel, nil
}

// usableChannel hides a channel that does not exist from those who might not see it, as the real server does.
func (s *server) usableChannel(user *model.User, id string) *model.AppError {
	channel, err := s.store.channel("id = $1", id)
	if err != nil {
		return internal(err)
	}
	if channel == nil || !s.mayUse(user, channel) {
		return forbidden()
	}
	return nil
}

func (s *server) createPost(user *model.User, r *http.Request) (any, *model.AppError) {
	var post model.Post
	if json.NewDecoder(r.Body).Decode(&post) != nil {
		return nil, badRequest("api.context.invalid_body_param.app_error")
	}
	if appErr := s.usableChannel(user, post.ChannelId); appErr != nil {
		return nil, appErr
	}
	if strings.TrimSpace(post.Message) == "" {
		return nil, badRequest("model.post.is_valid.msg.app_error")
	}
	post.UserId, post.Type = user.Id, ""
	return answer(&post, s.store.savePost(&post))
}

func (s *server) getPost(user *model.User, r *http.Request) (any, *model.AppError) {
	found, err := s.store.posts("id = $1", mux.Vars(r)["post"])
	if err != nil {
		return nil, internal(err)
	}
	if len(found) == 0 {
		return nil, notFound("app.post.get.app_error")
	}
	if appErr := s.usableChannel(user, found[0].ChannelId); appErr != nil {
		return nil, appErr
	}
	return found[0], nil
}

func (s *server) channelPosts(user *model.User, r *http.Request) (any, *model.AppError) {
	if appErr := s.usableChannel(user, mux.Vars(r)["channel"]); appErr != nil {
		return nil, appErr
	}
	found, err := s.store.posts("channelid = $1", mux.Vars(r)["channel"])
	if err != nil {
		return nil, internal(err)
	}
	list := model.NewPostList()
	for _, post := range found {
		list.AddPost(post)
		list.AddOrder(post.Id)
	}
	return list, nil
}
