#!/bin/sh
# The official image's entrypoint, for busybox's shell: options alone are turnserver's, and each argument may hold
# shell expressions, which are put in one by one.
case "$1" in
-*) set -- turnserver "$@" ;;
esac
left=$#
while [ "$left" -gt 0 ]; do
  set -- "$@" "$(eval "echo $1")"
  shift
  left=$((left - 1))
done
# Debian's turnserver handles no SIGTERM, which a container's first process must; the official one ends at once.
"$@" &
child=$!
for name in HUP USR1 USR2; do trap "kill -$name $child" "$name"; done
trap 'kill $child; wait $child; exit 0' TERM INT
while :; do
  wait "$child"
  code=$?
  kill -0 "$child" 2>/dev/null || exit "$code"
done
