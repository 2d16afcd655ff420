#!/bin/sh
# Does what the official image's entrypoint does for the settings below. Stricter than that one: it stops at a
# POSTGRES_* variable that it does not know, because the official one would silently ignore it.
set -eu

fail() {
	echo "Error: $*" >&2
	exit 1
}

# file_env NAME [DEFAULT] sets NAME from NAME_FILE where that is given; both at once are a mistake.
file_env() {
	eval "value=\${$1:-} file=\${$1_FILE:-}"
	if [ -n "$value" ] && [ -n "$file" ]; then
		fail "both $1 and $1_FILE are set (but are exclusive)"
	fi
	if [ -n "$file" ]; then
		value=$(cat "$file") || fail "cannot read $1_FILE"
	fi
	[ -n "$value" ] || value=${2:-}
	eval "$1=\$value"
	unset "$1_FILE"
}

check_names() {
	for name in $(env | sed -n 's/^\(POSTGRES_[A-Za-z0-9_]*\)=.*/\1/p'); do
		case "${name%_FILE}" in
		POSTGRES_USER | POSTGRES_DB | POSTGRES_PASSWORD | POSTGRES_INITDB_ARGS) ;;
		POSTGRES_INITDB_WALDIR | POSTGRES_HOST_AUTH_METHOD) ;;
		*) fail "$name is no setting of this image" ;;
		esac
	done
}

temporary_server() {
	# Only the socket listens, so nobody from outside meets a half-made database.
	pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -c unix_socket_directories=/var/run/postgresql" -w -s "$1"
}

run_init_files() {
	for file in /docker-entrypoint-initdb.d/*; do
		[ -e "$file" ] || continue
		echo "$0: running $file"
		case "$file" in
		*.sh) . "$file" ;;
		*.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$POSTGRES_USER" -d "$POSTGRES_DB" -f "$file" ;;
		*.sql.gz) gunzip -c "$file" | psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$POSTGRES_USER" -d "$POSTGRES_DB" ;;
		*) echo "$0: ignoring $file" ;;
		esac
	done
}

initialize() {
	auth=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
	if [ -z "$POSTGRES_PASSWORD" ] && [ "$auth" != trust ]; then
		fail "Database is uninitialized and superuser password is not specified. You must specify" \
			"POSTGRES_PASSWORD to a non-empty value for the superuser."
	fi
	waldir=""
	[ -z "${POSTGRES_INITDB_WALDIR:-}" ] || waldir="--waldir '$POSTGRES_INITDB_WALDIR'"
	printf '%s\n' "$POSTGRES_PASSWORD" |
		eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=/dev/stdin $waldir $POSTGRES_INITDB_ARGS"
	printf '\nhost all all all %s\n' "$auth" >>"$PGDATA/pg_hba.conf"
	# initdb writes the folder that these programs were built for, /tmp; the official ones have this one built in.
	sed -i "s|^#*unix_socket_directories = .*|unix_socket_directories = '/var/run/postgresql'|" "$PGDATA/postgresql.conf"

	temporary_server start
	PGPASSWORD=$POSTGRES_PASSWORD
	export PGPASSWORD
	if [ "$POSTGRES_DB" != postgres ]; then
		psql -v ON_ERROR_STOP=1 --no-psqlrc -q -U "$POSTGRES_USER" -d postgres --set db="$POSTGRES_DB" <<-'SQL'
			CREATE DATABASE :"db";
		SQL
	fi
	run_init_files
	unset PGPASSWORD
	temporary_server stop
	echo
	echo "PostgreSQL init process complete; ready for start up."
	echo
}

[ "${1#-}" = "$1" ] || set -- postgres "$@"
if [ "$1" = postgres ]; then
	check_names
	user=$(id -u)
	mkdir -p "$PGDATA"
	chmod 0700 "$PGDATA" || :
	if [ "$user" = 0 ]; then
		chown -R postgres "$PGDATA" /var/run/postgresql
		exec su -s /bin/sh postgres -c 'exec "$0" "$@"' "$0" "$@"
	fi
	file_env POSTGRES_PASSWORD
	file_env POSTGRES_USER postgres
	file_env POSTGRES_DB "$POSTGRES_USER"
	file_env POSTGRES_INITDB_ARGS
	if [ -s "$PGDATA/PG_VERSION" ]; then
		echo "PostgreSQL Database directory appears to contain a database; Skipping initialization"
	else
		initialize
	fi
	unset POSTGRES_PASSWORD
fi
exec "$@"
