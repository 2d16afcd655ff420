# Looks whether the repository is whole, and reads part of its data back: over eight checks, all of it.
. /muster/lib.sh
alone
ended() {
  code=$?
  [ $code -eq 0 ] || record check failed
  exit $code
}
trap ended EXIT

parts=8
part=$((($(recorded check good part || :) + 0) % parts + 1))
restic unlock --quiet || :
restic check --quiet --read-data-subset="$part/$parts" ||
  fail "the repository at $RESTIC_REPOSITORY is damaged (above): new backups may be lost with it; see docs/runbooks/damaged-repository.md"
record check good "part=$part"
say "the repository is whole; part $part of $parts of its data was read back"
