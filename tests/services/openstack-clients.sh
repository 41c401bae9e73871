#!/bin/bash
# The stock OpenStack command line with the commands of Tacker, Mistral and Aodh, unchanged, from PyPI; nothing is kept running.
# usage: openstack-clients.sh path       installs what is missing, prints the folder of the programs
#   environment: PYTHON, the interpreter that a virtual environment is made with, default python3
. "$(dirname "$0")/lib.sh"

PINS=(python-openstackclient==10.5.0 python-tackerclient==2.6.0 python-mistralclient==6.3.0 aodhclient==3.12.0)
VENV=$RUN/openstack-clients

path() {
  local mark=$VENV/pins log
  log=$(log_of openstack-clients)
  if [ "$(cat "$mark" 2>/dev/null)" != "${PINS[*]}" ]; then
    say "installing ${PINS[*]} (log: $log)"
    rm -rf "$VENV"
    { "${PYTHON:-python3}" -m venv "$VENV" && "$VENV/bin/pip" install --disable-pip-version-check "${PINS[@]}"; } \
      >"$log" 2>&1 || die "the clients cannot be installed: $(log_tail openstack-clients)"
    echo "${PINS[*]}" >"$mark"
    say "installed in $(elapsed)"
  fi
  echo "$VENV/bin"
}

case ${1:-} in
  path) lock openstack-clients; path ;;
  *) usage ;;
esac
