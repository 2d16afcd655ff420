package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/mattermost/mattermost/server/public/model"
)

const signatureSize = 256

// readLicense says what the real server says. A missing or bad licence never stops that either, and the team edition
// has no use for one.
func (s *server) readLicense() {
	if edition == "team" {
		return
	}
	location := *s.config.get().ServiceSettings.LicenseFileLocation
	if text := s.config.env["MM_LICENSE"]; text != "" {
		license, err := parseLicense([]byte(text))
		if err != nil {
			logLine("error", "Failed to read license set in environment.")
			return
		}
		s.license = license
	} else if location != "" {
		text, err := os.ReadFile(location)
		if err != nil {
			logLine("error", fmt.Sprintf("We could not find the license key on disk at %s: %v", location, err))
		} else if s.license, err = parseLicense(text); err != nil {
			logLine("error", fmt.Sprintf("Found license key at %s but it appears to be invalid", location))
		}
	}
	if s.license == nil {
		logLine("error", "License key from https://mattermost.com required to unlock enterprise features.")
		return
	}
	logLine("info", "License key valid unlocking enterprise features.")
}

// parseLicense reads the real form, base64 of JSON and a signature. The double can't check a signature of the real
// maker, so it takes none but an empty one, of zeros, which no real server takes: it knows only licences for tests.
func parseLicense(text []byte) (*model.License, error) {
	text, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil {
		return nil, err
	}
	end := len(text) - signatureSize
	if end <= 0 || !bytes.Equal(text[end:], make([]byte, signatureSize)) {
		return nil, errors.New("invalid signature")
	}
	license := &model.License{Features: &model.Features{}}
	if err := json.Unmarshal(text[:end], license); err != nil {
		return nil, err
	}
	if license.Features == nil {
		license.Features = &model.Features{}
	}
	license.Features.SetDefaults()
	return license, nil
}
