package main

import (
	"database/sql"

	"github.com/lib/pq"
	"github.com/mattermost/mattermost/server/public/model"
)

const fileColumns = `id, creatorid, postid, channelid, createat, updateat, deleteat, path, thumbnailpath, previewpath, name,
	extension, size, mimetype`

func (s *store) fileInfos(where string, args ...any) ([]*model.FileInfo, error) {
	rows, err := s.db.Query(`SELECT `+fileColumns+` FROM fileinfo WHERE deleteat = 0 AND `+where+` ORDER BY createat, id`, args...)
	return collect(rows, err, func(r row) (*model.FileInfo, error) {
		i := &model.FileInfo{}
		return i, r.Scan(&i.Id, &i.CreatorId, &i.PostId, &i.ChannelId, &i.CreateAt, &i.UpdateAt, &i.DeleteAt, &i.Path,
			&i.ThumbnailPath, &i.PreviewPath, &i.Name, &i.Extension, &i.Size, &i.MimeType)
	})
}

func (s *store) saveFileInfo(i *model.FileInfo) error {
	_, err := s.db.Exec(`INSERT INTO fileinfo (`+fileColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, i.Id, i.CreatorId, i.PostId, i.ChannelId, i.CreateAt,
		i.UpdateAt, i.DeleteAt, i.Path, i.ThumbnailPath, i.PreviewPath, i.Name, i.Extension, i.Size, i.MimeType)
	return err
}

// attachFiles gives a post those of its author's files that no post has yet; the others are dropped from it.
func attachFiles(tx *sql.Tx, p *model.Post) error {
	rows, err := tx.Query(`UPDATE fileinfo SET postid = $1, channelid = $2, updateat = $3
		WHERE id = ANY($4) AND postid = '' AND deleteat = 0 AND creatorid = $5 RETURNING id`,
		p.Id, p.ChannelId, p.UpdateAt, pq.Array([]string(p.FileIds)), p.UserId)
	attached, err := collect(rows, err, func(r row) (string, error) {
		var id string
		return id, r.Scan(&id)
	})
	p.FileIds = attached
	return err
}
