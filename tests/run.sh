#!/bin/bash
# Every test, in three lanes side by side. Tests stop and freeze servers, so lanes share none but what they only ask.
#   alone    what needs no server, pages and commands included
#   watched  the monitor and the alarms, on a RabbitMQ and a PostgreSQL of their own
#   served   everything else that needs real servers
# usage: run.sh [PYTEST ARGS...]   with arguments: just pytest
cd "$(dirname "$0")/.." || exit 1
[ $# -eq 0 ] || exec python -m pytest "$@"

shopt -s nullglob
data=${MCFED_DATA:?}
WATCHED=(tests/integration/test_{monitor_*,alarms_*,faults_*,vnfs_postgres,bus_kill_queues,bus_rpc_rabbitmq}.py
  tests/scenario/test_scenario_{monitor,soak,alarms}.py)

lane() {   # NAME PYTEST-ARGS...
  local name=$1
  shift
  MCFED_DATA=$data/$name python -m pytest -p no:cacheprovider "$@"
}

on_own_servers() {   # COMMAND: with a RabbitMQ and a PostgreSQL that are not those of the others
  MCFED_RUN=$PWD/.run/own RMQ_PORT=29672 RMQ_MGMT_PORT=29673 RMQ_DIST_PORT=29674 RMQ_EPMD_PORT=29675 \
    PG_PORT=29432 "$@"
}

watched() {
  local rc=0
  on_own_servers lane watched --durations=15 "${WATCHED[@]}" || rc=1
  on_own_servers tests/services/rabbitmq.sh stop
  on_own_servers tests/services/postgres.sh stop
  return $rc
}

printed=$(mktemp -d) || exit 1
trap 'rm -rf "$printed"' EXIT
lane alone tests/unit tests/api tests/e2e >"$printed/alone" 2>&1 &
alone=$!
watched >"$printed/watched" 2>&1 &
watched=$!
lane served --durations=15 tests/contract tests/integration tests/scenario "${WATCHED[@]/#/--ignore=}"
rc=$?
wait "$watched" || rc=1
cat "$printed/watched"
wait "$alone" || rc=1
cat "$printed/alone"
exit $rc
