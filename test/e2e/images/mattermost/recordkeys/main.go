// recordkeys writes ../keys.json: every MM_* variable that the real server reads, with its type, found by
// reflection over the configuration struct of the real server's own public module. Run it from the folder
// above (`go run ./recordkeys > keys.json`) whenever the version of that module in go.mod changes.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/mattermost/mattermost/server/public/model"
)

const module = "github.com/mattermost/mattermost/server/public"

// Read by the server with os.Getenv (or baked into its image), outside the configuration struct.
var notConfig = map[string]string{
	"MM_CLOUD_INSTALLATION_ID": "string",
	"MM_CONFIG":                "string",
	"MM_CUSTOM_DEFAULTS_PATH":  "string",
	"MM_INSTALL_TYPE":          "string",
	"MM_LICENSE":               "string",
	"MM_SERVICEENVIRONMENT":    "string",
}

// Read by the Calls plugin (server/environment.go of mattermost-plugin-calls), not by the server.
var calls = map[string]string{
	"MM_CALLS_ALLOW_SCREEN_SHARING":                "bool",
	"MM_CALLS_DEFAULT_ENABLED":                     "bool",
	"MM_CALLS_DISABLE":                             "bool",
	"MM_CALLS_ENABLE_AV1":                          "bool",
	"MM_CALLS_ENABLE_DC_SIGNALING":                 "bool",
	"MM_CALLS_ENABLE_IPV6":                         "bool",
	"MM_CALLS_ENABLE_I_PV6":                        "bool",
	"MM_CALLS_ENABLE_RINGING":                      "bool",
	"MM_CALLS_ENABLE_SIMULCAST":                    "bool",
	"MM_CALLS_ENABLE_VIDEO":                        "bool",
	"MM_CALLS_GROUP_CALLS_ALLOWED":                 "bool",
	"MM_CALLS_ICE_HOST_OVERRIDE":                   "string",
	"MM_CALLS_ICE_HOST_PORT_OVERRIDE":              "int",
	"MM_CALLS_ICE_SERVERS_CONFIGS":                 "json",
	"MM_CALLS_JOB_SERVICE_URL":                     "string",
	"MM_CALLS_MAX_CALL_PARTICIPANTS":               "int",
	"MM_CALLS_RTCD_AUTH_KEY":                       "string",
	"MM_CALLS_RTCD_CLIENT_ID":                      "string",
	"MM_CALLS_RTCD_SERVICE_URL":                    "string",
	"MM_CALLS_SERVER_SIDE_TURN":                    "bool",
	"MM_CALLS_TCP_SERVER_ADDRESS":                  "string",
	"MM_CALLS_TCP_SERVER_PORT":                     "int",
	"MM_CALLS_TURN_CREDENTIALS_EXPIRATION_MINUTES": "int",
	"MM_CALLS_TURN_STATIC_AUTH_SECRET":             "string",
	"MM_CALLS_UDP_SERVER_ADDRESS":                  "string",
	"MM_CALLS_UDP_SERVER_PORT":                     "int",
}

// kindOf names the way the server's environment loader reads a field; "" means that it cannot be set.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int64:
		return "int"
	case reflect.Slice:
		if t == reflect.TypeOf(json.RawMessage{}) {
			return "json"
		}
		return "list"
	case reflect.Map:
		return "json"
	default:
		return ""
	}
}

func walk(t reflect.Type, prefix string, keys map[string]string) {
	for i := range t.NumField() {
		field := t.Field(i)
		name := prefix + "_" + strings.ToUpper(field.Name)
		fieldType := field.Type
		if fieldType.Kind() == reflect.Pointer {
			fieldType = fieldType.Elem()
		}
		if fieldType.Kind() == reflect.Struct {
			walk(fieldType, name, keys)
		} else if kind := kindOf(fieldType); kind != "" {
			keys[name] = kind
		}
	}
}

func moduleVersion() string {
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return "unknown"
}

func main() {
	keys := map[string]string{}
	walk(reflect.TypeOf(model.Config{}), "MM", keys)
	for _, extra := range []map[string]string{notConfig, calls} {
		for name, kind := range extra {
			keys[name] = kind
		}
	}
	source := fmt.Sprintf("Mattermost server %s (%s %s) and its Calls plugin", model.CurrentVersion, module, moduleVersion())
	out := struct {
		Source string            `json:"source"`
		Keys   map[string]string `json:"keys"`
	}{source, keys}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(text))
}
