# An import: the database and the files of a Mattermost from elsewhere, in place of what is here. Runs in a container
# of its own, as restore.sh does; that container is started once for each phase, which /order/phase names:
#   look   everything that speaks against it
#   fill   fills a database beside the live one from /import/dump, and compares it; the files lie in .muster-import
#   swap   while the chat server is stopped: puts database and files in the place of those that are here
#   clear  takes away what was brought, where nothing comes of it
. /muster/lib.sh
# Of the order: id, kind (custom or plain), dump_bytes, files_bytes, overwrite (yes or no).
. /order/settings.sh
phase=$(cat /order/phase)
alone
began=$(now)
side="${database_name}_imported"
data="/volumes/$links_volume" staged="/volumes/$links_volume/.muster-import" dump=/import/dump

clear_away() {
  rm -rf "$staged" /import/*
  query -d postgres -c "DROP DATABASE IF EXISTS $side WITH (FORCE)"
}
ended() {
  code=$?
  rm -rf /scratch/*
  if [ $code -ne 0 ]; then
    [ "$phase" != fill ] || clear_away || :
    [ "$phase" = look ] || record import failed "seconds=$(($(now) - began))"
  fi
  exit $code
}
trap ended EXIT
rm -rf /scratch/*
query -d postgres -c 'SELECT 1' > /dev/null || fail "the database doesn't answer: nothing was changed"
is_settled || fail "the data are on their way from another major version of PostgreSQL: nothing was changed"

if [ "$phase" = clear ]; then
  clear_away
  exit 0
fi

interrupted=$(cat /status/restoring 2> /dev/null || :)
used=no
there=$(query -d postgres -c "SELECT 1 FROM pg_database WHERE datname = '$database_name'")
if [ -n "$there" ] && [ "$interrupted" != "$id" ] && ! is_pristine "$database_name"; then used=yes; fi
if [ "$used" = yes ] && [ "$overwrite" != yes ]; then
  fail "this stack is in use: its last change is from $(query -d "$database_name" -c "$newest_sql")
  fix: import into a new stack, or say that all that is here shall be replaced: --overwrite $stack; nothing was changed"
fi

# Lines that say what a database was written by.
versions() {
  printf '%s\n' "$versions_sql" | while IFS='	' read -r table sql; do
    [ "$(query -d "$1" -c "SELECT to_regclass('public.$table') IS NOT NULL")" = t ] || continue
    query -d "$1" -c "$sql"
    break
  done
}

if [ "$phase" = look ]; then
  clear_away
  # The dump, the database out of it with its indexes; a custom dump is compressed.
  times=3
  [ "$kind" != custom ] || times=9
  if [ "$(df -Pk /scratch | tail -n 1 | cut -d ' ' -f 1)" = "$(df -Pk "$data" | tail -n 1 | cut -d ' ' -f 1)" ]; then
    files_needed=0 needed=$((dump_bytes * times + files_bytes))
  else
    files_needed=$files_bytes needed=$((dump_bytes * times))
  fi
  for pair in "/scratch $needed" "$data $files_needed"; do
    free=$(($(df -Pk "${pair% *}" | awk 'END { print $4 }') * 1024))
    [ "$free" -gt "${pair#* }" ] || fail "no room for the import: about $(human "${pair#* }") needed, $(human "$free") free on the host; nothing was changed"
  done
  printf 'used\t%s\n' "$used"
  [ -z "$there" ] || versions "$database_name" | sed 's/^/here	/'
  exit 0
fi

# A plain dump without what belongs to the old server alone: owners, rights, databases, tablespaces; psql's own
# commands too. What lies between COPY and \. are rows, and are counted.
filtered() {
  awk -v counts=/scratch/rows '
    rows { if ($0 == "\\.") { rows = 0; printf "%s\t%d\n", table, count > counts } else count++; print; next }
    /^COPY .* FROM stdin;$/ { rows = 1; table = $2; count = 0; print; next }
    /^\\(un)?restrict / || /^\\connect / { next }
    /^\\/ { exit 3 }
    /^INSERT INTO .* VALUES/ { exit 4 }
    /^ALTER .* OWNER TO .*;$/ || /^(GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) .*;$/ { next }
    /^(CREATE|ALTER|DROP) DATABASE .*;$/ || /^SET default_tablespace / { next }
    /^(CREATE|ALTER|COMMENT ON) SCHEMA public/ { next }
    { print }'
}
unfit() {
  case $1 in
  3) fail "the dump has a command for psql in it that pg_dump doesn't write: nothing was changed" ;;
  4) fail "the dump was made with --inserts: make it anew with pg_dump -Fc; nothing was changed" ;;
  *) fail "the dump can't be loaded (above): make it anew with pg_dump -Fc; nothing was changed" ;;
  esac
}
fill_custom() {
  # The schema is there already, and its owner doesn't matter.
  grep -v -E '^[0-9]+; [0-9]+ [0-9]+ (SCHEMA|COMMENT|ACL) - (SCHEMA )?public ' /scratch/toc > /scratch/list
  pg_restore --no-owner --no-privileges --no-tablespaces --no-publications --no-subscriptions --exit-on-error -j 2 \
    -L /scratch/list -d "$side" $dump || unfit $?
  pg_restore --data-only -f - $dump | filtered > /dev/null || unfit $?
}
fill_plain() {
  # The word keeps psql from following commands that hide in the dump.
  code=0
  { echo "\\restrict $(od -An -tx1 -N 16 /dev/urandom | tr -d ' \n')" && filtered < $dump; } > /scratch/pipe &
  psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -d "$side" -f /scratch/pipe || code=1
  [ $code -eq 0 ] || kill $! 2> /dev/null || :
  wait $! || code=$?
  [ $code -eq 0 ] || unfit "$code"
}

if [ "$phase" = fill ]; then
  touch /scratch/rows
  if [ "$kind" = custom ]; then
    pg_restore -l $dump > /scratch/toc || fail "the dump can't be read (above): it is cut off, or from a newer pg_dump; nothing was changed"
  else
    head -n 40 $dump > /scratch/toc
  fi
  major=$(sed -n 's/^[-; ]*Dumped \(from database\|by pg_dump\) version:* \([0-9]*\).*/\2/p' /scratch/toc | sort -n | tail -n 1)
  [ "${major:-0}" -le "$postgres_major" ] || fail "the dump is from PostgreSQL $major, this stack runs $postgres_major
  fix: set muster:postgres.major to $major; nothing was changed"

  say "filling a database from the dump, beside the one that is there"
  query -d postgres -c "CREATE DATABASE $side"
  mkfifo /scratch/pipe
  "fill_$kind"
  [ "$(query -d "$side" -c "$tables_there_sql")" = t ] || fail "the dump holds no Mattermost: it lacks its tables in the schema public; nothing was changed"
  [ -s /scratch/rows ] || fail "the dump holds tables, but no rows: make it without --schema-only; nothing was changed"
  while IFS='	' read -r table rows; do
    found=$(query -d "$side" -c "SELECT count(*) FROM $table")
    [ "$found" = "$rows" ] || fail "$table has $found rows instead of $rows: nothing was changed"
  done < /scratch/rows
  say "compared: $(wc -l < /scratch/rows) tables have all of their $(awk '{ n += $2 } END { print n }' /scratch/rows) rows"
  tame "$side"
  query -d "$side" -c ANALYZE

  dead_links "$side" "$staged" > /import/dead
  dead=$(wc -l < /import/dead) links=$(query -d "$side" -c "$links_sql" | wc -l)
  [ "$links" -eq 0 ] || [ "$dead" -lt "$links" ] || fail "none of the $links files that the dump names is in the folder
  fix: give the folder that the old server has in FileSettings.Directory, with all that is below it; nothing was changed"
  chown -R "$(stat -c %u:%g "$data")" "$staged"
  versions "$side"
  printf 'dead\t%s\n' "$dead"
  head -n 10 /import/dead | sed 's/^/missing	/'
  touch /import/filled
  exit 0
fi

[ "$phase $(ls /import/filled)" = "swap /import/filled" ] || fail "import.sh knows no phase $phase here"
# From here on files change; the same import can be run again without a word.
printf '%s\n' "$id" | put /status/restoring
# .muster is the volume's own mark, not the chat server's.
find "$data" -mindepth 1 -maxdepth 1 ! -name .muster-import ! -name .muster -exec rm -rf {} +
find "$staged" -mindepth 1 -maxdepth 1 ! -name .muster -exec mv {} "$data"/ \;
rm -rf "$staged"
swap_in "$side" no
rm -f /status/restoring /status/pristine
files=$(find "$data" -type f ! -name .muster | wc -l)
bytes=$(find "$data" -type f ! -name .muster -exec stat -c %s {} + | awk '{ s += $1 } END { printf "%.0f", s }')
record import good "bytes=$bytes" "files=$files" "seconds=$(($(now) - began))"
counts "$database_name"
printf 'files\t%s\nbytes\t%s\n' "$files" "$bytes"
