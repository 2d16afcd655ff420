package calls

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/mattermost/rtcd/service/rtc"
)

// Read by name, outside the settings.
var otherVariables = map[string]string{
	"MM_CALLS_CONCURRENT_SESSIONS_THRESHOLD":            "int",
	"MM_CALLS_CONCURRENT_SESSIONS_WARNING_BACKOFF_TIME": "string",
	"MM_CALLS_DISABLE":                    "bool",
	"MM_CALLS_GROUP_CALLS_ALLOWED":        "bool",
	"MM_CALLS_JOB_SERVICE_AUTH_KEY":       "string",
	"MM_CALLS_JOB_SERVICE_CLIENT_ID":      "string",
	"MM_CALLS_JOB_SERVICE_IMAGE_REGISTRY": "string",
	"MM_CALLS_MAX_IDLE_CONNS":             "int",
	"MM_CALLS_MAX_OPEN_CONNS":             "int",
	"MM_CALLS_MAX_PARTICIPANTS":           "int",
	"MM_CALLS_RECORDER_SITE_URL":          "string",
	"MM_CALLS_RTCD_AUTH_KEY":              "string",
	"MM_CALLS_RTCD_CLIENT_ID":             "string",
	"MM_CALLS_RTCD_URL":                   "string",
	"MM_CALLS_TRANSCRIBER_SITE_URL":       "string",
}

var (
	wordEnd    = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	acronymEnd = regexp.MustCompile(`([A-Z])([A-Z][a-z])`)
)

// variable is the real plugin's rule, which makes ENABLE_I_PV6 of EnableIPv6.
func variable(field string) string {
	spaced := acronymEnd.ReplaceAllString(wordEnd.ReplaceAllString(field, "${1}_${2}"), "${1}_${2}")
	return "MM_CALLS_" + strings.ToUpper(spaced)
}

// Variables are all that the plugin reads, with the kind of their value.
func Variables() map[string]string {
	found := map[string]string{}
	for name, kind := range otherVariables {
		found[name] = kind
	}
	_ = eachField(reflect.ValueOf(&Config{}).Elem(), func(name string, field reflect.Value) error {
		found[name] = kindOf(field.Type())
		return nil
	})
	return found
}

func kindOf(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return kindOf(t.Elem())
	case t == reflect.TypeOf(iceServers{}):
		return "json"
	case t.Kind() == reflect.Slice:
		return "list"
	default:
		return t.Kind().String()
	}
}

func eachField(value reflect.Value, visit func(name string, field reflect.Value) error) error {
	for i := range value.NumField() {
		field := value.Type().Field(i)
		var err error
		if field.Anonymous {
			err = eachField(value.Field(i), visit)
		} else {
			err = visit(variable(field.Name), value.Field(i))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// withEnvironment is stricter than the real plugin, which logs a value that it can't read and goes on without it.
func withEnvironment(cfg *Config) error {
	err := eachField(reflect.ValueOf(cfg).Elem(), func(name string, field reflect.Value) error {
		text, set := os.LookupEnv(name)
		if !set {
			return nil
		}
		if field.Kind() == reflect.Pointer {
			field.Set(reflect.New(field.Type().Elem()))
			field = field.Elem()
		}
		var err error
		switch kindOf(field.Type()) {
		case "bool":
			var value bool
			value, err = strconv.ParseBool(text)
			field.SetBool(value)
		case "int":
			var value int64
			value, err = strconv.ParseInt(text, 10, 64)
			field.SetInt(value)
		case "json":
			var value rtc.ICEServers
			err = json.Unmarshal([]byte(text), &value)
			field.Set(reflect.ValueOf(iceServers(value)))
		case "list":
			words := strings.Split(text, ",")
			for i := range words {
				words[i] = strings.TrimSpace(words[i])
			}
			field.Set(reflect.ValueOf(iceURLs(words)))
		default:
			field.SetString(text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	old, isOld := os.LookupEnv("MM_CALLS_MAX_PARTICIPANTS")
	if _, isNew := os.LookupEnv("MM_CALLS_MAX_CALL_PARTICIPANTS"); err == nil && isOld && !isNew {
		*cfg.MaxCallParticipants, err = strconv.Atoi(old)
	}
	return err
}

// overrides are the settings that the environment holds, by their names, for GET /env.
func overrides() map[string]string {
	found := map[string]string{}
	value := reflect.TypeOf(Config{})
	for _, field := range reflect.VisibleFields(value) {
		if text, set := os.LookupEnv(variable(field.Name)); set && !field.Anonymous {
			found[field.Name] = text
		}
	}
	return found
}
