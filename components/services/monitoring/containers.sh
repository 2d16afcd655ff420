# What each container of this host uses, from the kernel's control groups: for node_exporter's text file collector.
# The list, lines of `id service`, is placed anew when a container is replaced; `-` stands for this one.
groups=/host/cgroup
out=/tmp/text

# value FILE [KEY]: the file's number, or that of one of its lines.
value() {
  if [ -n "${2:-}" ]; then sed -n "s/^$2 //p" "$1" 2> /dev/null; else cat "$1" 2> /dev/null; fi
}

# files FOLDER PREFIX: bytes of files that the kernel keeps in memory for a group.
files() {
  awk -v of="$2" '$1 == of "inactive_file" || $1 == of "active_file" { sum += $2 } END { printf "%.0f", sum }' "$1/memory.stat"
}

# What stands before the id in the name of a group's folder: Docker puts this one's beside all others, wherever that is.
find_groups() {
  [ -d "$groups/memory" ] && of=$groups/memory || of=$groups
  own=$(find "$of" -type d -name "*$(hostname)*" 2> /dev/null | sed -n 1p)
  before=${own%%"$(hostname)"*}
  [ -n "$own" ]
}
# Folder of a container's group.
group_of() {
  for at in "$before$1"*; do [ ! -d "$at" ] || { echo "$at" && return; }; done
  return 1
}
# Whether any process is in it: the folder alone may stay behind. Version 1 lists nobody to another PID namespace.
lives() {
  if [ -e "$1/cgroup.events" ]; then grep -qx 'populated 1' "$1/cgroup.events"; else
    [ "$(value "$(echo "$1" | sed s,/memory/,/pids/,)/pids.current")" != 0 ]
  fi
}

# A container that starts again gets a new group, of another number. The folder's own time isn't kept by every kernel, so it
# counts only where nothing better is known.
began() {
  number=$(stat -c %i "$2")
  if read -r seen since 2> /dev/null < "/tmp/began/$1"; then
    [ "$seen" = "$number" ] || since=$(date +%s)
  else
    since=$(stat -c %Y "$2")
  fi
  echo "$number $since" > "/tmp/began/$1"
  echo "$since"
}
sample() {
  case ${3:-} in '' | *[!0-9]*) ;; *) echo "muster_container_$1{service=\"$2\"} $3" ;; esac
}
measure() {
  at=$(group_of "$1") && lives "$at" || { sample up "$2" 0 && return; }
  sample up "$2" 1
  sample start_time_seconds "$2" "$(began "$2" "$at")"
  if [ -e "$at/memory.current" ]; then
    used=$(value "$at/memory.current") cached=$(files "$at" '')
    limit=$(value "$at/memory.max") killed=$(value "$at/memory.events" oom_kill)
    busy=$(value "$at/cpu.stat" usage_usec)
  else
    used=$(value "$at/memory.usage_in_bytes") cached=$(files "$at" total_)
    limit=$(value "$at/memory.limit_in_bytes") killed=$(value "$at/memory.oom_control" oom_kill)
    busy=$(value "$(echo "$at" | sed s,/memory/,/cpuacct/,)/cpuacct.usage")
    [ -z "$busy" ] || busy=$((busy / 1000))
  fi
  # Files that the kernel has read and can forget aren't the container's.
  [ -z "$used" ] || sample memory_used_bytes "$2" $((used > cached ? used - cached : 0))
  sample memory_limit_bytes "$2" "$limit"
  sample oom_kills_total "$2" "$killed"
  sample cpu_microseconds_total "$2" "$busy"
}

seconds=${1:-15}
pause() {
  sleep "$seconds" &
  wait $!
}
mkdir -p "$out" /tmp/began
# Who doesn't find itself knows of nobody: then nothing is said, and that is noticed.
until find_groups; do pause; done
while :; do
  while read -r id service; do
    [ "$id" != - ] || id=$(hostname)
    [ -z "$service" ] || measure "$id" "$service"
  done < /muster/containers > /tmp/containers.new
  # The samples of one name stand together.
  sort /tmp/containers.new > "$out/containers.new" && mv -f "$out/containers.new" "$out/containers.prom"
  pause
done
