// The double of the web server: a page, the configuration that the real templates would write, and the way to the
// XMPP server.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"

	"muster/test/e2e/images/jitsi/settings"
)

const page = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Jitsi Meet</title><script src="config.js"></script></head>
<body><h1>Jitsi Meet</h1><p>This page is a double made for tests.</p></body>
</html>
`

// As much of the interface for embedding as opens a room in a frame.
const externalAPI = `class JitsiMeetExternalAPI {
  constructor(domain, options = {}) {
    const query = options.jwt ? '?jwt=' + encodeURIComponent(options.jwt) : '';
    this.frame = document.createElement('iframe');
    this.frame.src = 'https://' + domain + '/' + encodeURIComponent(options.roomName || '') + query;
    this.frame.allow = 'camera; microphone; display-capture';
    (options.parentNode || document.body).appendChild(this.frame);
  }
  getIFrame() { return this.frame; }
  dispose() { this.frame.remove(); }
}
`

func main() {
	settings.Double("web")
	// The start script compares with the number: "true" would not do.
	if os.Getenv("DISABLE_HTTPS") != "1" {
		mustWrite("/storage", "${CONFIG}/storage/web")
	}
	upstream, err := url.Parse(settings.Get("XMPP_BOSH_URL_BASE", "http://xmpp.meet.jitsi:5280"))
	if err != nil {
		log.Fatalf("XMPP_BOSH_URL_BASE: %v", err)
	}
	mux := http.NewServeMux()
	proxy := toProsody(upstream)
	mux.Handle("/http-bind", proxy)
	if settings.Bool("ENABLE_XMPP_WEBSOCKET", true) {
		mux.Handle("/xmpp-websocket", proxy)
	}
	mux.Handle("/config.js", text("application/javascript; charset=utf-8", config()))
	mux.Handle("/interface_config.js", text("application/javascript; charset=utf-8", "var interfaceConfig = {};\n"))
	mux.Handle("/external_api.js", text("application/javascript; charset=utf-8", externalAPI))
	for _, folder := range []string{"libs", "css", "static", "images", "fonts", "lang", "sounds", ".well-known"} {
		mux.Handle("/"+folder+"/", http.NotFoundHandler())
	}
	// Whatever else somebody asks for is the name of a room.
	mux.Handle("/", text("text/html; charset=utf-8", page))
	log.Fatal(http.ListenAndServe(":8000", logged(secured(mux))))
}

func text(kind, body string) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Content-Type", kind)
		fmt.Fprint(writer, body)
	})
}

// toProsody passes a request on, for the one host that the XMPP server knows and with the asker's address.
func toProsody(upstream *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(upstream)
			request.Out.Host = settings.Get("XMPP_DOMAIN", "meet.jitsi")
			request.Out.URL.RawQuery = "prefix=&" + request.In.URL.RawQuery
			if host, _, err := net.SplitHostPort(request.In.RemoteAddr); err == nil {
				request.Out.Header.Set("X-Forwarded-For", host)
			}
		},
		ErrorHandler: func(writer http.ResponseWriter, _ *http.Request, err error) {
			log.Printf("upstream: %v", err)
			writer.WriteHeader(http.StatusBadGateway)
		},
	}
}

func secured(next http.Handler) http.Handler {
	policy := os.Getenv("CSP_HEADER")
	redirect := settings.Bool("ENABLE_HTTP_REDIRECT", false)
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if redirect {
			http.Redirect(writer, request, "https://"+request.Host+request.RequestURI, http.StatusMovedPermanently)
			return
		}
		header := writer.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-XSS-Protection", "1; mode=block")
		header.Set("Permissions-Policy", "interest-cohort=()")
		if policy != "" {
			header.Set("Content-Security-Policy", policy)
		}
		next.ServeHTTP(writer, request)
	})
}

var withToken = regexp.MustCompile(`\?.*(?:jwt|token)=.*`)

// logged writes one line for each request, without what stands in for a password.
func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		log.Printf("%s %s %s", request.RemoteAddr, request.Method,
			withToken.ReplaceAllString(request.RequestURI, "?[params_redacted]"))
		next.ServeHTTP(writer, request)
	})
}

// mustWrite ends the program where a folder can't be written to.
func mustWrite(folder, hint string) {
	probe, err := os.CreateTemp(folder, ".write-test")
	if err == nil {
		probe.Close()
		os.Remove(probe.Name())
		return
	}
	uid := os.Getuid()
	if _, err := os.Stat(folder); err != nil {
		fmt.Printf("FATAL ERROR: required directory '%s' is missing.\n", folder)
	} else {
		fmt.Printf("FATAL ERROR: directory '%s' is not writable by the container user (uid %d).\n", folder, uid)
	}
	fmt.Println(strings.ReplaceAll("On the host it is HINT.", "HINT", hint))
	os.Exit(1)
}
