package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/mattermost/mattermost/server/public/model"
)

//go:embed keys.json
var keysFile []byte

// readEnvironment returns the MM_* variables, or one error that names every unknown or mistyped one. The real
// server ignores those silently, which is how a misspelt setting gets into production.
func readEnvironment() (map[string]string, error) {
	var recorded struct {
		Source string
		Keys   map[string]string
	}
	if err := json.Unmarshal(keysFile, &recorded); err != nil {
		return nil, err
	}
	env := map[string]string{}
	var problems []string
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		name = strings.ToUpper(name)
		if !strings.HasPrefix(name, "MM_") {
			continue
		}
		kind, known := recorded.Keys[name]
		if !known {
			problems = append(problems, fmt.Sprintf("%s is not read by %s", name, recorded.Source))
		} else if err := checkKind(kind, value); err != nil {
			problems = append(problems, fmt.Sprintf("%s takes a value of the kind %s: %s", name, kind, err))
		}
		env[name] = value
	}
	if len(problems) > 0 {
		sort.Strings(problems)
		return nil, fmt.Errorf("failed to load configuration: %s", strings.Join(problems, "; "))
	}
	return env, nil
}

func checkKind(kind, value string) error {
	var err error
	switch kind {
	case "bool":
		_, err = strconv.ParseBool(value)
	case "int":
		_, err = strconv.ParseInt(value, 10, 64)
	case "json":
		if !json.Valid([]byte(value)) {
			err = fmt.Errorf("%q is not JSON", value)
		}
	}
	return err
}

// configFields maps each variable's name to its field in the configuration struct.
var configFields = func() map[string][]int {
	fields := map[string][]int{}
	var walk func(t reflect.Type, prefix string, index []int)
	walk = func(t reflect.Type, prefix string, index []int) {
		for i := range t.NumField() {
			field := t.Field(i)
			at := append(append([]int{}, index...), i)
			name := prefix + "_" + strings.ToUpper(field.Name)
			if field.Type.Kind() == reflect.Struct {
				walk(field.Type, name, at)
			} else if field.Type.Kind() == reflect.Pointer && field.Type.Elem().Kind() == reflect.Struct {
				walk(field.Type.Elem(), name, at)
			} else {
				fields[name] = at
			}
		}
	}
	walk(reflect.TypeOf(model.Config{}), "MM", nil)
	return fields
}()

// withEnvironment returns a copy of the configuration with the variables laid over it, read as the real server
// reads them: lists are split at spaces, maps are replaced whole.
func withEnvironment(cfg *model.Config, env map[string]string) *model.Config {
	laid := cfg.Clone()
	for name, text := range env {
		index, ok := configFields[name]
		if !ok {
			continue
		}
		field := reflect.ValueOf(laid).Elem().FieldByIndex(index)
		if field.Kind() == reflect.Pointer {
			field.Set(reflect.New(field.Type().Elem()))
			field = field.Elem()
		}
		switch field.Kind() {
		case reflect.String:
			field.SetString(text)
		case reflect.Bool:
			value, _ := strconv.ParseBool(text)
			field.SetBool(value)
		case reflect.Int, reflect.Int64:
			value, _ := strconv.ParseInt(text, 10, 64)
			field.SetInt(value)
		case reflect.Slice:
			if field.Type() == reflect.TypeOf(json.RawMessage{}) {
				field.SetBytes([]byte(text))
			} else {
				field.Set(reflect.ValueOf(strings.Split(text, " ")))
			}
		case reflect.Map:
			target := reflect.New(field.Type())
			if json.Unmarshal([]byte(text), target.Interface()) == nil {
				field.Set(target.Elem())
			}
		}
	}
	return laid
}

// withoutEnvironment returns a copy in which every field that a variable sets has the stored value again, so
// that the variables are never written to the file. This is why mmctl cannot change such a setting: it answers
// "Value changed successfully" and nothing changes.
func withoutEnvironment(cfg, stored *model.Config, env map[string]string) *model.Config {
	bare := cfg.Clone()
	for name := range env {
		if index, ok := configFields[name]; ok {
			field := reflect.ValueOf(bare).Elem().FieldByIndex(index)
			field.Set(reflect.ValueOf(stored).Elem().FieldByIndex(index))
		}
	}
	return bare
}
