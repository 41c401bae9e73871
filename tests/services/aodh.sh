#!/bin/bash
# Ceilometer and Aodh from PyPI, the peers that `make bench` measures beside the gateway; nothing is kept running.
# usage: aodh.sh path       installs what is missing, prints the folder of the programs
#   environment: PYTHON, the interpreter that a virtual environment is made with, default python3
. "$(dirname "$0")/lib.sh"

PINS=(aodh==23.0.0 ceilometer==27.0.0 'psycopg[binary]==3.3.9' psycopg2-binary==2.9.13 PyMySQL==1.2.4)
VENV=$RUN/aodh

path() {
  local mark=$VENV/pins log
  log=$(log_of aodh)
  if [ "$(cat "$mark" 2>/dev/null)" != "${PINS[*]}" ]; then
    say "installing ${PINS[*]} (log: $log)"
    rm -rf "$VENV"
    { "${PYTHON:-python3}" -m venv "$VENV" && "$VENV/bin/pip" install --disable-pip-version-check "${PINS[@]}"; } \
      >"$log" 2>&1 || die "Aodh and Ceilometer cannot be installed: $(log_tail aodh)"
    echo "${PINS[*]}" >"$mark"
    say "installed in $(elapsed)"
  fi
  echo "$VENV/bin"
}

case ${1:-} in
  path) lock aodh; path ;;
  *) usage ;;
esac
