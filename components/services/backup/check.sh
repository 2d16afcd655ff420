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
# What can't be opened isn't damaged.
must_open() {
  code=0
  unhindered cat config --quiet > /dev/null || code=$?
  case $code in
  0) ;;
  # What these are has been said.
  10 | 11 | 12) exit $code ;;
  *) fail "the repository at $RESTIC_REPOSITORY can't be opened (above): nothing is known about its data
  fix: look whether the disk, the other machine or the storage is there, and lets this host in" ;;
  esac
}
must_open
code=0
unhindered check --quiet --read-data-subset="$part/$parts" || code=$?
case $code in
0) ;;
1)
  # It may have gone away in between.
  must_open
  fail "the repository at $RESTIC_REPOSITORY is damaged (above): new backups may be lost with it; see docs/runbooks/damaged-repository.md"
  ;;
*) fail "the check broke off (restic's exit code $code): nothing is known about the repository's data" ;;
esac
record check good "part=$part"
say "the repository is whole; part $part of $parts of its data was read back"
