package main

import (
	"encoding/json"

	"github.com/mattermost/mattermost/server/public/model"
)

// Members of a team's channels are the team's: the double makes no other channels there.
const memberOf = `SELECT userid FROM channelmembers WHERE channelid = $1
	UNION SELECT m.userid FROM teammembers m JOIN channels c ON c.teamid = m.teamid WHERE c.id = $1`

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
		OR teamid IN (SELECT teamid FROM teammembers WHERE userid = $1)) ORDER BY displayname`, user, team)
	return collect(rows, err, func(r row) (*model.Channel, error) {
		c := &model.Channel{}
		return c, r.Scan(&c.Id, &c.TeamId, &c.Name, &c.DisplayName, &c.Type)
	})
}

const postColumns = `id, createat, userid, channelid, message, rootid, type, props`

func scanPost(r row) (*model.Post, error) {
	p := &model.Post{}
	var props string
	err := r.Scan(&p.Id, &p.CreateAt, &p.UserId, &p.ChannelId, &p.Message, &p.RootId, &p.Type, &props)
	if err == nil && props != "" {
		var values model.StringInterface
		err = json.Unmarshal([]byte(props), &values)
		p.SetProps(values)
	}
	p.UpdateAt = p.CreateAt
	return p, err
}

func (s *store) posts(where string, args ...any) ([]*model.Post, error) {
	rows, err := s.db.Query(`SELECT `+postColumns+` FROM posts WHERE `+where+` ORDER BY createat DESC LIMIT 60`, args...)
	return collect(rows, err, scanPost)
}

func (s *store) savePost(p *model.Post) error {
	p.Id, p.CreateAt = model.NewId(), model.GetMillis()
	p.UpdateAt = p.CreateAt
	_, err := s.db.Exec(`INSERT INTO posts (`+postColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		p.Id, p.CreateAt, p.UserId, p.ChannelId, p.Message, p.RootId, p.Type, model.StringInterfaceToJSON(p.GetProps()))
	return err
}
