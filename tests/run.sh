#!/bin/bash
# Every test in two halves side by side: what needs this machine alone, pages and commands included, and what
# needs real servers, which some of these tests stop and freeze.
# usage: run.sh [PYTEST ARGS...]   with arguments: just pytest
cd "$(dirname "$0")/.." || exit 1
[ $# -eq 0 ] || exec python -m pytest "$@"

data=${MCFED_DATA:?}
printed=$(mktemp) || exit 1
trap 'rm -f "$printed"' EXIT
MCFED_DATA=$data/alone python -m pytest -p no:cacheprovider tests/unit tests/api tests/e2e >"$printed" 2>&1 &
alone=$!
MCFED_DATA=$data/served python -m pytest tests/contract tests/integration tests/scenario
served=$?
wait "$alone"
alone=$?
cat "$printed"
exit $((served || alone))
