package main

import (
	"database/sql"
	"errors"

	"github.com/mattermost/mattermost/server/public/model"
)

const userColumns = `id, createat, deleteat, username, email, emailverified, password, nickname, firstname, lastname, locale, roles, lastpasswordupdate`
const teamColumns = `id, createat, deleteat, name, displayname, type, email, allowopeninvite`

type row interface{ Scan(...any) error }

func scanUser(r row) (*model.User, error) {
	u := &model.User{}
	err := r.Scan(&u.Id, &u.CreateAt, &u.DeleteAt, &u.Username, &u.Email, &u.EmailVerified, &u.Password, &u.Nickname,
		&u.FirstName, &u.LastName, &u.Locale, &u.Roles, &u.LastPasswordUpdate)
	u.UpdateAt = u.CreateAt
	return u, err
}

func scanTeam(r row) (*model.Team, error) {
	t := &model.Team{}
	err := r.Scan(&t.Id, &t.CreateAt, &t.DeleteAt, &t.Name, &t.DisplayName, &t.Type, &t.Email, &t.AllowOpenInvite)
	t.UpdateAt = t.CreateAt
	return t, err
}

func collect[T any](rows *sql.Rows, err error, scan func(row) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

// userBy looks a user up by one of its columns; a missing one is nil without an error.
func (s *store) userBy(column, value string) (*model.User, error) {
	u, err := scanUser(s.db.QueryRow(`SELECT `+userColumns+` FROM users WHERE `+column+` = $1`, value))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return u, err
}

func (s *store) users(team string, limit, offset int) ([]*model.User, error) {
	rows, err := s.db.Query(`SELECT `+userColumns+` FROM users
		WHERE $1 = '' OR id IN (SELECT userid FROM teammembers WHERE teamid = $1)
		ORDER BY username LIMIT $2 OFFSET $3`, team, limit, offset)
	return collect(rows, err, scanUser)
}

func (s *store) saveUser(u *model.User) error {
	_, err := s.db.Exec(`INSERT INTO users (`+userColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		u.Id, u.CreateAt, u.DeleteAt, u.Username, u.Email, u.EmailVerified, u.Password, u.Nickname, u.FirstName,
		u.LastName, u.Locale, u.Roles, u.LastPasswordUpdate)
	return err
}

func (s *store) teamBy(column, value string) (*model.Team, error) {
	t, err := scanTeam(s.db.QueryRow(`SELECT `+teamColumns+` FROM teams WHERE `+column+` = $1`, value))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return t, err
}

// teams lists them in the real server's order; a term matches any part of the name or of the display name.
func (s *store) teams(term, member string, limit, offset int) ([]*model.Team, error) {
	rows, err := s.db.Query(`SELECT `+teamColumns+` FROM teams
		WHERE ($1 = '' OR strpos(name, lower($1)) > 0 OR strpos(lower(displayname), lower($1)) > 0)
		AND ($2 = '' OR id IN (SELECT teamid FROM teammembers WHERE userid = $2))
		ORDER BY displayname LIMIT $3 OFFSET $4`, term, member, limit, offset)
	return collect(rows, err, scanTeam)
}

// saveTeam makes the team and the two channels that every team starts with.
func (s *store) saveTeam(t *model.Team) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`INSERT INTO teams (`+teamColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, t.Id, t.CreateAt,
		t.DeleteAt, t.Name, t.DisplayName, t.Type, t.Email, t.AllowOpenInvite); err != nil {
		return err
	}
	for name, display := range map[string]string{"town-square": "Town Square", "off-topic": "Off-Topic"} {
		if _, err := tx.Exec(`INSERT INTO channels (id, teamid, name, displayname) VALUES ($1, $2, $3, $4)`,
			model.NewId(), t.Id, name, display); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (s *store) channel(where string, args ...any) (*model.Channel, error) {
	c := &model.Channel{}
	err := s.db.QueryRow(`SELECT id, teamid, name, displayname, type FROM channels WHERE `+where, args...).
		Scan(&c.Id, &c.TeamId, &c.Name, &c.DisplayName, &c.Type)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return c, err
}
