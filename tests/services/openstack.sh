#!/bin/bash
# A real OpenStack control plane from Debian (Keystone, Placement, Glance, Neutron, Nova) on 127.0.0.1. Three computes
# have Nova's fake hypervisor: no guest is ever run, every API call and every notification is real.
# usage: openstack.sh start|stop|wipe|status|rc|cli ARGS...|start-one NAME|stop-one NAME|kill-one NAME|config
#   NAME: keystone placement glance neutron nova-api nova-conductor nova-scheduler nova-compute-1|-2|-fail
#   starts rabbitmq.sh and mariadb.sh; stop ends MariaDB too, RabbitMQ stays; wipe = stop and delete the data
#   rc = the file to source for the clients; cli = the openstack client as admin
#   environment: KEYSTONE_PORT 28500, PLACEMENT_PORT 28778, GLANCE_PORT 28292, NEUTRON_PORT 28696, NOVA_PORT 28774;
#   for Nova: NOTIFICATION_FORMAT (both), RECLAIM_INSTANCE_INTERVAL (600), SHELVED_OFFLOAD_TIME (0),
#   SYNC_POWER_STATE_INTERVAL (60), read by start and start-one
. "$(dirname "$0")/lib.sh"

IP=127.0.0.1
KPORT=${KEYSTONE_PORT:-28500}
PPORT=${PLACEMENT_PORT:-28778}
GPORT=${GLANCE_PORT:-28292}
NPORT=${NEUTRON_PORT:-28696}
CPORT=${NOVA_PORT:-28774}
DBPORT=${MARIADB_PORT:-28306}
RABBIT=$("$SERVICES/rabbitmq.sh" url)
RABBIT=rabbit${RABBIT#amqp}
AUTH=http://$IP:$KPORT
PASSWORD=secret
O=$RUN/openstack
OPENRC=$O/openrc
PLUGIN=$O/python
DATABASES='keystone glance placement neutron nova nova_api nova_cell0'
APIS='keystone placement glance neutron'
NAMES="$APIS nova-conductor nova-scheduler nova-compute-1 nova-compute-2 nova-compute-fail nova-api"
CLEAN+=(HOME="$O" PYTHONPATH="$PLUGIN")
. "$SERVICES/openstack-config.sh"

sql() { "$SERVICES/mariadb.sh" sql "$1"; }
port_of() {
  case $1 in
    keystone) echo "$KPORT" ;; placement) echo "$PPORT" ;; glance) echo "$GPORT" ;;
    neutron) echo "$NPORT" ;; nova-api) echo "$CPORT" ;;
  esac
}
known() { [[ " $NAMES " == *" ${1:-} "* ]] || die "there is no service '${1:-}': $NAMES"; }

packages() {
  apt_need mariadb-server keystone placement-api glance-api neutron-server nova-api nova-conductor nova-scheduler \
    nova-compute python3-openstackclient python3-pymysql uwsgi-core uwsgi-plugin-python3
}

command_of() {   # NAME: sets CMD
  local uwsgi=(uwsgi --plugin python3 --master --lazy-apps --processes 2 --threads 1 --enable-threads --need-app
    --die-on-term --no-orphans --buffer-size 65535 --disable-logging --add-header Connection:close)
  case $1 in
    keystone)
      CMD=(OS_KEYSTONE_CONFIG_FILES="$O/etc/keystone.conf" "${uwsgi[@]}"
        --http-socket "$IP:$KPORT" --wsgi-file /usr/bin/keystone-wsgi-public) ;;
    placement)
      CMD=(OS_PLACEMENT_CONFIG_DIR="$O/etc/placement" "${uwsgi[@]}"
        --http-socket "$IP:$PPORT" --wsgi-file /usr/bin/placement-api) ;;
    glance) CMD=(glance-api --config-file "$O/etc/glance.conf") ;;
    neutron) CMD=(neutron-server --config-file "$O/etc/neutron.conf") ;;
    nova-compute-*)
      CMD=(nova-compute --config-file "$O/etc/nova.conf" --config-file "$O/etc/compute-${1#nova-compute-}.conf") ;;
    nova-*) CMD=("$1" --config-file "$O/etc/nova.conf") ;;
  esac
  CMD=("${CLEAN[@]}" "${CMD[@]}")
}

launch() {   # NAME...
  local name
  for name in "$@"; do
    running "$name" && continue
    [ -z "$(port_of "$name")" ] || port_free "$name" "its port" "$(port_of "$name")"
    command_of "$name"
    bg "$name" "${CMD[@]}"
  done
}

listening() {   # NAME...
  local name
  for name in "$@"; do
    [ -z "$(port_of "$name")" ] || wait_port "$name" "$(port_of "$name")" 300 || die "$name: $(log_tail "$name")"
  done
}

