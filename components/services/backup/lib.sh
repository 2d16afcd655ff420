# What all scripts of the backup service share. POSIX shell, with busybox's or Alpine's tools.
# /muster/settings.sh says what to do; everything that lasts lies in /status.
set -euo pipefail
umask 077
. /muster/settings.sh

export RESTIC_CACHE_DIR=/cache RESTIC_PASSWORD_FILE=/muster/repository-key RESTIC_PROGRESS_FPS=1
export PGHOST=postgres PGUSER="$database_user" PGPASSFILE=/muster/pgpass PGCONNECT_TIMEOUT=10 PGAPPNAME=muster-backup
# So that the same rows are the same text on every server and in every time zone.
export PGTZ=GMT PGDATESTYLE=ISO PGCLIENTENCODING=UTF8 PGOPTIONS="-c client_min_messages=warning"
# shellcheck disable=SC2034 # for the scripts that read this one
host="muster-$stack"

say() { echo "$*"; }
fail() {
  echo "$*" >&2
  exit 1
}
now() { date +%s; }

# Writes a file whole or not at all: a reader never sees half of it.
put() {
  cat > "$1.new"
  mv -f "$1.new" "$1"
}

# One thing at a time: a second one waits for a while, and then says so. busybox's flock has no time-out.
# Programs that it starts hold the lock too: what a killed script has left at work is waited for.
alone() {
  exec 9> /status/lock
  waited=0
  until flock -n 9; do
    [ "$waited" -lt 900 ] || fail "another backup, check, drill or restore of this stack is running: wait until it is done"
    [ "$waited" -gt 0 ] || say "waiting for another backup, check, drill or restore of this stack"
    sleep 2
    waited=$((waited + 2))
  done
}

# restic, with what its exit code means. Its own words come first.
restic() {
  code=0
  # Packs on their way are files of 16 MiB, several at once: too much for /tmp, which lies in memory.
  # shellcheck disable=SC2086 # options are words of their own
  TMPDIR=$RESTIC_CACHE_DIR /muster/restic $repository_options --retry-lock 5m "$@" || code=$?
  case $code in
  0) ;;
  10) echo "there is no repository at $RESTIC_REPOSITORY" >&2 ;;
  11) echo "the repository is locked by somebody else" >&2 ;;
  12) echo "wrong key: the repository at $RESTIC_REPOSITORY was made with another one; set the right one with npm run secret -- $stack backupKey" >&2 ;;
  esac
  return $code
}

# restic, at once; only where a lock is in the way, those that a killed run has left are removed and others waited
# for. To look for them first would be to open the repository once more, and to wait for nothing.
unhindered() {
  code=0
  restic "$@" --retry-lock 0s || code=$?
  [ $code -eq 11 ] || return $code
  restic unlock --quiet || :
  restic "$@"
}

# The repository is made once; anything but its absence stops.
open_repository() {
  code=0
  said=$(restic cat config --quiet 2>&1 > /dev/null) || code=$?
  case $code in
  0) ;;
  10)
    # Not in the place of one that has vanished: a new one would look as if all was well.
    [ "$(recorded backup good repository)" != "$repository_place" ] ||
      fail "the repository at $repository_place is gone, and the last good backup with it: no backup was taken
  fix: mount its disk and restart this container, or bring its files back: docs/runbooks/damaged-repository.md, which also says how to begin a new one"
    say "making the repository at $repository_place"
    restic init --quiet
    ;;
  *)
    echo "$said" >&2
    return $code
    ;;
  esac
}

