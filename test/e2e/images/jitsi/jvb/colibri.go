package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"strconv"
)

// The JSON of COLIBRI 2, as far as it is used here.

type conferenceModify struct {
	MeetingID string         `json:"meeting-id"`
	Name      string         `json:"name"`
	Create    bool           `json:"create"`
	Endpoints []endpointJSON `json:"endpoints"`
}

type endpointJSON struct {
	ID        string         `json:"id"`
	Create    bool           `json:"create,omitempty"`
	Expire    bool           `json:"expire,omitempty"`
	Transport *transportJSON `json:"transport,omitempty"`
}

type transportJSON struct {
	Controlling bool     `json:"ice-controlling,omitempty"`
	ICE         *iceJSON `json:"transport,omitempty"`
}

type iceJSON struct {
	XMLNS        string              `json:"xmlns,omitempty"`
	Ufrag        string              `json:"ufrag"`
	Pwd          string              `json:"pwd"`
	RTCPMux      bool                `json:"rtcp-mux,omitempty"`
	Fingerprints []fingerprintJSON   `json:"fingerprints,omitempty"`
	Candidates   []map[string]string `json:"candidates,omitempty"`
}

type fingerprintJSON struct {
	Fingerprint string `json:"fingerprint"`
	Hash        string `json:"hash"`
	Setup       string `json:"setup"`
}

type advertised struct {
	ip   string
	port int
	kind string
}

func (b *bridge) create(writer http.ResponseWriter, request *http.Request) {
	b.modify(writer, request, "")
}

func (b *bridge) patch(writer http.ResponseWriter, request *http.Request) {
	meeting := request.PathValue("meeting")
	b.guard.Lock()
	known := b.conferences[meeting] != nil
	b.guard.Unlock()
	if !known {
		http.NotFound(writer, request)
		return
	}
	b.modify(writer, request, meeting)
}

func (b *bridge) modify(writer http.ResponseWriter, request *http.Request, meeting string) {
	var wanted conferenceModify
	if err := json.NewDecoder(request.Body).Decode(&wanted); err != nil {
		http.Error(writer, "Failed to create conference, could not parse JSON: "+err.Error(), http.StatusBadRequest)
		return
	}
	if meeting != "" {
		wanted.MeetingID = meeting
	}
	answer, err := b.apply(&wanted)
	if err != nil {
		http.Error(writer, "Failed to create conference: "+err.Error(), http.StatusBadRequest)
		return
	}
	reply(writer, map[string]any{"endpoints": answer})
}

func (b *bridge) apply(wanted *conferenceModify) ([]endpointJSON, error) {
	b.guard.Lock()
	defer b.guard.Unlock()
	meeting := b.conferences[wanted.MeetingID]
	switch {
	case wanted.MeetingID == "":
		return nil, fmt.Errorf("no meeting-id")
	case meeting == nil && !wanted.Create:
		return nil, fmt.Errorf("Conference not found for ID: %s", wanted.MeetingID)
	case meeting != nil && wanted.Create:
		return nil, fmt.Errorf("Conference already exists for ID: %s", wanted.MeetingID)
	case meeting == nil:
		meeting = &conference{endpoints: map[string]*endpoint{}}
		b.conferences[wanted.MeetingID] = meeting
		log.Printf("conference %s (%s)", wanted.MeetingID, wanted.Name)
	}
	answer := []endpointJSON{}
	for _, item := range wanted.Endpoints {
		peer := meeting.get(item.ID)
		if item.Expire {
			meeting.remove(item.ID)
			continue
		}
		if (peer == nil) != item.Create {
			return nil, fmt.Errorf("Endpoint %s: create is %v", item.ID, item.Create)
		}
		if item.Create {
			controlling := item.Transport != nil && item.Transport.Controlling
			var err error
			if peer, err = b.newEndpoint(meeting, item.ID, controlling); err != nil {
				return nil, err
			}
			answer = append(answer, endpointJSON{ID: item.ID, Transport: &transportJSON{ICE: b.describe(peer)}})
		}
		if item.Transport != nil && item.Transport.ICE != nil {
			if err := peer.start(item.Transport.ICE); err != nil {
				return nil, err
			}
		}
	}
	return answer, nil
}

// describe is what a client has to know of the bridge.
func (b *bridge) describe(peer *endpoint) *iceJSON {
	described := &iceJSON{
		XMLNS:        "urn:xmpp:jingle:transports:ice-udp:1",
		Ufrag:        peer.ufrag,
		Pwd:          peer.pwd,
		RTCPMux:      true,
		Fingerprints: []fingerprintJSON{{b.fingerprint, "sha-256", "actpass"}},
	}
	for index, address := range b.advertised {
		candidate := map[string]string{
			"component": "1", "generation": "0", "network": "0", "protocol": "udp",
			"id": fmt.Sprintf("%s-%d", peer.ufrag, index), "foundation": strconv.Itoa(index + 1),
			"type": address.kind, "ip": address.ip, "port": strconv.Itoa(address.port),
			"priority": strconv.Itoa(priority(address.kind)),
		}
		if address.kind == "srflx" {
			candidate["rel-addr"], candidate["rel-port"] = "0.0.0.0", "9"
		}
		described.Candidates = append(described.Candidates, candidate)
	}
	return described
}

// priority as RFC 8445 recommends, for the first component.
func priority(kind string) int {
	preference := map[string]int{"host": 126, "srflx": 100}[kind]
	return preference<<24 | 65535<<8 | 255
}
