# What each container of this host uses, from the kernel's control groups: for node_exporter's text file collector.
# The list, lines of `id service`, is placed anew when a container is replaced; `-` stands for this one.
groups=/host/cgroup
out=/tmp/text

# value FILE [KEY]: the file's number, or that of one of its lines.
value() {
  if [ -n "${2:-}" ]; then sed -n "s/^$2 //p" "$1" 2> /dev/null; else cat "$1" 2> /dev/null; fi
}

# Folder of a container's group: of version 2 or 1, as Docker names it with systemd and without.
group_of() {
  for at in "$groups/system.slice/docker-$1"*.scope "$groups/docker/$1"* \
    "$groups/memory/system.slice/docker-$1"*.scope "$groups/memory/docker/$1"*; do
    [ ! -d "$at" ] || { echo "$at" && return; }
  done
  return 1
}
# Whether any process is in it: the folder alone may stay behind. Version 1 lists nobody to another PID namespace.
lives() {
  if [ -e "$1/cgroup.events" ]; then grep -qx 'populated 1' "$1/cgroup.events"; else
    [ "$(value "$(echo "$1" | sed s,/memory/,/pids/,)/pids.current")" != 0 ]
  fi
}

sample() {
  case ${3:-} in '' | *[!0-9]*) ;; *) echo "muster_container_$1{service=\"$2\"} $3" ;; esac
}
measure() {
  at=$(group_of "$1") && lives "$at" || { sample up "$2" 0 && return; }
  sample up "$2" 1
  # A container that starts again gets a new group.
  sample start_time_seconds "$2" "$(stat -c %Y "$at")"
  if [ -e "$at/memory.current" ]; then
    used=$(value "$at/memory.current") cached=$(value "$at/memory.stat" inactive_file)
    limit=$(value "$at/memory.max") killed=$(value "$at/memory.events" oom_kill)
    busy=$(value "$at/cpu.stat" usage_usec)
  else
    used=$(value "$at/memory.usage_in_bytes") cached=$(value "$at/memory.stat" total_inactive_file)
    limit=$(value "$at/memory.limit_in_bytes") killed=$(value "$at/memory.oom_control" oom_kill)
    busy=$(value "$(echo "$at" | sed s,/memory/,/cpuacct/,)/cpuacct.usage")
    [ -z "$busy" ] || busy=$((busy / 1000))
  fi
  # Files that the kernel has read and can forget aren't the container's.
  [ -z "$used" ] || sample memory_working_set_bytes "$2" $((used - ${cached:-0}))
  sample memory_limit_bytes "$2" "$limit"
  sample oom_kills_total "$2" "$killed"
  sample cpu_microseconds_total "$2" "$busy"
}

mkdir -p "$out"
while :; do
  while read -r id service; do
    [ "$id" != - ] || id=$(hostname)
    [ -z "$service" ] || measure "$id" "$service"
  done < /muster/containers > /tmp/containers.new
  # The samples of one name stand together.
  sort /tmp/containers.new > "$out/containers.new" && mv -f "$out/containers.new" "$out/containers.prom"
  sleep "${1:-15}" &
  wait $!
done
