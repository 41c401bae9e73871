#!/bin/bash
# All the services of this folder at once.
# usage: all.sh stop|status|wipe
#   stop ends whatever runs, wipe deletes the data too (fetched jars stay)
. "$(dirname "$0")/lib.sh"

each() {   # VERB: OpenStack goes before the servers that it uses
  "$SERVICES/openstack.sh" "$1" || return 1
  local pids=() p rc=0
  for p in rabbitmq postgres mariadb kafka vcsim snmptrapd libvirt; do "$SERVICES/$p.sh" "$1" & pids+=($!); done
  BROKERS=3 "$SERVICES/kafka.sh" "$1" & pids+=($!)
  for p in "${pids[@]}"; do wait "$p" || rc=1; done
  return $rc
}

case ${1:-} in
  stop | wipe) each "$1" ;;
  status)
    for s in rabbitmq postgres kafka vcsim snmptrapd libvirt; do "$SERVICES/$s.sh" status; done
    BROKERS=3 "$SERVICES/kafka.sh" status
    "$SERVICES/openstack.sh" status
    exit 0
    ;;
  *) usage ;;
esac
