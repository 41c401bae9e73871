#!/bin/bash
# snmptrapd (Debian) on 127.0.0.1 and ::1, which writes each trap and inform as one line of a file.
# usage: snmptrapd.sh start|stop|kill|pause|resume|wipe|status|url|traps|engine|mibs
#   kill = SIGKILL, pause/resume = SIGSTOP/SIGCONT, wipe = stop and delete the data
#   traps = the file it writes; engine = the engine id whose v3 traps it knows; mibs = the folders for -M
#   environment: SNMPTRAPD_PORT 28162 (udp), SNMPTRAPD_NAME snmptrapd (another one beside the first)
. "$(dirname "$0")/lib.sh"

PORT=${SNMPTRAPD_PORT:-28162}
NAME=${SNMPTRAPD_NAME:-snmptrapd}
DATA=$RUN/$NAME
TRAPS=$DATA/traps
ENGINE=0x8000000001020304   # tests that send v3 traps send them as this engine
MIBS=$SERVICES/snmp:$(realpath "$SERVICES/../../fed_common/notify/snmp")

# -n none of the sender's names is looked up; the line: transport|version and security|varbinds
FORMAT='%b|%P|%v\n'

config() {
  mkdir -p "$DATA/persistent"
  : >"$DATA/snmp.conf"
  cat >"$DATA/snmptrapd.conf" <<CONF
authCommunity log public
createUser mcfed SHA authsecret AES privsecret
createUser -e $ENGINE mcfed SHA authsecret AES privsecret
createUser mcfed256 SHA-256 authsecret AES privsecret
createUser -e $ENGINE mcfed256 SHA-256 authsecret AES privsecret
authUser log mcfed priv
authUser log mcfed256 priv
CONF
}

# There is no port to connect to: it listens once the kernel lists both of its sockets.
listens() { [ "$(ss -Hlnu "sport = :$PORT" | wc -l)" -ge 2 ]; }

start() {
  if running "$NAME" && wait_for "$NAME" 60 listens; then echo "$NAME runs: $(url)"; return; fi
  apt_need snmptrapd snmp iproute2
  T0=${EPOCHREALTIME/./}
  [ -z "$(ss -Hlnu "sport = :$PORT")" ] || die "$NAME: udp port $PORT is in use; stop whoever has it or set SNMPTRAPD_PORT"
  config
  # -Lf: its log is the file of traps; -C -c: no configuration of the system
  bg "$NAME" "${CLEAN[@]}" SNMPCONFPATH="$DATA" SNMP_PERSISTENT_DIR="$DATA/persistent" \
    /usr/sbin/snmptrapd -f -n -A -Lf "$TRAPS" -C -c "$DATA/snmptrapd.conf" -M "$MIBS" -m MCFED-ALARM-MIB:SNMPv2-MIB \
    -Oq -F "$FORMAT" "udp:127.0.0.1:$PORT" "udp6:[::1]:$PORT"
  wait_for "$NAME" 120 listens || die "$NAME: $(log_tail "$NAME")"
  echo "$NAME up in $(elapsed): $(url)"
}

url() { echo "snmp://127.0.0.1:$PORT"; }

case ${1:-} in
  start) lock "$NAME"; start ;;
  stop) lock "$NAME"; end "$NAME" ;;
  kill) lock "$NAME"; end "$NAME" KILL ;;
  pause) lock "$NAME"; signal STOP "$NAME" ;;
  resume) lock "$NAME"; signal CONT "$NAME" ;;
  wipe) lock "$NAME"; end "$NAME"; rm -rf "$DATA" ;;
  status) status "$NAME" ;;
  url) url ;;
  traps) echo "$TRAPS" ;;
  engine) echo "$ENGINE" ;;
  mibs) echo "$MIBS" ;;
  *) usage ;;
esac
