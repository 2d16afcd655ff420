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
exec "$@"
