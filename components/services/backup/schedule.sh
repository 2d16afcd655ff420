# The schedule: a loop that asks each minute what is due. It goes by what has been recorded, and so catches up with
# whatever was missed while the machine was off, and isn't led astray by a clock that jumps.
. /muster/lib.sh
mkdir -p /status/www
# What a killed one has left. A restore in a container of its own may be at work there now.
if flock -n 9; then rm -rf /staging/database /scratch/*; fi 9> /status/lock
sh /muster/metrics.sh
/muster/busybox httpd -p "$metrics_port" -h /status/www

# due LAST NOW FIRST: whether FIRST, the last time at which it should have run, isn't covered by LAST. A last time
# that lies in the future was written by a clock that was wrong: it counts as none.
due() {
  [ -n "$1" ] && [ "$1" -le $(($2 + 60)) ] && [ "$1" -ge "$3" ] && return 1
  return 0
}
# How long what has failed rests, in minutes. A backup is wanted soon; one that is incomplete stays in a repository
# that this host can't delete from. A check and a drill read much, and a drill fills the disk meanwhile.
rest_of() {
  case $1 in
  backup) if [ "$(recorded backup failed incomplete)" = yes ]; then echo 60; else echo 15; fi ;;
  *) echo 1440 ;;
  esac
}
rested() {
  failed=$(recorded "$1" failed at)
  [ -z "$failed" ] || [ "$failed" -gt $(($(now) + 60)) ] || [ $(($(now) - failed)) -ge $(($(rest_of "$1") * 60)) ]
}
# Beside it, the loop goes on saying that it is alive, and looking on.
attempt() {
  kind=$1
  shift
  echo "$(date -u +%FT%TZ) $kind"
  sh "/muster/$kind.sh" "$@" &
  child=$!
  while kill -0 $child 2> /dev/null; do
    touch /tmp/alive
    look || :
    pause "$tick_seconds"
  done
  wait $child || echo "$kind FAILED; it is tried again in $(rest_of "$kind") minutes"
}
# The first process of a container hears no signal that it hasn't asked for, and none while it waits for another.
child=
pause() {
  sleep "$1" &
  wait $! || :
}
trap '[ -z "$child" ] || kill "$child" 2> /dev/null || :; exit 0' TERM INT

# Whether anybody has used the stack, and when the chat server was last seen: what a move to another major goes by.
look() {
  seen=$(now)
  answers && is_settled || return 0
  if is_pristine "$database_name"; then touch /status/pristine; elif answers; then
    rm -f /status/pristine
    [ -s /status/use.first ] || record use first
  fi
  if [ "$(in_use)" = t ]; then echo "$seen" | put /status/in-use; fi
}

while :; do
  touch /tmp/alive
  look || :
  t=$(now)
  tonight=$((t / 86400 * 86400 + at_seconds))
  [ "$tonight" -le "$t" ] || tonight=$((tonight - 86400))
  if due "$(recorded backup good began)" "$t" "$tonight" && rested backup; then
    if answers && is_settled && ! is_pristine "$database_name"; then attempt backup schedule; fi
  fi
  if [ -n "$(recorded backup good at)" ]; then
    if due "$(recorded check good at)" "$t" $((t - check_days * 86400)) && rested check; then attempt check; fi
    if due "$(recorded drill good at)" "$t" $((t - drill_days * 86400)) && rested drill; then attempt drill; fi
  fi
  pause "$tick_seconds"
done
