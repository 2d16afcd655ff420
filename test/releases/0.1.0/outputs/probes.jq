# Outputs of a Muster stack, schemaVersion 1 -> what a blackbox exporter asks, as Prometheus' service discovery reads it
# from a file: every site, and every health address. Behind docker:NAME nobody answers who could be asked from elsewhere.
if .schemaVersion == 1 then . else error("probes.jq reads schemaVersion 1, not \(.schemaVersion)") end
| .stack as $stack
| [
    (.endpoints | to_entries[] | { targets: [.value], labels: { stack: $stack, site: .key } }),
    (
      .services
      | to_entries[]
      | select(.value.healthAddress | startswith("docker:") | not)
      | { targets: [.value.healthAddress], labels: { stack: $stack, service: .key, host: .value.host } }
    )
  ]
