package main

import (
	"archive/zip"
	"bufio"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/mattermost/mattermost/server/public/model"
)

// A line of a bulk import, as far as the double reads it. What is missing in a line is an empty text here.
type importLine struct {
	Type          string         `json:"type"`
	Version       *int           `json:"version"`
	Team          *importTeam    `json:"team"`
	Channel       *importChannel `json:"channel"`
	User          *importUser    `json:"user"`
	Bot           *importUser    `json:"bot"`
	Post          *importPost    `json:"post"`
	DirectChannel *struct {
		Members []string `json:"members"`
	} `json:"direct_channel"`
	DirectPost *importPost `json:"direct_post"`
}

type importTeam struct {
	Name            string `json:"name"`
	DisplayName     string `json:"display_name"`
	Type            string `json:"type"`
	AllowOpenInvite bool   `json:"allow_open_invite"`
}

type importChannel struct {
	Team        string            `json:"team"`
	Name        string            `json:"name"`
	DisplayName string            `json:"display_name"`
	Type        model.ChannelType `json:"type"`
}

type importUser struct {
	Username  string  `json:"username"`
	Email     string  `json:"email"`
	Password  *string `json:"password"`
	Nickname  string  `json:"nickname"`
	FirstName string  `json:"first_name"`
	LastName  string  `json:"last_name"`
	Roles     string  `json:"roles"`
	Locale    string  `json:"locale"`
	DeleteAt  int64   `json:"delete_at"`
	Owner     string  `json:"owner"`
	Teams     []struct {
		Name     string `json:"name"`
		Channels []struct {
			Name string `json:"name"`
		} `json:"channels"`
	} `json:"teams"`
}

// The real server's limit for a line.
const longestLine = 16 * 1024 * 1024

func importError(id string) *model.AppError { return badRequest("app.import." + id + ".error") }

// importLines stops at the first line that is wrong and answers with its number. What came before it stays.
func (s *server) importLines(file *zip.File, archive *zip.Reader) (int, *model.AppError) {
	reader, err := file.Open()
	if err != nil {
		return 0, internal(err)
	}
	defer reader.Close()
	i := &importer{server: s, files: map[string]*zip.File{}}
	for _, entry := range archive.File {
		i.files[entry.Name] = entry
	}
	scanner := bufio.NewScanner(reader)
	scanner.Buffer(make([]byte, 0, 64*1024), longestLine)
	number := 0
	for scanner.Scan() {
		number++
		var line importLine
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			return number, model.NewAppError("BulkImport", "app.import.bulk_import.json_decode.error", nil, err.Error(), http.StatusBadRequest)
		}
		if number == 1 {
			if line.Type != "version" || line.Version == nil {
				return number, importError("process_import_data_file_version_line.invalid_version")
			}
			if *line.Version != 1 {
				return number, importError("bulk_import.unsupported_version")
			}
			continue
		}
		if appErr := i.line(&line); appErr != nil {
			return number, appErr
		}
	}
	if err := scanner.Err(); err != nil {
		return number, internal(err)
	}
	if number == 0 {
		return 0, importError("process_import_data_file_version_line.invalid_version")
	}
	return 0, nil
}

type importer struct {
	server *server
	files  map[string]*zip.File
}

func (i *importer) line(line *importLine) *model.AppError {
	switch {
	case line.Type == "team" && line.Team != nil:
		return i.team(line.Team)
	case line.Type == "channel" && line.Channel != nil:
		return i.channel(line.Channel)
	case line.Type == "user" && line.User != nil:
		return i.user(line.User)
	case line.Type == "bot" && line.Bot != nil:
		// An account like any other here, with the address that the real server gives it.
		line.Bot.Email = line.Bot.Username + "@localhost"
		return i.user(line.Bot)
	case line.Type == "direct_channel" && line.DirectChannel != nil:
		_, appErr := i.directChannel(line.DirectChannel.Members)
		return appErr
	case line.Type == "post" && line.Post != nil:
		return i.post(line.Post)
	case line.Type == "direct_post" && line.DirectPost != nil:
		return i.directPost(line.DirectPost)
	case line.Type == "emoji" || line.Type == "role" || line.Type == "scheme":
		return model.NewAppError("BulkImport", "the double imports no lines of the type "+line.Type, nil, "", http.StatusNotImplemented)
	}
	return importError("import_line.unknown_line_type")
}

func (i *importer) team(t *importTeam) *model.AppError {
	if known, err := i.server.store.teamBy("name", strings.ToLower(t.Name)); err != nil || known != nil {
		return orInternal(err)
	}
	team := &model.Team{Name: strings.ToLower(t.Name), DisplayName: t.DisplayName, Type: t.Type, AllowOpenInvite: t.AllowOpenInvite}
	team.PreSave()
	if appErr := team.IsValid(); appErr != nil {
		return appErr
	}
	return orInternal(i.server.store.saveTeam(team))
}

func (i *importer) channel(c *importChannel) *model.AppError {
	team, err := i.server.store.teamBy("name", strings.ToLower(c.Team))
	if err != nil {
		return internal(err)
	}
	if team == nil {
		return importError("import_channel.team_not_found")
	}
	name := strings.ToLower(c.Name)
	if !model.IsValidChannelIdentifier(name) {
		return importError("validate_channel_import_data.name_characters")
	}
	if c.Type != model.ChannelTypeOpen && c.Type != model.ChannelTypePrivate {
		return importError("validate_channel_import_data.type_invalid")
	}
	if c.DisplayName == "" {
		c.DisplayName = c.Name
	}
	_, err = i.server.store.db.Exec(`INSERT INTO channels (id, teamid, name, displayname, type) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (teamid, name) DO UPDATE SET displayname = $4, type = $5`, model.NewId(), team.Id, name, c.DisplayName, c.Type)
	return orInternal(err)
}

func orInternal(err error) *model.AppError {
	if err == nil {
		return nil
	}
	return internal(err)
}
