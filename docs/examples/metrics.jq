# Outputs of a Muster stack, schemaVersion 1 -> metrics, as the text collector of a node exporter reads them from a file.
# Run with --raw-output. What nobody knows (null) has no sample.

def quoted: tostring | split("\\") | join("\\\\") | split("\"") | join("\\\"") | split("\n") | join("\\n") | "\"\(.)\"";
def sample($labels; $value): { labels: $labels, value: $value };
def info($labels): sample($labels; 1);

# A metric with its samples, each labelled with the stack.
def metric($name; $help; samples):
  "# HELP muster_outputs_\($name) \($help)",
  "# TYPE muster_outputs_\($name) gauge",
  (
    .stack as $stack
    | samples
    | select(.value != null)
    | ({ stack: $stack } + .labels | to_entries | map("\(.key)=\(.value | quoted)") | join(",")) as $labels
    | "muster_outputs_\($name){\($labels)} \(.value)"
  );

def services(labels; value):
  .services | to_entries[] | sample({ service: .key, host: .value.host } + (.value | labels); .value | value);
def hosts(value): .sizing.hosts | to_entries[] | sample({ host: .key }; .value | value);
def times($unit): if . == null then null else . * $unit end;
def mib: times(1048576);
def gib: times(1073741824);
def gb: times(1000000000);
def days: times(86400);
def timestamp: if . == null then null else .[0:19] + "Z" | fromdateiso8601 end;

if .schemaVersion == 1 then . else error("metrics.jq reads schemaVersion 1, not \(.schemaVersion)") end
| metric("stack_info"; "The stack."; info({ edition, monitoring: .monitoring.kind })),
  metric("endpoint_info"; "Address of a site."; .endpoints | to_entries[] | info({ site: .key, address: .value })),
  metric("service_info"; "A running service.";
    services({ title, container, image, health_address: .healthAddress }; 1)),
  metric("service_memory_bytes"; "Memory limit of a service."; services({}; .memoryMiB | mib)),
  metric("sizing_people"; "People that the stack is sized for.";
    .sizing.people | { accounts, active, inCalls, sharing, inMeetings, cameras } | to_entries[]
    | sample({ kind: .key }; .value)),
  metric("sizing_memory_bytes"; "Memory that a host needs."; hosts(.demand.memoryMiB | mib)),
  metric("sizing_cpus"; "Virtual CPUs that it needs."; hosts(.demand.cpus)),
  metric("sizing_disk_bytes"; "Room that it needs on the data disk."; hosts(.demand.diskGiB | gib)),
  metric("sizing_egress_bytes_per_second"; "Traffic that leaves it when busy."; hosts(.demand.egressMbps | times(125000))),
  metric("sizing_traffic_bytes"; "Traffic that leaves it in a month."; hosts(.demand.trafficGB | gb)),
  metric("capacity_memory_bytes"; "Memory of a host."; hosts(.capacity.memoryMiB | mib)),
  metric("capacity_cpus"; "Virtual CPUs of a host."; hosts(.capacity.cpus)),
  metric("capacity_disk_bytes"; "Room on its data disk."; hosts(.capacity.diskGiB | gib)),
  metric("capacity_traffic_bytes"; "Traffic in its price, in a month."; hosts(.capacity.trafficGB | gb)),
  metric("headroom_memory_bytes"; "Memory left over."; hosts(.headroomMiB | mib)),
  metric("cost_per_month"; "Estimate, without taxes."; .cost | sample({ currency, as_of: .asOf }; .monthly)),
  metric("open_port_info"; "A port that a host publishes.";
    .openPorts[] | info({ host, service, port, last_port: .lastPort, protocol, exposure, from, why })),
  metric("backup_info"; "Where backups go, and when."; .backup | info({ target, repository, at: .schedule.at })),
  metric("backup_keep_snapshots"; "How many snapshots of each kind stay.";
    .backup.schedule.keep | to_entries[] | sample({ kind: .key }; .value)),
  metric("backup_check_interval_seconds"; "Time between checks."; sample({}; .backup.schedule.checkDays | days)),
  metric("backup_drill_interval_seconds"; "Time between drills."; sample({}; .backup.schedule.drillDays | days)),
  metric("backup_last_timestamp_seconds"; "When the last good backup ended, as of the last up.";
    .backup.last | sample({}; .at | timestamp)),
  metric("backup_last_size_bytes"; "What it holds."; .backup.last | sample({}; .bytes)),
  metric("backup_last_files"; "Files in it."; .backup.last | sample({}; .files)),
  metric("backup_proven_timestamp_seconds"; "When the last drill that proved a backup ended, as of the last up.";
    .backup.proven | sample({}; .at | timestamp)),
  metric("backup_proven_taken_timestamp_seconds"; "When the backup was taken that it restored.";
    .backup.proven | sample({}; .taken | timestamp)),
  metric("backup_proven_size_bytes"; "What that backup holds."; .backup.proven | sample({}; .bytes))
