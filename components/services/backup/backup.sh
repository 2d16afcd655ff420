# One backup: the database first, then files, so that no row names a file that the backup lacks.
# backup.sh WHY
. /muster/lib.sh
alone
why="${1:-asked for}"
began=$(now)
incomplete=no

ended() {
  code=$?
  rm -rf /staging/database
  [ $code -eq 0 ] || record backup failed "why=$why" "seconds=$(($(now) - began))" "incomplete=$incomplete"
  exit $code
}
trap ended EXIT

answers || fail "the database doesn't answer: no backup was taken"
[ ! -e /status/restoring ] || fail "a restore was cut short, and files may be another day's than the database: run it again first; no backup was taken"
is_settled || fail "the data are on their way from another major version of PostgreSQL: no backup was taken"
if is_pristine "$database_name"; then
  open_repository
  newest=$(newest_snapshot "$host")
  [ -z "$newest" ] || fail "nobody has used this stack yet, but its repository holds backups of it: restore first (npm run restore -- $stack); no backup was taken"
fi

# A dump is as large as the rows in it; indexes, which it leaves out, are room to spare.
needed=$(query -d "$database_name" -c 'SELECT pg_database_size(current_database())')
free=$(($(df -Pk /staging | awk 'END { print $4 }') * 1024))
[ "$free" -gt "$needed" ] || fail "no room for the dump: $(human "$needed") needed, $(human "$free") free on the host; no backup was taken"

rm -rf /staging/database /staging/manifest /staging/state
# The settings and the program's own state, as the last up has left them: their secrets are encrypted.
if [ -d /status/state ]; then cp -r /status/state /staging/state; fi
# The counts are those of the very snapshot that the dump sees, while people go on writing.
{
  echo "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
  echo "SELECT pg_export_snapshot() AS snapshot \\gset"
  echo "\\setenv SNAPSHOT :snapshot"
  echo "\\! pg_dump -Fd --compress=none -j 2 --no-sync --snapshot=\$SNAPSHOT -d $database_name -f /staging/database && touch /staging/database/done"
  printf '%s\n' "$counts_sql" | while IFS='	' read -r name sql; do
    [ -z "$name" ] || printf "SELECT 'count', '%s', (%s);\n" "$name" "$sql"
  done
  echo "\\o /staging/links"
  echo "$links_sql;"
  echo "\\o"
  echo "COMMIT;"
} > /staging/dump.sql
psql -X -q -A -t -F '	' -v ON_ERROR_STOP=1 -d "$database_name" -f /staging/dump.sql > /staging/counts
rm /staging/dump.sql
[ -e /staging/database/done ] || fail "pg_dump failed: no backup was taken"
rm /staging/database/done
# What is gone already can't be backed up, and no restore may wait for it.
lacking "/volumes/$links_volume" < /staging/links > /staging/missing
missing=$(wc -l < /staging/missing)
[ "$missing" -eq 0 ] ||
  say "WARNING: $missing of the files that the database names are gone, such as $(head -n 1 /staging/missing); only an older backup may have them"

{
  printf 'version\t1\nmuster\t%s\nstack\t%s\ndomain\t%s\nat\t%s\npostgres\t%s\n' \
    "$muster_version" "$stack" "$domain" "$began" "$postgres_major"
  # What the data were written by: while an upgrade is under way, the settings name what comes next.
  ran=$(cat /status/ran 2> /dev/null || :)
  printf '%s\n' "${ran:-x $images}" | cut -d ' ' -f 2- | tr ' ' '\n' | sed 's/=/	/; s/^/image	/'
  printf '%s\n' "$volumes" | sed -n 's/^\([^ ]\{1,\}\).*/volume	\1/p'
  cat /staging/counts
  sed 's/^/dead	/' /staging/missing
  tables_of /staging/database
} | put /staging/manifest
rm /staging/counts /staging/links /staging/missing

# With somebody looking on, restic's own lines go out as they come. How far it is isn't kept: /tmp is small.
show() {
  awk -v looking="${progress:-}" -v file="$1" '
    BEGIN { printf "" > file }
    looking != "" { print; fflush() }
    !/"message_type":"status"/ { print > file }'
}

# Whatever changes or vanishes while it is read makes a snapshot incomplete: that is a failure, tried once more.
take() {
  code=0
  unhindered backup --json --host "$host" --tag muster --exclude .muster-import /staging /volumes | show /tmp/backup.json || code=$?
  grep '"message_type":"error"' /tmp/backup.json >&2 || :
  summary=$(grep '"message_type":"summary"' /tmp/backup.json || :)
  snapshot=$(printf '%s' "$summary" | sed -n 's/.*"snapshot_id":"\([0-9a-f]*\)".*/\1/p')
  return $code
}
code=0
take || code=$?
if [ $code -eq 10 ]; then
  code=0
  open_repository
  take || code=$?
fi
if [ $code -eq 3 ]; then
  say "some files couldn't be read: once more"
  [ -z "$snapshot" ] || discard "$snapshot"
  code=0
  take || code=$?
  if [ $code -eq 3 ]; then
    incomplete=yes
    [ -z "$snapshot" ] || discard "$snapshot"
    fail "the backup is incomplete, since some files couldn't be read (above): it doesn't count"
  fi
fi
[ $code -eq 0 ] || fail "restic failed (exit code $code): no backup was taken"

number() { printf '%s' "$summary" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"; }
bytes=$(number total_bytes_processed)
files=$(number total_files_processed)
added=$(number data_added_packed)
# Whatever anybody has written since the dump isn't in it.
quiet=no
if [ "$(in_use)" = f ]; then quiet=yes; fi
record backup good "why=$why" "snapshot=$snapshot" "bytes=$bytes" "files=$files" "added=$added" "major=$postgres_major" \
  "pristine=$(is_pristine "$database_name" && echo yes || echo no)" "seconds=$(($(now) - began))" "began=$began" "quiet=$quiet" \
  "repository=$repository_place" "missing=$missing"
say "backed up $(human "$bytes") in $files files as $(echo "$snapshot" | cut -c 1-8), $(human "$added") of it new"
if [ "$prunes" = yes ] && [ "$why" = schedule ]; then
  # shellcheck disable=SC2086
  unhindered forget --quiet --host "$host" --tag muster --group-by host $keep --prune || fail "the backup is good, but older ones can't be pruned"
fi
