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

# One `up` asks twice: before images come, and before the chat server starts.
is_done() {
  last=$(recorded backup good at)
  [ "$(cat /status/backed-up-for 2> /dev/null || :)" = "$wanted" ] &&
    [ -n "$last" ] && [ "$last" -le "$(now)" ] && [ $(($(now) - last)) -lt 600 ]
}
back_up() {
  sh /muster/backup.sh upgrade || fail "no backup, no change: mend what is said above and run the same command again"
  printf '%s\n' "$wanted" | put /status/backed-up-for
}

case $phase in
before)
  [ "$ran" != "$wanted" ] && is_settled || exit 0
  # To a later major, the data move: whoever writes has to stop first. An earlier one can't read what this one dumps.
  [ "${wanted%% *}" -le "$postgres_major" ] || exit 10
  [ "${wanted%% *}" -ge "$postgres_major" ] ||
    fail "the data are in PostgreSQL $postgres_major, and ${wanted%% *} can't take them back
  fix: set muster:postgres.major to $postgres_major; nothing was changed"
  if [ -z "$ran" ] && is_pristine "$database_name"; then exit 0; fi
  is_pristine "$database_name" || back_up
  exit 0
  ;;
final)
  is_settled || exit 0
  is_pristine "$database_name" || back_up
  exit 0
  ;;
start) ;;
*) fail "guard.sh knows no phase $phase" ;;
esac

if [ -z "$ran" ] || [ "$ran_major" = "$postgres_major" ]; then
  if [ -n "$ran" ] && [ "$ran" != "$wanted" ]; then is_done || is_pristine "$database_name" || back_up; fi
  printf '%s\n' "$wanted" | put /status/ran
  exit 0
fi

# Another major than the one that ran last: its volume is new, and the data come in from the last backup.
back="set muster:postgres.major back to $ran_major and run the same command again; nothing of the old volume was changed"
if [ ! -e /status/moving ] && ! is_pristine "$database_name"; then
  fail "the volume of PostgreSQL $postgres_major holds data from before $ran_major was in use: they are older than the last backup
  fix: $back; or remove that volume (docker volume rm), to move the data in anew"
fi
if [ -e /status/pristine ] && [ ! /status/pristine -ot /status/in-use ]; then
  say "nobody has used this stack yet: nothing to move from PostgreSQL $ran_major"
  printf '%s\n' "$wanted" | put /status/ran
  exit 0
fi
snapshot=$(recorded backup good snapshot)
[ -n "$snapshot" ] && [ "$(recorded backup good major)" = "$ran_major" ] ||
  fail "there is no backup from PostgreSQL $ran_major to move in
  fix: $back; then npm run upgrade"
if [ -e /status/in-use ] && [ "$(stat -c %Y /status/in-use)" -gt $(($(recorded backup good began) + 90)) ]; then
  fail "the chat server has used the database after the last backup: what it wrote then would be missing
  fix: $back; then npm run upgrade"
fi

alone
touch /status/moving
say "moving the data from PostgreSQL $ran_major to $postgres_major, out of backup $(echo "$snapshot" | cut -c 1-8)"
rm -rf /scratch/*
mkdir /scratch/compare
restic restore --quiet "$snapshot:/staging" --target /scratch/staging > /dev/null
query -d postgres -c "DROP DATABASE IF EXISTS $database_name WITH (FORCE)"
query -d postgres -c "CREATE DATABASE $database_name"
fill "$database_name" /scratch/staging/database /scratch/staging/manifest /scratch/compare
rm -rf /scratch/*
printf '%s\n' "$wanted" | put /status/ran
rm /status/moving
say "moved and compared, row by row; the volume of PostgreSQL $ran_major is kept"
