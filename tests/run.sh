#!/bin/bash
# Every test in two halves side by side. One: what needs this machine alone, pages and commands included, then the
# monitor on servers of its own. The other: everything else that needs real servers. Tests stop and freeze servers,
# so the halves share none but what they only ask.
# usage: run.sh [PYTEST ARGS...]   with arguments: just pytest
cd "$(dirname "$0")/.." || exit 1
[ $# -eq 0 ] || exec python -m pytest "$@"

data=${MCFED_DATA:?}
MONITOR=(tests/integration/test_{monitor_*,vnfs_postgres,bus_kill_queues,bus_rpc_rabbitmq}.py
  tests/scenario/test_scenario_{monitor,soak}.py)

own_servers() {   # COMMAND: with a RabbitMQ and a PostgreSQL that are not those of the other half
  MCFED_RUN=$PWD/.run/own RMQ_PORT=29672 RMQ_MGMT_PORT=29673 RMQ_DIST_PORT=29674 RMQ_EPMD_PORT=29675 \
    PG_PORT=29432 "$@"
}

one_half() {
  local rc=0
  export MCFED_DATA=$data/alone
  python -m pytest -p no:cacheprovider tests/unit tests/api tests/e2e || rc=1
  own_servers python -m pytest -p no:cacheprovider "${MONITOR[@]}" || rc=1
  own_servers tests/services/rabbitmq.sh stop
  own_servers tests/services/postgres.sh stop
  return $rc
}

printed=$(mktemp) || exit 1
trap 'rm -f "$printed"' EXIT
one_half >"$printed" 2>&1 &
one=$!
MCFED_DATA=$data/served python -m pytest --durations=15 tests/contract tests/integration tests/scenario \
  "${MONITOR[@]/#/--ignore=}"
other=$?
wait "$one"
one=$?
cat "$printed"
exit $((one || other))
