// recordkeys writes ../keys.json: every MM_* variable that the real server reads, with its type, found by
// reflection over the configuration struct of the real server's own public module, and what its Calls plugin reads,
// found by that plugin's rule from the names of its settings. Run it from the folder above
// (`go run ./recordkeys > keys.json`) whenever the version of that module in go.mod changes.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/mattermost/mattermost/server/public/model"

	"muster/test/e2e/images/mattermost/calls"
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
	for _, extra := range []map[string]string{notConfig, calls.Variables()} {
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
