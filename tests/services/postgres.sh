#!/bin/bash
# PostgreSQL (Debian) with a private cluster on 127.0.0.1, as user postgres; superuser and database mcfed/mcfed.
# usage: postgres.sh start|stop|kill|pause|resume|wipe|status|url [DATABASE]|psql ARGS...
#   stop = fast shutdown, kill = SIGKILL, pause/resume = SIGSTOP/SIGCONT, wipe = stop and delete the data
#   environment: PG_PORT 28432; PG_FAST=1 starts without fsync: a kill loses nothing all the same, a power cut may
. "$(dirname "$0")/lib.sh"

PORT=${PG_PORT:-28432}
DATA=$RUN/postgres
URL=postgresql://mcfed:mcfed@127.0.0.1:$PORT

as_user postgres
bin() { find /usr/lib/postgresql/*/bin -maxdepth 0 2>/dev/null | sort -V | tail -n 1; }
sql() { "${AS[@]}" "$(bin)/psql" -X -qAt "$URL/${2:-postgres}" -c "$1"; }
serving() { sql 'select 1' "$@" >/dev/null 2>&1; }

init() {
  [ -f "$DATA/data/PG_VERSION" ] && [ -f "$DATA/initialized" ] && return
  rm -rf "$DATA/data"
  mkdir -p "$DATA"
  echo mcfed >"$DATA/password"
  own postgres "$DATA"
  (cd "$DATA" && "${AS[@]}" "$(bin)/initdb" -D "$DATA/data" -U mcfed -A scram-sha-256 --pwfile="$DATA/password" \
    -E UTF8 --locale=C.UTF-8) >>"$(log_of postgres)" 2>&1 || die "initdb: $(log_tail postgres)"
  touch "$DATA/initialized"
}

# A lock file of a postmaster that was killed names a pid; when that pid has gone to another program,
# the server would refuse to start.
stale_lock() {
  local p
  p=$(head -n 1 "$DATA/data/postmaster.pid" 2>/dev/null) || return 0
  [[ $(readlink "/proc/$p/exe") == */postgres ]] || rm -f "$DATA/data/postmaster.pid"
}

start() {
  if running postgres && wait_for postgres 60 serving mcfed; then echo "postgres runs: $URL/mcfed"; return; fi
  [ -n "$(bin)" ] || apt_need postgresql
  T0=${EPOCHREALTIME/./}
  running postgres && end postgres INT
  port_free postgres PG_PORT "$PORT"
  init
  own postgres "$DATA"
  local options=(-c max_connections=200 -c unix_socket_directories= -c timezone=UTC) i
  [ "${PG_FAST:-0}" != 1 ] || options+=(-c fsync=off)
  cd "$DATA" || exit 1
  for i in 1 2 3 4 5; do   # after a kill its backends may hold the shared memory for a moment
    stale_lock
    bg postgres "${AS[@]}" "$(bin)/postgres" -D "$DATA/data" -p "$PORT" -h 127.0.0.1 "${options[@]}"
    wait_for postgres 240 serving && break
    [ "$i" -lt 5 ] || die "postgres: $(log_tail postgres)"
    end postgres INT
    sleep 0.5
  done
  [ -n "$(sql "select 1 from pg_database where datname = 'mcfed'")" ] || sql 'create database mcfed' || die 'create database'
  echo "postgres up in $(elapsed): $URL/mcfed"
}

case ${1:-} in
  start) lock postgres; start ;;
  stop) lock postgres; end postgres INT 60 ;;
  kill) lock postgres; end postgres KILL ;;
  pause) lock postgres; signal STOP postgres ;;
  resume) lock postgres; signal CONT postgres ;;
  wipe) lock postgres; end postgres INT 10; rm -rf "$DATA" ;;
  status) status postgres ;;
  url) echo "$URL/${2:-mcfed}" ;;
  psql) "$(bin)/psql" "$URL/mcfed" "${@:2}" ;;
  *) usage ;;
esac
