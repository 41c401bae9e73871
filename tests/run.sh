#!/bin/bash
# Every test, in three lanes side by side. Tests stop and freeze servers, so lanes share none but what they only ask.
#   alone    what needs no server, pages and commands included
#   pair     the monitor, the alarms, and what else needs a RabbitMQ and a PostgreSQL, on a pair of their own; and the
#            faults of the river, which need a Kafka too and mostly wait
#   served   everything else that needs real servers; what needs the OpenStack first, so that it can be stopped
# usage: run.sh [PYTEST ARGS...]   with arguments: just pytest
cd "$(dirname "$0")/.." || exit 1
[ $# -eq 0 ] || exec python -m pytest "$@"

shopt -s nullglob
export PG_FAST=1   # tests kill servers, and cut no power
data=${MCFED_DATA:?}
PAIR=(tests/integration/test_{monitor_*,alarms_*,faults_*,vnfs_postgres,bus_*,polling_postgres}.py
  tests/integration/test_{events_stream_postgres,topics_postgres*,vio_rabbitmq,publishers_bus,snmp_*}.py
  tests/scenario/test_scenario_{monitor,soak,alarms,alarm_table,faults}.py)

OPENSTACK=(tests/integration/test_openstack_*.py tests/scenario/test_scenario_{openstack*,polled,keystone}.py)

lane() {   # NAME PYTEST-ARGS...
  local name=$1
  shift
  MCFED_DATA=$data/$name python -m pytest -p no:cacheprovider "$@"
}

on_own_servers() {   # COMMAND: with a RabbitMQ and a PostgreSQL that are not those of the others
  KAFKA_JARS=$(realpath -m "${MCFED_RUN:-.run}")/services/kafka-jars MCFED_RUN=$PWD/.run/own \
    RMQ_PORT=29672 RMQ_MGMT_PORT=29673 RMQ_DIST_PORT=29674 RMQ_EPMD_PORT=29675 PG_PORT=29432 \
    KAFKA_PORT=29092 KAFKA3_PORT=29102 "$@"
}

pair() {
  local rc=0
  on_own_servers lane pair --durations=15 "${PAIR[@]}" || rc=1
  on_own_servers tests/services/all.sh stop
  return $rc
}

served() {
  local rc=0
  lane served --durations=15 "${OPENSTACK[@]}" || rc=1
  tests/services/openstack.sh stop
  lane served --durations=15 tests/contract tests/integration tests/scenario \
    "${PAIR[@]/#/--ignore=}" "${OPENSTACK[@]/#/--ignore=}" || rc=1
  return $rc
}

printed=$(mktemp -d) || exit 1
trap 'rm -rf "$printed"' EXIT
lane alone tests/unit tests/api tests/e2e >"$printed/alone" 2>&1 &
alone=$!
pair >"$printed/pair" 2>&1 &
pair=$!
served
rc=$?
wait "$pair" || rc=1
cat "$printed/pair"
wait "$alone" || rc=1
cat "$printed/alone"
exit $rc
