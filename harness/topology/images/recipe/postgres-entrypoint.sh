#!/bin/bash
# Starts PostgreSQL with the variables that the official image understands: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB
# (each also as …_FILE), POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD, PGDATA, and /docker-entrypoint-initdb.d.
# Arguments that begin with a dash are the server's.
#
# An empty data directory is filled from the cluster that was made with the image; its superuser is renamed in
# single-user mode, which takes a tenth of a second where initdb takes one. Other POSTGRES_INITDB_ARGS run initdb.
set -euo pipefail

readonly made=/usr/local/share/brunt/cluster.tar
readonly made_with=/usr/local/share/brunt/initdb-args
readonly scripts=/docker-entrypoint-initdb.d

die() { echo "docker-entrypoint: $*" >&2; exit 1; }

# from_file NAME: takes the value of NAME from the file that NAME_FILE names.
from_file() {
  local name=$1 file_name="$1_FILE"
  [[ -n "${!file_name:-}" ]] || return 0
  [[ -z "${!name:-}" ]] || die "$name and $file_name are both set"
  export "$name=$(<"${!file_name}")"
  unset "$file_name"
}

# literal and identifier quote a value for SQL.
literal() { printf "'%s'" "${1//\'/\'\'}"; }
identifier() { printf '"%s"' "${1//\"/\"\"}"; }

# single executes SQL from standard input in single-user mode, without a server. An error must not show the statement,
# which holds the password.
single() {
  local said
  said=$(postgres --single -j -D "$PGDATA" -c fsync=off -c log_checkpoints=off -c log_min_error_statement=panic \
    -c standard_conforming_strings=on -c exit_on_error=on postgres 2>&1 >/dev/null) ||
    die "the new cluster could not be given its user and database: $said"
}

fill_from_made() {
  tar --extract --file="$made" --directory="$PGDATA"
  {
    if [[ "$POSTGRES_USER" != postgres ]]; then
      printf 'UPDATE pg_authid SET rolname = %s WHERE oid = 10;\n\n' "$(literal "$POSTGRES_USER")"
    fi
    if [[ -n "$POSTGRES_PASSWORD" ]]; then
      printf 'ALTER ROLE %s PASSWORD %s;\n\n' "$(identifier "$POSTGRES_USER")" "$(literal "$POSTGRES_PASSWORD")"
    fi
    if [[ "$POSTGRES_DB" != postgres ]]; then
      printf 'CREATE DATABASE %s;\n\n' "$(identifier "$POSTGRES_DB")"
    fi
  } >"$PGDATA/first.sql"
  single <"$PGDATA/first.sql"
  rm "$PGDATA/first.sql"
}

fill_by_initdb() {
  # The variable holds several arguments, with quotes where one has a space.
  eval "initdb --pgdata=\"\$PGDATA\" --username=\"\$POSTGRES_USER\" --auth=trust \
    --pwfile=<(printf '%s\n' \"\$POSTGRES_PASSWORD\") $POSTGRES_INITDB_ARGS" >/dev/null
  if [[ "$POSTGRES_DB" != postgres ]]; then
    printf 'CREATE DATABASE %s;\n\n' "$(identifier "$POSTGRES_DB")" | single
  fi
}

# write_hba lets the socket in without a password, since only this container can reach it, and nobody else.
write_hba() {
  local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  printf '%s\n' "local all all trust" "local replication all trust" \
    "host all all all $method" "host replication all all $method" >"$PGDATA/pg_hba.conf"
}

# run_scripts serves the files of docker-entrypoint-initdb.d with a server that only the socket reaches.
run_scripts() {
  local files=("$scripts"/*) file
  [[ -e "${files[0]}" ]] || return 0
  shift
  pg_ctl -D "$PGDATA" -s -w -o "$(printf '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}")" start
  export PGHOST=/var/run/postgresql
  local sql=(psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB")
  for file in "${files[@]}"; do
    case "$file" in
      *.sh) if [[ -x "$file" ]]; then "$file"; else . "$file"; fi ;;
      *.sql) "${sql[@]}" -f "$file" ;;
      *.sql.gz) gzip -dc "$file" | "${sql[@]}" ;;
      *) echo "docker-entrypoint: $file is neither .sh nor .sql nor .sql.gz and was not used" >&2 ;;
    esac
  done
  unset PGHOST
  pg_ctl -D "$PGDATA" -s -w -m fast stop
}

[[ "${1:-}" != -* ]] || set -- postgres "$@"
[[ "${1:-}" == postgres ]] || exec "$@"
case " ${*:2} " in
  *" --help "* | *" -? "* | *" --version "* | *" -V "* | *" --describe-config "*) exec "$@" ;;
esac

if [[ "$(id -u)" == 0 ]]; then
  mkdir -p "$PGDATA"
  chown postgres:postgres "$PGDATA"
  chmod 700 "$PGDATA"
  export HOME=/var/lib/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [[ ! -s "$PGDATA/PG_VERSION" ]]; then
  for name in POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB POSTGRES_INITDB_ARGS; do from_file "$name"; done
  POSTGRES_USER=${POSTGRES_USER:-postgres}
  POSTGRES_PASSWORD=${POSTGRES_PASSWORD:-}
  POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
  POSTGRES_INITDB_ARGS=${POSTGRES_INITDB_ARGS:-}
  export POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB
  [[ -n "$POSTGRES_PASSWORD" || "${POSTGRES_HOST_AUTH_METHOD:-}" == trust ]] ||
    die "POSTGRES_PASSWORD is empty; set it, or POSTGRES_HOST_AUTH_METHOD=trust to let everybody in"
  if [[ -z "$POSTGRES_INITDB_ARGS" || "$POSTGRES_INITDB_ARGS" == "$(<"$made_with")" ]]; then
    fill_from_made
  else
    fill_by_initdb
  fi
  write_hba
  run_scripts "$@"
fi
exec "$@"
