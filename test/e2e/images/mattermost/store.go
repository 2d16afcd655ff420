package main

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/mattermost/mattermost/server/public/model"
)

// The real server's numbers: 5 tries, 2 seconds apart, and no PostgreSQL before 14.
const (
	pingAttempts       = 5
	pingTimeout        = 10 * time.Second
	pingPause          = 2 * time.Second
	minPostgresVersion = 140000
)

var schema = []string{
	`CREATE TABLE IF NOT EXISTS systems (name varchar(64) PRIMARY KEY, value varchar(1024))`,
	`CREATE TABLE IF NOT EXISTS users (id varchar(26) PRIMARY KEY, createat bigint, deleteat bigint,
		username varchar(64) UNIQUE, email varchar(128) UNIQUE, emailverified boolean, password varchar(256),
		nickname varchar(64), firstname varchar(64), lastname varchar(64), locale varchar(5), roles varchar(256))`,
	`ALTER TABLE users ADD COLUMN IF NOT EXISTS authservice varchar(32) DEFAULT '', ADD COLUMN IF NOT EXISTS lastpasswordupdate bigint DEFAULT 0,
		ADD COLUMN IF NOT EXISTS failedattempts integer DEFAULT 0, ADD COLUMN IF NOT EXISTS mfaactive boolean DEFAULT false`,
	`UPDATE users SET lastpasswordupdate = createat WHERE lastpasswordupdate = 0`,
	`CREATE TABLE IF NOT EXISTS bots (userid varchar(26) PRIMARY KEY, description text, ownerid varchar(190),
		createat bigint, updateat bigint, deleteat bigint)`,
	`CREATE TABLE IF NOT EXISTS sessions (token varchar(26) PRIMARY KEY, userid varchar(26), createat bigint)`,
	`CREATE TABLE IF NOT EXISTS teams (id varchar(26) PRIMARY KEY, createat bigint, deleteat bigint,
		name varchar(64) UNIQUE, displayname varchar(64), type varchar(1), email varchar(128), allowopeninvite boolean)`,
	`CREATE TABLE IF NOT EXISTS teammembers (teamid varchar(26), userid varchar(26), PRIMARY KEY (teamid, userid))`,
	`CREATE TABLE IF NOT EXISTS channels (id varchar(26) PRIMARY KEY, teamid varchar(26), name varchar(64),
		displayname varchar(64), UNIQUE (teamid, name))`,
	`CREATE TABLE IF NOT EXISTS posts (id varchar(26) PRIMARY KEY, createat bigint, userid varchar(26),
		channelid varchar(26), message text)`,
	`ALTER TABLE posts ADD COLUMN IF NOT EXISTS rootid varchar(26) DEFAULT '', ADD COLUMN IF NOT EXISTS type varchar(26) DEFAULT '',
		ADD COLUMN IF NOT EXISTS props text DEFAULT ''`,
	`ALTER TABLE posts ADD COLUMN IF NOT EXISTS updateat bigint DEFAULT 0, ADD COLUMN IF NOT EXISTS editat bigint DEFAULT 0,
		ADD COLUMN IF NOT EXISTS deleteat bigint DEFAULT 0, ADD COLUMN IF NOT EXISTS fileids varchar(300) DEFAULT '[]'`,
	`UPDATE posts SET updateat = createat WHERE updateat = 0`,
	`CREATE TABLE IF NOT EXISTS fileinfo (id varchar(26) PRIMARY KEY, creatorid varchar(26), postid varchar(26),
		channelid varchar(26), createat bigint, updateat bigint, deleteat bigint, path varchar(512), thumbnailpath varchar(512),
		previewpath varchar(512), name varchar(256), extension varchar(64), size bigint, mimetype varchar(256))`,
	`ALTER TABLE channels ADD COLUMN IF NOT EXISTS type varchar(1) DEFAULT 'O'`,
	`CREATE TABLE IF NOT EXISTS channelmembers (channelid varchar(26), userid varchar(26), PRIMARY KEY (channelid, userid))`,
	`CREATE TABLE IF NOT EXISTS reactions (userid varchar(26), postid varchar(26), emojiname varchar(64), createat bigint,
		PRIMARY KEY (postid, userid, emojiname))`,
	`CREATE TABLE IF NOT EXISTS jobs (id varchar(26) PRIMARY KEY, type varchar(32), priority bigint, createat bigint,
		startat bigint, lastactivityat bigint, status varchar(32), progress bigint, data jsonb)`,
	`CREATE TABLE IF NOT EXISTS pluginkeyvaluestore (pkey varchar(150) PRIMARY KEY, pvalue text)`,
}

