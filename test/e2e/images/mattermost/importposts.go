package main

import (
	"io"
	"path"
	"strings"

	"github.com/mattermost/mattermost/server/public/model"
)

// A post of a channel, a post of a direct one, or a reply: each leaves out what the others need.
type importPost struct {
	Team           string                `json:"team"`
	Channel        string                `json:"channel"`
	ChannelMembers []string              `json:"channel_members"`
	User           string                `json:"user"`
	Type           string                `json:"type"`
	Message        *string               `json:"message"`
	Props          model.StringInterface `json:"props"`
	CreateAt       int64                 `json:"create_at"`
	EditAt         int64                 `json:"edit_at"`
	Replies        []importPost          `json:"replies"`
	Reactions      []struct {
		User      string `json:"user"`
		CreateAt  int64  `json:"create_at"`
		EmojiName string `json:"emoji_name"`
	} `json:"reactions"`
	Attachments []struct {
		Path string `json:"path"`
	} `json:"attachments"`
}

func (i *importer) post(p *importPost) *model.AppError {
	store := i.server.store
	team, err := store.teamBy("name", strings.ToLower(p.Team))
	if err != nil {
		return internal(err)
	}
	if team == nil {
		return importError("import_post.team_not_found")
	}
	channel, err := store.channel("teamid = $1 AND name = $2", team.Id, strings.ToLower(p.Channel))
	if err != nil {
		return internal(err)
	}
	if channel == nil {
		return importError("import_post.channel_not_found")
	}
	return i.thread(channel, p)
}

func (i *importer) directPost(p *importPost) *model.AppError {
	channel, appErr := i.directChannel(p.ChannelMembers)
	if appErr != nil {
		return appErr
	}
	return i.thread(channel, p)
}

func (i *importer) thread(channel *model.Channel, p *importPost) *model.AppError {
	root, appErr := i.single(channel, p, "")
	for n := 0; appErr == nil && n < len(p.Replies); n++ {
		_, appErr = i.single(channel, &p.Replies[n], root)
	}
	return appErr
}

// single imports a post and answers with its id. One that is there already is not imported twice: the real server
// knows it by channel, author, time and text.
func (i *importer) single(channel *model.Channel, p *importPost, root string) (string, *model.AppError) {
	if p.Message == nil {
		return "", importError("validate_post_import_data.message_missing")
	}
	if p.CreateAt == 0 {
		return "", importError("validate_post_import_data.create_at_zero")
	}
	user, appErr := i.author(p.User)
	if appErr != nil {
		return "", appErr
	}
	store := i.server.store
	known, err := store.posts("channelid = $1 AND userid = $2 AND createat = $3 AND message = $4", channel.Id, user.Id, p.CreateAt, *p.Message)
	if err != nil {
		return "", internal(err)
	}
	if len(known) > 0 {
		return known[0].Id, nil
	}
	post := &model.Post{ChannelId: channel.Id, UserId: user.Id, RootId: root, Type: p.Type, Message: *p.Message,
		CreateAt: p.CreateAt, EditAt: p.EditAt}
	post.SetProps(p.Props)
	for _, attachment := range p.Attachments {
		info, appErr := i.attachment(channel, post, attachment.Path)
		if appErr != nil {
			return "", appErr
		}
		post.FileIds = append(post.FileIds, info.Id)
	}
	if err := store.savePost(post); err != nil {
		return "", internal(err)
	}
	for _, reaction := range p.Reactions {
		by, appErr := i.author(reaction.User)
		if appErr != nil {
			return "", appErr
		}
		if _, err := store.db.Exec(`INSERT INTO reactions (userid, postid, emojiname, createat) VALUES ($1, $2, $3, $4)
			ON CONFLICT DO NOTHING`, by.Id, post.Id, reaction.EmojiName, reaction.CreateAt); err != nil {
			return "", internal(err)
		}
	}
	return post.Id, nil
}

// attachment keeps a file of the archive as one that was uploaded at the post's time.
func (i *importer) attachment(channel *model.Channel, post *model.Post, name string) (*model.FileInfo, *model.AppError) {
	file := i.files[path.Join(model.ExportDataDir, name)]
	if file == nil {
		return nil, importError("validate_post_import_data.attachment")
	}
	folder := channel.TeamId
	if folder == "" {
		folder = "noteam"
	}
	info := model.NewInfo(path.Base(name))
	info.CreatorId, info.ChannelId, info.CreateAt = post.UserId, channel.Id, post.CreateAt
	err := i.server.saveFile(info, folder, func() (io.ReadCloser, error) { return file.Open() })
	return info, orInternal(err)
}
