package main

import (
	"encoding/json"

	"github.com/mattermost/mattermost/server/public/model"
)

// Members of a team's public channels are the team's; private ones, which an import makes, have their own.
const memberOf = `SELECT userid FROM channelmembers WHERE channelid = $1
	UNION SELECT m.userid FROM teammembers m JOIN channels c ON c.teamid = m.teamid WHERE c.id = $1 AND c.type <> 'P'`

func (s *store) joinChannel(channel, user string) error {
	_, err := s.db.Exec(`INSERT INTO channelmembers (channelid, userid) VALUES ($1, $2) ON CONFLICT DO NOTHING`, channel, user)
	return err
}

func (s *store) members(channel string) []string {
	rows, err := s.db.Query(memberOf, channel)
	found, err := collect(rows, err, func(r row) (string, error) {
		var id string
		return id, r.Scan(&id)
	})
	if err != nil {
		logLine("error", err.Error())
	}
	return found
}

func (s *store) isMember(channel *model.Channel, user string) bool {
	var found bool
	err := s.db.QueryRow(`SELECT $2 IN (`+memberOf+`)`, channel.Id, user).Scan(&found)
	return err == nil && found
}

func (s *store) channelsOf(user, team string) ([]*model.Channel, error) {
	rows, err := s.db.Query(`SELECT id, teamid, name, displayname, type FROM channels WHERE teamid IN ($2, '') AND
		(id IN (SELECT channelid FROM channelmembers WHERE userid = $1)
		OR type <> 'P' AND teamid IN (SELECT teamid FROM teammembers WHERE userid = $1)) ORDER BY displayname`, user, team)
	return collect(rows, err, func(r row) (*model.Channel, error) {
		c := &model.Channel{}
		return c, r.Scan(&c.Id, &c.TeamId, &c.Name, &c.DisplayName, &c.Type)
	})
}

const postColumns = `id, createat, updateat, editat, deleteat, userid, channelid, message, rootid, type, props, fileids`

func scanPost(r row) (*model.Post, error) {
	p := &model.Post{}
	var props, files string
	err := r.Scan(&p.Id, &p.CreateAt, &p.UpdateAt, &p.EditAt, &p.DeleteAt, &p.UserId, &p.ChannelId, &p.Message, &p.RootId,
		&p.Type, &props, &files)
	if err == nil && props != "" {
		var values model.StringInterface
		err = json.Unmarshal([]byte(props), &values)
		p.SetProps(values)
	}
	if err == nil {
		err = json.Unmarshal([]byte(files), &p.FileIds)
	}
	return p, err
}

// posts lists the newest ones that nobody has deleted.
func (s *store) posts(where string, args ...any) ([]*model.Post, error) {
	rows, err := s.db.Query(`SELECT `+postColumns+` FROM posts WHERE deleteat = 0 AND `+where+` ORDER BY createat DESC LIMIT 60`, args...)
	return collect(rows, err, scanPost)
}

// savePost saves a new post with its files. Its time is given where it was written elsewhere before.
func (s *store) savePost(p *model.Post) error {
	p.Id = model.NewId()
	if p.CreateAt == 0 {
		p.CreateAt = model.GetMillis()
	}
	p.UpdateAt = max(p.CreateAt, p.EditAt)
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := attachFiles(tx, p); err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO posts (`+postColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		p.Id, p.CreateAt, p.UpdateAt, p.EditAt, p.DeleteAt, p.UserId, p.ChannelId, p.Message, p.RootId, p.Type,
		model.StringInterfaceToJSON(p.GetProps()), model.ArrayToJSON(p.FileIds))
	if err != nil {
		return err
	}
	return tx.Commit()
}

func (s *store) editPost(p *model.Post, message string) error {
	now := model.GetMillis()
	p.Message, p.UpdateAt, p.EditAt = message, now, now
	_, err := s.db.Exec(`UPDATE posts SET message = $2, updateat = $3, editat = $3 WHERE id = $1`, p.Id, message, now)
	return err
}

// deletePost only marks it and its files; the real server's own clean-up comes much later.
func (s *store) deletePost(p *model.Post) error {
	now := model.GetMillis()
	if _, err := s.db.Exec(`UPDATE posts SET deleteat = $2, updateat = $2 WHERE id = $1`, p.Id, now); err != nil {
		return err
	}
	_, err := s.db.Exec(`UPDATE fileinfo SET deleteat = $2 WHERE postid = $1`, p.Id, now)
	return err
}
