package jitsi

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/mattermost/mattermost/server/public/model"
)

const defaultTopic = "Jitsi Meeting"

type meeting struct {
	id, topic string
	personal  bool
}

var notInMeetingID = regexp.MustCompile("[^a-zA-Z0-9-_]+")

func pick[T any](from []T) T {
	number, err := rand.Int(rand.Reader, big.NewInt(int64(len(from))))
	if err != nil {
		panic(err)
	}
	return from[number.Int64()]
}

func letters(count int) string {
	text := make([]byte, count)
	for i := range text {
		text[i] = pick([]byte("abcdefghijklmnopqrstuvwxyz"))
	}
	return string(text)
}

// words has four of them in title case, like the real plugin's names but out of shorter lists.
func words() string {
	return pick([]string{"Calm", "Brave", "Green", "Quiet"}) + pick([]string{"Otters", "Rivers", "Pilots", "Lanterns"}) +
		pick([]string{"Gather", "Listen", "Wander", "Answer"}) + pick([]string{"Gladly", "Slowly", "Together", "Outside"})
}

// newMeeting names a meeting: after its topic, or else by the naming scheme.
func (j *Jitsi) newMeeting(cfg config, user *model.User, channel *model.Channel, topic string) meeting {
	if topic != "" {
		id := notInMeetingID.ReplaceAllString(strings.ReplaceAll(topic, " ", "-"), "")
		if id != "" {
			id += "-"
		}
		return meeting{id: id + letters(20), topic: topic}
	}
	switch cfg.JitsiNamingScheme {
	case "uuid":
		return meeting{id: uuid.NewString()}
	case "mattermost":
		if channel.TeamId == "" {
			name := user.GetDisplayName(model.ShowNicknameFullName)
			return meeting{id: user.Username + "-" + letters(20), topic: name + "'s Personal Meeting", personal: true}
		}
		id := channel.Name + "-" + letters(10)
		if team := j.server.Team(channel.TeamId); team != nil {
			id = team.Name + "-" + id
		}
		return meeting{id: id, topic: channel.DisplayName + " Channel Meeting"}
	default:
		return meeting{id: words()}
	}
}

// post is the message that shows a meeting in its channel, with all that a client needs for joining it.
func (m meeting) post(cfg config, user *model.User, channel *model.Channel, root string) (*model.Post, error) {
	link := strings.TrimRight(strings.TrimSpace(cfg.JitsiURL), "/") + "/" + m.id
	shown, token, until := link, "", time.Time{}
	if cfg.JitsiJWT {
		address, err := url.Parse(cfg.JitsiURL)
		if err != nil {
			return nil, err
		}
		until = time.Now().Add(time.Duration(cfg.JitsiLinkValidTime) * time.Minute)
		token = signed(cfg.JitsiAppSecret, map[string]any{
			"iss": cfg.JitsiAppID, "aud": cfg.JitsiAppID, "sub": address.Hostname(), "exp": until.Unix(), "room": m.id,
			"context": map[string]any{"user": map[string]string{"avatar": "", "name": "", "email": "", "id": ""}, "group": ""},
		})
		shown += "?jwt=" + token
	}
	title := m.topic
	if title == "" {
		title = defaultTopic
	}
	shown += "#config.callDisplayName=" + url.PathEscape(`"`+title+`"`)
	note := ""
	if cfg.JitsiJWT {
		note = "Meeting link valid until: " + until.Format("Mon Jan 2 15:04:05 -0700 MST 2006")
	}
	kind := "Meeting ID"
	if m.personal {
		kind = "Personal Meeting ID (PMI)"
	}
	join := "(" + shown + ")\n\n[Join Meeting](" + shown + ")\n\n" + note
	post := &model.Post{UserId: user.Id, ChannelId: channel.Id, RootId: root, Type: "custom_jitsi"}
	post.SetProps(model.StringInterface{
		"attachments": []*model.SlackAttachment{{Title: title, Text: kind + ": [" + m.id + "]" + join,
			Fallback: "Video Meeting started at [" + m.id + "]" + join}},
		"meeting_id": m.id, "meeting_link": link, "jwt_meeting": cfg.JitsiJWT, "meeting_jwt": token,
		"jwt_meeting_valid_until": until.Unix(), "meeting_personal": m.personal, "meeting_topic": m.topic,
		"default_meeting_topic": defaultTopic,
	})
	return post, nil
}

func encoded(text []byte) string { return base64.RawURLEncoding.EncodeToString(text) }

func signature(secret, text string) string {
	hash := hmac.New(sha256.New, []byte(secret))
	hash.Write([]byte(text))
	return encoded(hash.Sum(nil))
}

func signed(secret string, claims map[string]any) string {
	text, _ := json.Marshal(claims)
	token := encoded([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encoded(text)
	return token + "." + signature(secret, token)
}

func verified(secret, token string) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || !hmac.Equal([]byte(signature(secret, parts[0]+"."+parts[1])), []byte(parts[2])) {
		return nil, errors.New("the token's signature is not ours")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	return claims, json.Unmarshal(text, &claims)
}
