# A restore: from a repository into this stack's volumes and database, while the chat server is stopped. Runs in a
# container of its own that may write to them. /order says what to restore.
# The live database is replaced at the very end, at once, and only by one that has been compared.
# restore.sh look: everything that speaks against it; prints the snapshot's id and manifest. Changes nothing.
# restore.sh restore
. /muster/lib.sh
# Of the order: snapshot, source (the host in the repository); elsewhere, overwrite, keep_replaced (yes or no).
. /order/settings.sh
phase=$1
alone
began=$(now)
side="${database_name}_restored"
bringing=
ended() {
  code=$?
  [ -z "$bringing" ] || wait "$bringing" || :
  rm -rf /scratch/*
  [ $code -eq 0 ] || [ "$phase" = look ] || record restore failed "snapshot=$snapshot" "seconds=$(($(now) - began))"
  exit $code
}
trap ended EXIT
rm -rf /scratch/*
mkdir /scratch/compare

query -d postgres -c 'SELECT 1' > /dev/null || fail "the database doesn't answer: nothing was changed"
# After one that was cut short, the newest may be the backup that was taken right before it.
interrupted=$(cat /status/restoring 2> /dev/null || :)
if [ "$snapshot" = latest ] && [ "${interrupted#* }" = "$source" ]; then snapshot=${interrupted%% *}; fi
if [ "$snapshot" = latest ]; then
  newest=$(newest_snapshot "$source")
  [ -n "$newest" ] || fail "the repository at $RESTIC_REPOSITORY has no backup of ${source#muster-}: nothing was changed"
  snapshot=${newest%%	*}
fi
code=0
mkdir /scratch/staging
if [ "$phase" = look ]; then
  restic dump "$snapshot" /staging/manifest > /scratch/staging/manifest || code=$?
else
  restic restore --quiet "$snapshot:/staging" --target /scratch/staging > /dev/null || code=$?
fi
[ $code -eq 0 ] || fail "snapshot $snapshot can't be read: nothing was changed"
manifest=/scratch/staging/manifest
of() { sed -n "s/^$1	//p" $manifest; }
taken() { date -u -d "@$(of at)" '+%F %H:%M UTC'; }
[ "$(of version)" = 1 ] && [ -n "$(of volume)" ] || fail "snapshot $snapshot has no manifest that this version understands: nothing was changed"
[ "$(of postgres)" -le "$postgres_major" ] ||
  fail "snapshot $snapshot is from PostgreSQL $(of postgres), this stack runs $postgres_major
  fix: set muster:postgres.major to $(of postgres); nothing was changed"

there=$(query -d postgres -c "SELECT 1 FROM pg_database WHERE datname = '$database_name'")
if [ "$overwrite" != yes ] && [ "$interrupted" != "$snapshot $source" ] && [ -n "$there" ] && ! is_pristine "$database_name"; then
  fail "this stack is in use: its last change is from $(query -d "$database_name" -c "$newest_sql"), the backup from $(taken)
  fix: restore into another stack with --to, or say that its data shall be replaced: --overwrite $stack; nothing was changed"
fi

if [ "$phase" = look ]; then
  printf 'snapshot\t%s\n' "$snapshot"
  cat $manifest
  exit 0
fi
say "restoring the backup of $(taken), snapshot $snapshot"

needed=$(du -sk /scratch/staging/database | cut -f 1)
free=$(df -Pk /scratch | awk 'END { print $4 }')
[ "$free" -gt $((needed * 2)) ] || fail "no room for the database beside the one that is there: $(human $((needed * 2048))) needed, $(human $((free * 1024))) free; nothing was changed"

# All that the snapshot has of this stack's volumes, in one go: to open the repository for each would take longer.
bring_files() {
  set --
  while read -r volume bound; do
    [ -n "$volume" ] || continue
    if [ "$bound" = domain ] && [ "$domain" != "$(of domain)" ]; then
      say "leaving $volume as it is: it belongs to $(of domain)"
      continue
    fi
    # What isn't included isn't touched; a volume that the snapshot doesn't know would be emptied.
    if grep -qxF "volume	$volume" $manifest; then set -- "$@" --include "/$volume"; fi
  done << END
$volumes
END
  [ $# -gt 0 ] || return 0
  say "restoring files"
  [ "$keep_replaced" = yes ] || set -- "$@" --delete
  restic restore ${progress:+--json} "$@" --overwrite always "$snapshot:/volumes" --target /volumes
}
# From then on files change; the same restore can be run again without a word.
restoring() { printf '%s\n' "$snapshot $source" | put /status/restoring; }

# Where nobody has written anything yet, files can come while the database is filled and compared.
if [ -z "$there" ] || is_pristine "$database_name"; then
  restoring
  bring_files &
  bringing=$!
fi
say "filling the database from $snapshot, beside the one that is there"
query -d postgres -c "DROP DATABASE IF EXISTS $side WITH (FORCE)"
query -d postgres -c "CREATE DATABASE $side"
fill "$side" /scratch/staging/database $manifest /scratch/compare
if [ "$elsewhere" = yes ]; then tame "$side"; fi

if [ -z "$bringing" ]; then
  restoring
  bring_files
else
  brought=0
  wait "$bringing" || brought=$?
  bringing=
  [ $brought -eq 0 ] || fail "the files of $snapshot couldn't be restored (above)"
fi
files=$(find /volumes -type f | wc -l)
bytes=$(find /volumes -type f -exec stat -c %s {} + | awk '{ s += $1 } END { printf "%.0f", s }')

# restic brings all that a snapshot has, or fails: what is missing beyond what was known went while it was taken.
dead_links "$side" "/volumes/$links_volume" | not_dead $manifest > /scratch/missing
if [ -s /scratch/missing ]; then
  missing=$(wc -l < /scratch/missing) links=$(query -d "$side" -c "$links_sql" | not_dead $manifest | wc -l)
  [ "$missing" -lt "$links" ] || fail "none of the $links files that the database names came back, such as $(head -n 1 /scratch/missing): the live database wasn't replaced
  fix: restore another backup, with --snapshot (npm run snapshots lists them)"
  say "WARNING: $missing of the $links files that the database names didn't come back, since the backup hasn't got them:
$(head -n 5 /scratch/missing)"
fi

swap_in "$side" "$keep_replaced"
# What the data were last written by: whatever else comes near them is asked about (guard.sh).
if [ "$elsewhere" = no ]; then
  echo "$postgres_major $(sed -n 's/^image	\([^	]*\)	/\1=/p' $manifest | tr '\n' ' ' | sed 's/ $//')" | put /status/ran
fi
rm /status/restoring
record restore good "snapshot=$snapshot" "taken=$(of at)" "bytes=$bytes" "files=$files" "seconds=$(($(now) - began))"
cat /scratch/compare/counts.found
printf 'files\t%s\nbytes\t%s\n' "$files" "$bytes"
