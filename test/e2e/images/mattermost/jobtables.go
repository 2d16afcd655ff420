package main

import (
	"encoding/json"
	"fmt"

	"github.com/mattermost/mattermost/server/public/model"
)

func (s *store) saveJob(j *model.Job) error {
	_, err := s.db.Exec(`INSERT INTO jobs (id, type, priority, createat, startat, lastactivityat, status, progress, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET startat = $5, lastactivityat = $6,
		status = $7, progress = $8, data = $9`,
		j.Id, j.Type, j.Priority, j.CreateAt, j.StartAt, j.LastActivityAt, j.Status, j.Progress, model.MapToJSON(j.Data))
	return err
}

func (s *store) jobs(where string, limit, offset int, args ...any) ([]*model.Job, error) {
	rows, err := s.db.Query(fmt.Sprintf(`SELECT id, type, priority, createat, startat, lastactivityat, status, progress, data
		FROM jobs WHERE %s ORDER BY createat DESC LIMIT %d OFFSET %d`, where, limit, offset), args...)
	return collect(rows, err, func(r row) (*model.Job, error) {
		j := &model.Job{}
		var data string
		err := r.Scan(&j.Id, &j.Type, &j.Priority, &j.CreateAt, &j.StartAt, &j.LastActivityAt, &j.Status, &j.Progress, &data)
		if err == nil {
			err = json.Unmarshal([]byte(data), &j.Data)
		}
		return j, err
	})
}
