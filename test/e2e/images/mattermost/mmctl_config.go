package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/spf13/cobra"
)

func configCommands() *cobra.Command {
	return group("config", "Configuration",
		&cobra.Command{Use: "get", Short: "Get config setting", Args: cobra.ExactArgs(1), RunE: withClient(configGet)},
		&cobra.Command{Use: "set", Short: "Set config setting", Args: cobra.MinimumNArgs(2), RunE: withClient(configSet)},
		&cobra.Command{Use: "patch <config-file>", Short: "Patch the config", Args: cobra.ExactArgs(1), RunE: withClient(configPatch)},
		&cobra.Command{Use: "show", Short: "Writes the server configuration to STDOUT", Args: cobra.NoArgs, RunE: withClient(configShow)},
	)
}

func configShow(c *model.Client4, cmd *cobra.Command, _ []string) error {
	out.single, out.json = true, true
	cfg, _, err := c.GetConfig(cmd.Context())
	if err != nil {
		return err
	}
	out.print("", cfg)
	return nil
}

func configGet(c *model.Client4, cmd *cobra.Command, args []string) error {
	out.single, out.json = true, true
	cfg, _, err := c.GetConfig(cmd.Context())
	if err != nil {
		return err
	}
	field, ok := settingAt(reflect.ValueOf(cfg).Elem(), strings.Split(args[0], "."))
	if !ok {
		return errors.New("invalid key")
	}
	out.print("", field.Interface())
	return nil
}

// settingAt follows a path into the configuration. The keys of PluginStates and of Plugins have dots of their
// own, so the longest key that the path starts with is taken there.
func settingAt(value reflect.Value, path []string) (reflect.Value, bool) {
	if len(path) == 0 {
		return value, value.IsValid()
	}
	for value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	switch value.Kind() {
	case reflect.Struct:
		return settingAt(value.FieldByName(path[0]), path[1:])
	case reflect.Map:
		for n := len(path); n > 0; n-- {
			if item := value.MapIndex(reflect.ValueOf(strings.Join(path[:n], "."))); item.IsValid() {
				return settingAt(item, path[n:])
			}
		}
	}
	return reflect.Value{}, false
}

func configSet(c *model.Client4, cmd *cobra.Command, args []string) error {
	cfg, _, err := c.GetConfig(cmd.Context())
	if err != nil {
		return err
	}
	field, ok := settingAt(reflect.ValueOf(cfg).Elem(), strings.Split(args[0], "."))
	if !ok {
		return errors.New("selected path object is not valid")
	}
	if err := assign(field, args[1:]); err != nil {
		return err
	}
	changed, _, err := c.PatchConfig(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	out.print("Value changed successfully", changed)
	return nil
}

func assign(field reflect.Value, values []string) error {
	for field.Kind() == reflect.Pointer {
		field = field.Elem()
	}
	wrong := func(err error) error {
		return fmt.Errorf("target value is of type %v and provided value is not, err: %w", field.Kind(), err)
	}
	if !field.CanSet() {
		return errors.New("path object type is not supported")
	}
	switch field.Kind() {
	case reflect.Slice:
		// The real mmctl, too, takes a list only as two or more values.
		if len(values) < 2 {
			return fmt.Errorf("target value is of type %v and provided value is %v", field.Kind(), reflect.String)
		}
		field.Set(reflect.ValueOf(values))
	case reflect.Int, reflect.Int64:
		number, err := strconv.ParseInt(values[0], 10, field.Type().Bits())
		if err != nil {
			return wrong(err)
		}
		field.SetInt(number)
	case reflect.Bool:
		truth, err := strconv.ParseBool(values[0])
		if err != nil {
			return wrong(err)
		}
		field.SetBool(truth)
	case reflect.String:
		field.SetString(values[0])
	default:
		return fmt.Errorf("value type %v is not supported", field.Kind())
	}
	return nil
}

// configPatch lays a JSON file over the configuration. A plugin's settings are merged key by key, so that a
// patch need not repeat those it leaves alone.
func configPatch(c *model.Client4, cmd *cobra.Command, args []string) error {
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	cfg, _, err := c.GetConfig(cmd.Context())
	if err != nil {
		return err
	}
	before := cfg.Clone().PluginSettings.Plugins
	if err := json.Unmarshal(text, cfg); err != nil {
		return err
	}
	for id, settings := range before {
		cfg.PluginSettings.Plugins[id] = merge(settings, cfg.PluginSettings.Plugins[id])
	}
	changed, _, err := c.PatchConfig(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	out.print("Config patched successfully", changed)
	return nil
}

func merge(base, patch map[string]any) map[string]any {
	merged := map[string]any{}
	for key, value := range base {
		merged[key] = value
	}
	for key, value := range patch {
		below, isMap := value.(map[string]any)
		baseBelow, baseIsMap := merged[key].(map[string]any)
		if isMap && baseIsMap {
			merged[key] = merge(baseBelow, below)
		} else {
			merged[key] = value
		}
	}
	return merged
}