# The newest snapshot of a host that counts, as `id<tab>time`; nothing where there is none. One that is marked as
# incomplete (discard) doesn't count, nor one from the future: a clock that ran ahead would make it the newest for years.
newest_snapshot() {
  latest=$(date -u -d "@$(($(now) + 3600))" '+%Y-%m-%dT%H:%M:%S')
  found=$(restic snapshots --json --host "$1" --tag muster --tag incomplete |
    tr -d '\n' | sed 's/},{"time"/}\n{"time"/g' |
    sed -n 's/.*"time":"\([^"]*\)".*"paths":\["\([^"]*\)".*"short_id":"\([^"]*\)".*/\1\t\3\t\2/p' | sort |
    awk -F '\t' -v latest="$latest" '
      $3 ~ /^\/incomplete-/ { incomplete[substr($3, 13, 8)] = 1; next }
      { id[++count] = $2; time[count] = $1 }
      END {
        for (i = count; i > 0; i--) {
          if (id[i] in incomplete) continue
          if (time[i] <= latest) { print id[i] "\t" time[i]; exit }
          if (ahead == "") ahead = "ahead " id[i] ", from " time[i]
        }
        if (ahead != "") print ahead
      }') || return $?
  [ "${found#ahead }" = "$found" ] || fail "all backups are later than now by this machine's clock, such as ${found#ahead }
  fix: set the clock; or, if it was wrong when they were taken, name the one to restore with --snapshot"
  [ -z "$found" ] || printf '%s\n' "$found"
}

# What becomes of a snapshot that doesn't count. Where this host can't delete, another snapshot says so, which every
# restore can see, also on another host: in a snapshot itself there is nothing that tells.
discard() {
  restic forget --quiet "$1" ||
    echo "$1" | restic backup --quiet --host "$host" --tag incomplete --stdin --stdin-filename "incomplete-$1" ||
    say "$1 is incomplete, and nothing says so in the repository: don't restore it"
}

query() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@" < /dev/null; }

# The major version of the server; nothing without an answer.
server_major() { query -d "$1" -c "SELECT current_setting('server_version_num')::int / 10000" 2> /dev/null || :; }

# While an upgrade replaces the server, another one answers for a moment, and is empty.
answers() { [ "$(server_major "$database_name")" = "$postgres_major" ]; }

# Whether nobody has used this installation yet: then there is nothing to lose. Without an answer, somebody has.
is_pristine() {
  case "$(query -d "$1" -c "$tables_there_sql")" in
  f) return 0 ;;
  t) [ "$(query -d "$1" -c "$pristine_sql")" = t ] ;;
  *) return 1 ;;
  esac
}

# Whether the data of the major that ran last are the ones that are here: not while they move to another.
is_settled() {
  ran=$(cat /status/ran 2> /dev/null || :)
  [ -z "$ran" ] || [ "${ran%% *}" = "$postgres_major" ]
}

# Whether anybody but backups is connected to the database: t or f, nothing without an answer.
in_use() { query -d "$database_name" -c "$in_use_sql" || :; }
in_use_sql="SELECT count(*) > 0 FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> '$PGAPPNAME'"

# A line for each table of a dump: name, rows, checksum of its rows in their order.
tables_of() {
  pg_restore -l "$1" | sed -n 's/^\([0-9]*\); [0-9]* [0-9]* TABLE DATA \([^ ]*\) \([^ ]*\) .*/\1 \2.\3/p' |
    while read -r number name; do
      file="$1/$number.dat"
      # Both at once.
      sha256sum "$file" | {
        end=$(grep -a -n -m 1 -x -F '\.' "$file")
        read -r sum _
        printf 'table\t%s\t%s\t%s\n' "$name" "$((${end%%:*} - 1))" "$sum"
      }
    done | sort
}

# Fills an empty database from a dump, and compares every table with the manifest.
# fill DATABASE DUMP MANIFEST SCRATCH
fill() {
  pg_restore --no-owner --no-privileges --exit-on-error -j 2 -d "$1" "$2"
  compare "$1" "$3" "$4"
}

