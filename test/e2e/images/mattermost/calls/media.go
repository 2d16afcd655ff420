package calls

import (
	"github.com/mattermost/mattermost/server/public/shared/mlog"
	"github.com/mattermost/rtcd/service"
	"github.com/mattermost/rtcd/service/rtc"
)

// What passes between sessions and the media server, be that here or an rtcd.

func (c *Calls) openMedia(s *session, props rtc.SessionProps) error {
	if c.rtcd != nil {
		data := map[string]any{"callID": s.callID, "userID": s.user, "sessionID": s.id}
		for name, value := range props {
			data[name] = value
		}
		return c.rtcd.send(service.ClientMessage{Type: service.ClientMessageJoin, Data: data}, s.rtcdHost)
	}
	config := rtc.SessionConfig{GroupID: "default", CallID: s.callID, UserID: s.user, SessionID: s.id, Props: props}
	return c.rtcServer.InitSession(config, func() error {
		c.mediaClosed(s.id)
		return nil
	})
}

// mediaClosed is called when the media server has lost or closed a session.
func (c *Calls) mediaClosed(id string) {
	if s := c.sessionByID(id); s != nil && s.mediaClosed.fire() {
		c.removeSession(s)
	}
}

func (c *Calls) closeMedia(s *session) {
	var err error
	if c.rtcd != nil {
		data := map[string]string{"sessionID": s.id}
		err = c.rtcd.send(service.ClientMessage{Type: service.ClientMessageLeave, Data: data}, s.rtcdHost)
	} else {
		err = c.rtcServer.CloseSession(s.id)
	}
	if err != nil {
		c.log.Error("calls: " + err.Error())
	}
}

func (c *Calls) toMedia(message rtc.Message, host string) error {
	if c.rtcd != nil {
		return c.rtcd.send(service.ClientMessage{Type: service.ClientMessageRTC, Data: message}, host)
	}
	return c.rtcServer.Send(message)
}

// fromMedia passes on the media server's signalling, and who speaks.
func (c *Calls) fromMedia(message rtc.Message) {
	s := c.sessionByID(message.SessionID)
	if s == nil {
		c.log.Error("calls: failed to get session by originalConnID", mlog.String("originalConnID", message.SessionID))
		return
	}
	events := map[rtc.MessageType]string{rtc.VoiceOnMessage: "user_voice_on", rtc.VoiceOffMessage: "user_voice_off"}
	event, isVoice := events[message.Type]
	if !isVoice {
		c.toConnection(s.connection, "signal", map[string]any{"data": string(message.Data), "connID": message.SessionID})
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if one := c.calls[s.channel]; one != nil {
		c.toParticipants(one, event, map[string]any{"userID": s.user, "session_id": s.id})
	}
}
