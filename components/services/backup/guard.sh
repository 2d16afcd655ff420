# Stands between data and whatever is about to run on it.
# guard.sh before IMAGES: before other programs come; takes a backup unless these are the ones that ran last. Exit
#                         code 10: it is another major of PostgreSQL; writers have to be stopped, then ask for `final`.
# guard.sh final  IMAGES: the same for another major of PostgreSQL, while nobody writes: always a backup.
# guard.sh start  IMAGES: before the chat server starts; moves the data in from another major, if need be.
# IMAGES: what is about to run, as `major service=reference ...`.
. /muster/lib.sh
phase=$1 wanted=$2
ran=$(cat /status/ran 2> /dev/null || :)
ran_major=${ran%% *}

back_up() { sh /muster/backup.sh upgrade || fail "no backup, no change: mend what is said above and run the same command again"; }
# Whether the last backup holds all that anybody has written.
is_covered() {
  last_seen=$(cat /status/in-use 2> /dev/null || :)
  [ "$(recorded backup good quiet)" = yes ] && [ "${last_seen:-0}" -le "$(recorded backup good began)" ]
}
# Other programs have the data from now on; the way back from them is a snapshot, if there is anything to lose.
hand_over() {
  printf '%s\n' "$1" | put /status/before-upgrade
  printf '%s\n' "$wanted" | put /status/ran
}
# Whether a move into this major was begun, and not finished: what it holds is half of a backup.
is_moving() { [ "$(cat /status/moving 2> /dev/null || :)" = "$postgres_major" ]; }

case $phase in
before)
  [ "$ran" != "$wanted" ] && is_settled || exit 0
  # To a later major, the data move: whoever writes has to stop first. An earlier one can't read what this one dumps.
  [ "${wanted%% *}" -le "$postgres_major" ] || exit 10
  [ "${wanted%% *}" -ge "$postgres_major" ] ||
    fail "the data are in PostgreSQL $postgres_major, and ${wanted%% *} can't take them back
  fix: set muster:postgres.major to $postgres_major; nothing was changed"
  is_pristine "$database_name" || back_up
  exit 0
  ;;
final)
  is_settled || exit 0
  # The server has been replaced already, by an `up` that broke off: what it held was backed up then.
  there=$(server_major "$database_name")
  [ -z "$there" ] || [ "$there" = "$postgres_major" ] || exit 0
  if is_pristine "$database_name"; then
    touch /status/pristine
  else
    back_up
    rm -f /status/pristine
  fi
  exit 0
  ;;
start) ;;
*) fail "guard.sh knows no phase $phase" ;;
esac

[ ! -e /status/restoring ] || fail "a restore into this stack was cut short: its files may be another day's than its database
  fix: run that restore again; nothing was started"

if is_settled; then
  if [ "$ran" = "$wanted" ]; then
    :
  elif is_pristine "$database_name"; then
    hand_over ""
  else
    # The one that was taken before images came lacks what people have written since.
    is_covered || back_up
    hand_over "$(recorded backup good snapshot)"
  fi
  ! is_moving || rm /status/moving
  exit 0
fi

# Another major than the one that ran last: its volume is new, and the data come in from the last backup.
back="set muster:postgres.major back to $ran_major and run the same command again; nothing of the old volume was changed"
[ "$(server_major postgres)" = "$postgres_major" ] || fail "PostgreSQL $postgres_major doesn't answer: nothing was moved"
if ! is_moving && ! is_pristine "$database_name"; then
  fail "the volume of PostgreSQL $postgres_major holds data from before $ran_major was in use: they are older than the last backup
  fix: $back; or remove that volume (docker volume rm), to move the data in anew"
fi
if [ -e /status/pristine ]; then
  say "nobody has used this stack yet: nothing to move from PostgreSQL $ran_major"
  hand_over ""
  exit 0
fi
snapshot=$(recorded backup good snapshot)
if [ -z "$snapshot" ] || [ "$(recorded backup good major)" != "$ran_major" ]; then
  fail "there is no backup from PostgreSQL $ran_major to move in
  fix: $back; then npm run upgrade"
fi
is_covered || fail "the chat server has used the database during or after the last backup: what it wrote then would be missing
  fix: $back; then npm run upgrade"

alone
# Somebody else's move was waited for: it may have been this one.
[ "$(cat /status/ran)" = "$ran" ] || exec sh /muster/guard.sh start "$wanted"
echo "$postgres_major" | put /status/moving
say "moving the data from PostgreSQL $ran_major to $postgres_major, out of backup $(echo "$snapshot" | cut -c 1-8)"
rm -rf /scratch/*
mkdir /scratch/compare
restic restore --quiet "$snapshot:/staging" --target /scratch/staging > /dev/null ||
  fail "the last backup can't be read from $RESTIC_REPOSITORY
  fix: set what muster:backup.target was when it was taken; or $back"
query -d postgres -c "DROP DATABASE IF EXISTS $database_name WITH (FORCE)"
query -d postgres -c "CREATE DATABASE $database_name"
fill "$database_name" /scratch/staging/database /scratch/staging/manifest /scratch/compare
rm -rf /scratch/*
hand_over "$snapshot"
rm /status/moving
say "moved and compared, row by row; the volume of PostgreSQL $ran_major is kept"