# The record of a host says "up" before and after it is true: what counts is a report since TIME.
reporting() {   # TIME NUMBER PATTERN
  local name
  for name in $NAMES; do
    [ ! -f "$RUN/pids/$name" ] || pid_of "$name" >/dev/null || die "$name died: $(log_tail "$name")"
  done
  [ "$(sql "select count(*) from nova.services where deleted = 0 and \`binary\` = 'nova-compute'
    and last_seen_up >= '$1' and host like '$3'" 2>/dev/null)" -ge "$2" ] 2>/dev/null
}

step() {   # NAME COMMAND...: once in the life of the data
  [ ! -e "$O/done/$1" ] || return 0
  say "openstack: $1"
  "${@:2}" >>"$(log_of "setup-$1")" 2>&1 </dev/null || die "$1: $(log_tail "setup-$1")"
  touch "$O/done/$1"
}
all_at_once() {   # NAME...: the steps of that name, side by side
  local name pids=() p rc=0
  for name in "$@"; do (step "$name" "setup_$name") & pids+=($!); done
  for p in "${pids[@]}"; do wait "$p" || rc=1; done
  [ $rc = 0 ] || exit 1
}
boot() { "${CLEAN[@]}" python3 "$SERVICES/openstack/boot.py" "$@"; }
# PROGRAM WORD...[, WORD...]...: commands of nova-manage or keystone-manage, one after the other
manage() { "${CLEAN[@]}" python3 "$SERVICES/openstack/commands.py" "$1.cmd.manage" "$O/etc/$1.conf" "${@:2}"; }

setup_databases() {
  local d
  for d in $DATABASES; do sql "create database if not exists $d character set utf8"; done
}
setup_keystone() {
  local keys=(--keystone-user root --keystone-group root)
  manage keystone db_sync , fernet_setup "${keys[@]}" , credential_setup "${keys[@]}" , \
    bootstrap --bootstrap-password "$PASSWORD" --bootstrap-region-id RegionOne --bootstrap-admin-url "$AUTH/v3" \
    --bootstrap-internal-url "$AUTH/v3" --bootstrap-public-url "$AUTH/v3"
}
setup_placement() { "${CLEAN[@]}" placement-manage --config-file "$O/etc/placement/placement.conf" db sync; }
setup_glance() { "${CLEAN[@]}" glance-manage --config-file "$O/etc/glance.conf" db_sync; }
setup_neutron() { "${CLEAN[@]}" neutron-db-manage --config-file "$O/etc/neutron.conf" upgrade heads; }
setup_nova() {
  local cell=(cell_v2 create_cell --name cell1 --database_connection "$(_db nova)" --transport-url "$RABBIT" ,)
  [ -z "$(sql "select 1 from nova_api.cell_mappings where name = 'cell1'")" ] || cell=()
  manage nova api_db sync , cell_v2 map_cell0 --database_connection "$(_db nova_cell0)" , "${cell[@]}" db sync
}
setup_accounts() {
  boot accounts "$OPENRC" "http://$IP:$PPORT" "http://$IP:$GPORT" "http://$IP:$NPORT" "http://$IP:$CPORT/v2.1"
}
setup_hosts() {
  manage nova cell_v2 discover_hosts
  [ "$(sql "select count(*) from nova_api.host_mappings where host like 'fedcmp-%'")" = 3 ]
}
setup_content() { boot content "$OPENRC"; }

# Tables, keys and catalogue belong together, and name the ports: what is not of one piece is made anew.
same_piece() {
  local want="$RABBIT $KPORT $PPORT $GPORT $NPORT $CPORT $DBPORT"
  if [ ! -s "$O/piece" ] || ! cmp -s "$O/piece" "$RUN/mariadb/openstack" || [ "$(head -n 1 "$O/piece")" != "$want" ]; then
    wipe
    mkdir -p "$O" "$RUN/mariadb"
    { echo "$want"; cat /proc/sys/kernel/random/uuid; } | tee "$O/piece" >"$RUN/mariadb/openstack"
  fi
}

start() {
  local name since stopped=''
  for name in $NAMES; do running "$name" || stopped=1; done
  for name in mariadb rabbitmq; do pid_of "$name" >/dev/null || stopped=1; done
  if [ -z "$stopped" ] && [ -e "$O/up" ]; then echo "openstack runs: $AUTH/v3"; return; fi
  packages
  "$SERVICES/rabbitmq.sh" start >&2 || die rabbitmq
  T0=${EPOCHREALTIME/./}
  same_piece
  "$SERVICES/mariadb.sh" start >&2 || die mariadb
  config
  rm -f "$O/up"
  since=$(date -u '+%F %T')
  step databases setup_databases
  all_at_once keystone placement glance neutron nova
  # shellcheck disable=SC2086
  { launch $APIS; listening $APIS; }
  step accounts setup_accounts
  # shellcheck disable=SC2086
  { launch $NAMES; listening $NAMES; }
  wait_for nova-compute-1 300 reporting "$since" 3 'fedcmp-%' || die "the computes do not report: $(log_tail nova-compute-1)"
  step hosts setup_hosts
  step content setup_content
  touch "$O/up"
  echo "openstack up in $(elapsed): $AUTH/v3, admin/$PASSWORD; . $OPENRC"
}

start_one() {   # NAME
  local since
  running "$1" && return
  config
  since=$(date -u '+%F %T')
  launch "$1"
  listening "$1"
  if [[ $1 = nova-compute-* ]]; then
    wait_for "$1" 300 reporting "$since" 1 "fedcmp-${1#nova-compute-}" || die "$1 does not report: $(log_tail "$1")"
  fi
  echo "$1 up in $(elapsed)"
}

stop() {
  local name
  for name in $NAMES; do end "$name" TERM 10 & done
  wait
  "$SERVICES/mariadb.sh" stop
}

wipe() {
  stop
  "$SERVICES/mariadb.sh" wipe
  rm -rf "$O"
}

cli() {
  # shellcheck disable=SC1090
  . "$OPENRC"
  exec env -u PYTHONPATH PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/bin/openstack "$@"
}

case ${1:-} in
  start) lock openstack; start ;;
  stop) lock openstack; stop ;;
  wipe) lock openstack; wipe ;;
  start-one) known "${2:-}"; lock openstack; start_one "$2" ;;
  stop-one) known "${2:-}"; lock openstack; end "$2" TERM 10 ;;
  kill-one) known "${2:-}"; lock openstack; end "$2" KILL ;;
  config) lock openstack; config ;;
  status) read -ra all <<<"$NAMES mariadb"; status "${all[@]}" ;;
  rc) echo "$OPENRC" ;;
  cli) cli "${@:2}" ;;
  *) usage ;;
esac