# Every table again, row by row, as it was when the backup was taken. compare DATABASE MANIFEST SCRATCH
compare() {
  rm -rf "$3/again"
  pg_dump -Fd --compress=none -j 2 --no-sync -d "$1" -f "$3/again"
  tables_of "$3/again" > "$3/tables.found"
  rm -rf "$3/again"
  grep '^table	' "$2" > "$3/tables.wanted" || :
  if ! cmp -s "$3/tables.wanted" "$3/tables.found"; then
    diff "$3/tables.wanted" "$3/tables.found" >&2 || :
    fail "the restored database isn't the one that was backed up: the tables above differ"
  fi
  grep '^count	' "$2" > "$3/counts.wanted" || :
  counts "$1" > "$3/counts.found"
  cmp -s "$3/counts.wanted" "$3/counts.found" ||
    fail "the restored database counts $(tr '\n\t' '  ' < "$3/counts.found")instead of $(tr '\n\t' '  ' < "$3/counts.wanted")"
}

# What a person knows the data by.
counts() {
  printf '%s\n' "$counts_sql" | while IFS='	' read -r name sql; do
    [ -z "$name" ] || printf 'count\t%s\t%s\n' "$name" "$(query -d "$1" -c "$sql")"
  done
}

# Puts a filled database in the place of the live one, at once. swap_in SIDE KEEP: with `yes`, the one that it
# replaces stays, under a name of its own.
swap_in() {
  gone="${database_name}_gone"
  there=$(query -d postgres -c "SELECT 1 FROM pg_database WHERE datname = '$database_name'")
  query -d postgres -c "DROP DATABASE IF EXISTS $gone WITH (FORCE)"
  [ "$2" != yes ] || gone="${database_name}_replaced_$(now)"
  # Nobody may come in between.
  if [ -n "$there" ]; then
    query -d postgres -c "ALTER DATABASE $database_name ALLOW_CONNECTIONS false"
    query -d postgres -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$database_name'" > /dev/null
  fi
  {
    echo "BEGIN;"
    [ -z "$there" ] || echo "ALTER DATABASE $database_name RENAME TO $gone;"
    echo "ALTER DATABASE $1 RENAME TO $database_name;"
    echo "COMMIT;"
  } > /scratch/swap.sql
  psql -X -q -v ON_ERROR_STOP=1 -d postgres -f /scratch/swap.sql
  [ -n "$there" ] || return 0
  if [ "$2" = yes ]; then
    query -d postgres -c "ALTER DATABASE $gone ALLOW_CONNECTIONS true"
    say "the database that was replaced is kept as $gone
  when nobody needs it any more: docker exec muster-$stack-postgres dropdb -U $database_user $gone"
  else
    query -d postgres -c "DROP DATABASE IF EXISTS $gone WITH (FORCE)"
  fi
}

# What a copy must not do, on a database that came from elsewhere.
tame() {
  printf '%s\n' "$elsewhere_sql" | while read -r sql; do [ -z "$sql" ] || query -d "$1" -c "$sql"; done
}

# Lines of the input, without the files that were known to be missing when the backup was taken. not_dead MANIFEST
not_dead() {
  awk -F '	' 'FNR == NR { if ($1 == "dead") known[substr($0, 6)] = 1; next } !($0 in known)' "$1" -
}

# The files that a database names and a folder lacks. dead_links DATABASE FOLDER
dead_links() {
  query -d "$1" -c "$links_sql" | lacking "$2"
}
lacking() { while IFS= read -r path; do [ -e "$1/$path" ] || printf '%s\n' "$path"; done; }

# record KIND STATE KEY=VALUE...: what the last one of its kind came to, as lines and for metrics.
record() {
  kind=$1 state=$2
  shift 2
  {
    printf 'state\t%s\nat\t%s\n' "$state" "$(now)"
    for pair in "$@"; do printf '%s\t%s\n' "${pair%%=*}" "${pair#*=}"; done
  } | put "/status/$kind.$state"
  sh /muster/metrics.sh || :
}
# recorded KIND STATE KEY: one value of it; nothing where there is none.
recorded() { sed -n "s/^$3	//p" "/status/$1.$2" 2> /dev/null || :; }

# bytes as a person reads them
human() { awk -v b="$1" 'BEGIN { split("B KiB MiB GiB TiB", u); for (i = 1; b >= 1024 && i < 5; i++) b /= 1024; printf (i > 1 ? "%.1f %s" : "%d %s"), b, u[i] }'; }
