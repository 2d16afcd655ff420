package main

import (
	"fmt"
	"os"
	"strings"

	"muster/test/e2e/images/jitsi/settings"
)

// config is config.js: the values that depend on the environment and that Muster sets.
func config() string {
	var out strings.Builder
	set := func(name, value string) { fmt.Fprintf(&out, "config.%s = %s;\n", name, value) }
	text := func(value string) string { return "'" + strings.ReplaceAll(value, "'", `\'`) + "'" }
	flag := func(name string, or bool) string { return fmt.Sprint(settings.Bool(name, or)) }

	domain := settings.Get("XMPP_DOMAIN", "meet.jitsi")
	public := strings.TrimSuffix(strings.TrimPrefix(settings.Get("PUBLIC_URL", "https://localhost:8443"), "https://"), "/")
	out.WriteString("// Jitsi Meet configuration.\nvar config = {};\n")
	set("hosts", "{}")
	set("hosts.domain", text(domain))
	set("hosts.muc", text(settings.Get("XMPP_MUC_DOMAIN", "muc.meet.jitsi")))
	if settings.Bool("ENABLE_AUTH", false) {
		if settings.Bool("ENABLE_GUESTS", false) {
			set("hosts.anonymousdomain", text(settings.Get("XMPP_GUEST_DOMAIN", "guest.meet.jitsi")))
		}
		if settings.Bool("ENABLE_AUTH_DOMAIN", true) {
			set("hosts.authdomain", text(domain))
		}
	}
	if settings.Bool("BOSH_RELATIVE", false) {
		set("bosh", text("/http-bind"))
	} else {
		set("bosh", text("https://"+public+"/http-bind"))
	}
	if settings.Bool("ENABLE_XMPP_WEBSOCKET", true) {
		set("websocket", text("wss://"+public+"/xmpp-websocket"))
	}
	set("bridgeChannel", "{ preferSctp: "+flag("JVB_PREFER_SCTP", true)+" }")
	set("resolution", settings.Get("RESOLUTION", "720"))
	set("p2p", "{ enabled: "+flag("ENABLE_P2P", true)+" }")
	if servers := settings.List("P2P_STUN_SERVERS"); len(servers) > 0 {
		urls := make([]string, len(servers))
		for index, server := range servers {
			urls[index] = "{ urls: " + text("stun:"+server) + " }"
		}
		set("p2p.stunServers", "["+strings.Join(urls, ", ")+"]")
	}
	set("welcomePage", fmt.Sprintf("{ disabled: %v }", !settings.Bool("ENABLE_WELCOME_PAGE", true)))
	set("prejoinConfig", "{ enabled: "+flag("ENABLE_PREJOIN_PAGE", true)+" }")
	if url := os.Getenv("TOKEN_AUTH_URL"); url != "" {
		set("tokenAuthUrl", text(url))
	}
	return out.String()
}