type store struct{ db *sql.DB }

// openStore opens exactly the given data source with the real server's driver, and waits as it does.
func openStore(settings *model.SqlSettings) (*store, error) {
	// database/sql parses it only at the first ping, so a bad one would be retried as if the host were away.
	if _, err := pq.NewConnector(*settings.DataSource); err != nil {
		return nil, fmt.Errorf("MM_SQLSETTINGS_DATASOURCE is not a data source: %w", err)
	}
	db, err := sql.Open("postgres", *settings.DataSource)
	if err != nil {
		return nil, fmt.Errorf("failed to open SQL connection: %w", err)
	}
	for attempt := 1; ; attempt++ {
		ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
		err = db.PingContext(ctx)
		cancel()
		if err == nil {
			break
		}
		if attempt == pingAttempts {
			return nil, fmt.Errorf("failed to ping DB: %w", err)
		}
		logLine("error", fmt.Sprintf("Failed to ping DB, retrying in %v: %v", pingPause, err))
		time.Sleep(pingPause)
	}
	db.SetMaxOpenConns(*settings.MaxOpenConns)
	db.SetMaxIdleConns(*settings.MaxIdleConns)
	var number int
	if err := db.QueryRow(`SELECT current_setting('server_version_num')::int`).Scan(&number); err != nil {
		return nil, err
	}
	if number < minPostgresVersion {
		return nil, fmt.Errorf("minimum Postgres version requirements not met: %d < %d", number, minPostgresVersion)
	}
	for _, statement := range schema {
		if _, err := db.Exec(statement); err != nil {
			return nil, fmt.Errorf("failed to apply database migrations: %w", err)
		}
	}
	s := &store{db}
	return s, s.setSystem("Version", version)
}

func (s *store) setSystem(name, value string) error {
	_, err := s.db.Exec(`INSERT INTO systems (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

func (s *store) system(name string) (string, error) {
	return single(s.db.QueryRow(`SELECT value FROM systems WHERE name = $1`, name))
}

// single is a query's only value; a missing one is empty without an error.
func single(row *sql.Row) (string, error) {
	var value string
	err := row.Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return value, err
}

// check writes and deletes a row, as the real server's health check does.
func (s *store) check() error {
	name := "health_check_" + model.NewId()
	if err := s.setSystem(name, "1"); err != nil {
		return err
	}
	_, err := s.db.Exec(`DELETE FROM systems WHERE name = $1`, name)
	return err
}

func isDuplicate(err error, column string) bool {
	var pqErr *pq.Error
	return errors.As(err, &pqErr) && pqErr.Code == "23505" && strings.Contains(pqErr.Constraint, column)
}

// hasher stands in for the real server's; only this double reads what it wrote.
type hasher struct{}

func (hasher) Hash(password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt)
	return hashWith(password, salt)
}

func hashWith(password string, salt []byte) (string, error) {
	key, err := pbkdf2.Key(sha256.New, password, salt, 10000, 32)
	return hex.EncodeToString(salt) + "$" + hex.EncodeToString(key), err
}

func passwordMatches(hash, password string) bool {
	saltText, _, _ := strings.Cut(hash, "$")
	salt, err := hex.DecodeString(saltText)
	if err != nil {
		return false
	}
	again, err := hashWith(password, salt)
	return err == nil && subtle.ConstantTimeCompare([]byte(again), []byte(hash)) == 1
}
