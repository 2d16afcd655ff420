# What all stand-ins share. $FAKE has the machine's state; what changes it is written to $FAKE/calls.
set -eu
name=${0##*/}
# Call it at the end of what changes something. The bootstrap is killed right after the change number $DIES.
changes() {
  echo "$name $*" >> "$FAKE/calls"
  [ -z "${DIES:-}" ] || [ "$(wc -l < "$FAKE/calls")" -ne "$DIES" ] || kill -9 "$BOOTSTRAP"
}
# Ends as the test wants it to: $FAKE/<name>-fails has the words.
may_fail() {
  [ ! -e "$FAKE/$name-fails" ] || {
    cat "$FAKE/$name-fails" >&2
    exit 1
  }
}
last() { shift $(($# - 1)) && echo "$1"; }
