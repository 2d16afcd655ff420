package main

import (
	"net"
	"net/http"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"muster/test/e2e/images/mattermost/plugin"
)

// metrics is the enterprise edition's second server, where a licence has it: the server's own metrics, of which the
// double has what every Go program has, and those of plugins below.
func (s *server) metrics() (*http.Server, net.Listener, error) {
	settings := s.config.get().MetricsSettings
	if !*settings.Enable || edition != "enterprise" || s.license == nil || !*s.license.Features.Metrics {
		return nil, nil, nil
	}
	listener, err := net.Listen("tcp", *settings.ListenAddress)
	if err != nil {
		return nil, nil, err
	}
	routes := mux.NewRouter()
	routes.Handle("/metrics", promhttp.Handler())
	routes.HandleFunc("/plugins/{id}/metrics", func(w http.ResponseWriter, r *http.Request) {
		if measured, ok := s.plugins.snapshot()[mux.Vars(r)["id"]].(plugin.Measured); ok {
			measured.ServeMetrics(w, r)
			return
		}
		http.NotFound(w, r)
	})
	return &http.Server{Handler: routes}, listener, nil
}
