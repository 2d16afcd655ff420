// Package settings reads environment variables as the templates and start scripts of the real images do.
package settings

import (
	"fmt"
	"log"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Get returns a variable, or the template's default where it is unset or empty.
func Get(name, or string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return or
}

// Bool follows the templates: anything that isn't a boolean is false.
func Bool(name string, or bool) bool {
	value := os.Getenv(name)
	if value == "" {
		return or
	}
	parsed, err := strconv.ParseBool(value)
	return err == nil && parsed
}

// List splits at commas and leaves empty parts out.
func List(name string) []string {
	var parts []string
	for _, part := range strings.Split(os.Getenv(name), ",") {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// Secret returns a password that the start script insists on.
func Secret(name, whose string) string {
	value := os.Getenv(name)
	if value == "" {
		fmt.Printf("FATAL ERROR: %s auth password must be set\n", whose)
		os.Exit(1)
	}
	return value
}

var heap = regexp.MustCompile(`^[1-9]\d*[kKmMgGtT]?$`)

// Heap checks a maximum that the real image hands to Java.
func Heap(name string) {
	value := os.Getenv(name)
	if value != "" && !heap.MatchString(value) {
		fmt.Printf("Invalid maximum heap size: -Xmx%s\nError: Could not create the Java Virtual Machine.\n", value)
		os.Exit(1)
	}
}

// Account is what jicofo and jvb log in with.
type Account struct{ Server, Port, Domain, User, Password string }

// XMPP reads where the server is. The first of several is taken.
func XMPP(user, password string) Account {
	server, port, _ := strings.Cut(strings.Split(Get("XMPP_SERVER", "xmpp.meet.jitsi"), ",")[0], ":")
	if port == "" {
		port = Get("XMPP_PORT", "5222")
	}
	return Account{server, port, Get("XMPP_AUTH_DOMAIN", "auth.meet.jitsi"), user, password}
}

// Brewery is the room in which bridges announce themselves.
func Brewery() string {
	return Get("JVB_BREWERY_MUC", "jvbbrewery") + "@" + Get("XMPP_INTERNAL_MUC_DOMAIN", "internal-muc.meet.jitsi")
}

// Double says in the log that this is no Jitsi.
func Double(name string) {
	log.SetFlags(log.Ldate | log.Ltime)
	log.SetOutput(os.Stdout)
	log.Printf("%s: A DOUBLE made for tests, no real Jitsi program", name)
}
