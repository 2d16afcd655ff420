# The drill: the newest snapshot, restored into a throwaway server and compared with what was counted and summed
# up when it was taken. Nothing that is live is touched: other services' volumes are read-only here.
. /muster/lib.sh
alone
began=$(now)
server=/scratch/server socket=/scratch/socket
# The server outlives a script that is killed, and must not hold its lock.
as_postgres() { su -s /bin/sh postgres -c "$1" 9>&-; }
ended() {
  code=$?
  if [ -e $server/postmaster.pid ]; then as_postgres "pg_ctl -D $server -m immediate -s stop" || :; fi
  rm -rf /scratch/*
  [ $code -eq 0 ] || record drill failed "seconds=$(($(now) - began))"
  exit $code
}
trap ended EXIT
rm -rf /scratch/*

newest=$(newest_snapshot "$host")
[ -n "$newest" ] || fail "there is no backup yet to prove"
snapshot=${newest%%	*}
# The dump, the database out of it and the dump of that: the live stack is on the same disk.
needed=$(restic ls -l "$snapshot" /staging/database | awk '/^-/ { s += $4 } END { printf "%.0f", 3 * s }')
free=$(($(df -Pk /scratch | awk 'END { print $4 }') * 1024))
[ "$free" -gt "$needed" ] || fail "no room for the drill: $(human "$needed") needed, $(human "$free") free on the host"
say "restoring $snapshot into a throwaway server"
restic restore --quiet "$snapshot:/staging" --target /scratch/staging > /dev/null
manifest=/scratch/staging/manifest
[ "$(sed -n 's/^version	//p' $manifest)" = 1 ] || fail "$snapshot has no manifest that this version understands"

mkdir $server $socket /scratch/compare
chown postgres $server $socket
as_postgres "initdb -D $server -U $database_user --auth=trust --no-sync" > /scratch/initdb.log 2>&1 ||
  fail "no throwaway server: $(tail -n 3 /scratch/initdb.log)"
as_postgres "pg_ctl -D $server -s -w -l $server/log -o \"-c listen_addresses='' -c unix_socket_directories=$socket -c fsync=off -c shared_buffers=32MB\" start" ||
  fail "the throwaway server doesn't start: $(tail -n 3 $server/log)"
export PGHOST=$socket
query -d postgres -c "CREATE DATABASE $database_name"
fill "$database_name" /scratch/staging/database $manifest /scratch/compare

say "reading all files of $snapshot"
query -d "$database_name" -c "$links_sql" | sort > /scratch/links
restic dump --archive tar "$snapshot" / | tar -tv -f - > /scratch/list
found=$(awk '/^-/ { files++; bytes += $3 } END { printf "%d %.0f", files, bytes }' /scratch/list)
wanted=$(restic snapshots --json "$snapshot" | tr -d '\n' |
  sed -n 's/.*"total_files_processed":\([0-9]*\).*"total_bytes_processed":\([0-9]*\).*/\1 \2/p')
[ "$found" = "$wanted" ] || fail "the snapshot has $found files and bytes, but $wanted were backed up"
# By restic's own list: tar shows a name that isn't ASCII with question marks.
restic ls "$snapshot" > /scratch/names
missing=$(awk -v prefix="/$links_prefix" '
  FNR == NR { if (index($0, prefix) == 1) there[substr($0, length(prefix) + 1)] = 1; next }
  $0 != "" && !($0 in there)' /scratch/names /scratch/links | not_dead $manifest)
[ -z "$missing" ] || fail "the database names files that the backup lacks:
$(echo "$missing" | head -n 5)"

record drill good "snapshot=$snapshot" "bytes=${found#* }" "files=${found% *}" "seconds=$(($(now) - began))" \
  "taken=$(sed -n 's/^at	//p' $manifest)"
say "proven: $snapshot came back whole ($(tr '\n\t' '  ' < /scratch/compare/counts.found | sed 's/count //g')$(human "${found#* }") in ${found% *} files)"
