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
	if strings.TrimSpace(post.Message) == "" && len(post.FileIds) == 0 {
		return nil, badRequest("model.post.is_valid.msg.app_error")
	}
	post.UserId, post.Type = user.Id, ""
	post.CreateAt, post.UpdateAt, post.EditAt, post.DeleteAt = 0, 0, 0, 0
	return answer(&post, s.store.savePost(&post))
}

func (s *server) getPost(user *model.User, r *http.Request) (any, *model.AppError) {
	post, appErr := s.usablePost(user, mux.Vars(r)["post"])
	if appErr != nil || len(post.FileIds) == 0 {
		return post, appErr
	}
	files, err := s.store.fileInfos("postid = $1", post.Id)
	post.Metadata = &model.PostMetadata{Files: files}
	return answer(post, err)
}

func (s *server) usablePost(user *model.User, id string) (*model.Post, *model.AppError) {
	found, err := s.store.posts("id = $1", id)
	if err != nil {
		return nil, internal(err)
	}
	if len(found) == 0 {
		return nil, notFound("app.post.get.app_error")
	}
	return found[0], s.usableChannel(user, found[0].ChannelId)
}

// ownPost is a post that the user may change.
func (s *server) ownPost(user *model.User, id string) (*model.Post, *model.AppError) {
	post, appErr := s.usablePost(user, id)
	if appErr == nil && post.UserId != user.Id && !user.IsSystemAdmin() {
		appErr = forbidden()
	}
	return post, appErr
}

func (s *server) patchPost(user *model.User, r *http.Request) (any, *model.AppError) {
	var patch model.PostPatch
	if json.NewDecoder(r.Body).Decode(&patch) != nil || patch.Message == nil {
		return nil, badRequest("api.context.invalid_body_param.app_error")
	}
	post, appErr := s.ownPost(user, mux.Vars(r)["post"])
	if appErr != nil {
		return nil, appErr
	}
	return answer(post, s.store.editPost(post, *patch.Message))
}

func (s *server) deletePost(user *model.User, r *http.Request) (any, *model.AppError) {
	post, appErr := s.ownPost(user, mux.Vars(r)["post"])
	if appErr != nil {
		return nil, appErr
	}
	return answer(statusOK, s.store.deletePost(post))
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
