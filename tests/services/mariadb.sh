#!/bin/bash
# MariaDB (Debian) with data of its own on 127.0.0.1, for OpenStack only; root through its socket.
# usage: mariadb.sh start|stop|kill|pause|resume|wipe|status|url [DATABASE]|sql STATEMENT
#   kill = SIGKILL, pause/resume = SIGSTOP/SIGCONT, wipe = stop and delete the data; user openstack/openstack
#   environment: MARIADB_PORT 28306
. "$(dirname "$0")/lib.sh"

PORT=${MARIADB_PORT:-28306}
DATA=$RUN/mariadb

as_user mysql
# The socket is named relative to the data folder on both sides: an absolute name could be too long for one.
sql() { (cd "$DATA/data" && mariadb --no-defaults --user=root --socket=./sock -N -e "$1"); }
serving() { sql 'select 1' >/dev/null 2>&1; }

start() {
  if running mariadb && wait_for mariadb 60 serving; then echo "mariadb runs: 127.0.0.1:$PORT"; return; fi
  apt_need mariadb-server
  T0=${EPOCHREALTIME/./}
  port_free mariadb MARIADB_PORT "$PORT"
  mkdir -p "$DATA"
  own mysql "$DATA"
  cd "$DATA" || exit 1
  if [ ! -f "$DATA/initialized" ]; then
    rm -rf "$DATA/data"
    "${AS[@]}" mariadb-install-db --no-defaults --datadir="$DATA/data" --auth-root-authentication-method=socket \
      --auth-root-socket-user="$(id -un)" --skip-test-db >>"$(log_of mariadb)" 2>&1 </dev/null \
      || die "mariadb-install-db: $(log_tail mariadb)"
    touch "$DATA/initialized"
  fi
  bg mariadb "${AS[@]}" mariadbd --no-defaults --datadir="$DATA/data" --socket=./sock --pid-file="$DATA/pid" \
    --bind-address=127.0.0.1 --port="$PORT" --skip-name-resolve --max-connections=500 \
    --innodb-buffer-pool-size=192M --innodb-flush-log-at-trx-commit=2 --innodb-flush-method=nosync --skip-innodb-doublewrite \
    --character-set-server=utf8mb4 --collation-server=utf8mb4_general_ci
  wait_for mariadb 300 serving || die "mariadb: $(log_tail mariadb)"
  sql "create user if not exists openstack@'127.0.0.1' identified by 'openstack';
    grant all on *.* to openstack@'127.0.0.1'" || die "mariadb: no user openstack"
  echo "mariadb up in $(elapsed): 127.0.0.1:$PORT"
}

case ${1:-} in
  start) lock mariadb; start ;;
  stop) lock mariadb; end mariadb TERM 60 ;;
  kill) lock mariadb; end mariadb KILL ;;
  pause) lock mariadb; signal STOP mariadb ;;
  resume) lock mariadb; signal CONT mariadb ;;
  wipe) lock mariadb; end mariadb TERM 10; rm -rf "$DATA" ;;
  status) status mariadb ;;
  url) echo "mysql+pymysql://openstack:openstack@127.0.0.1:$PORT/${2:-}" ;;
  sql) sql "${2:?statement}" ;;
  *) usage ;;
esac
