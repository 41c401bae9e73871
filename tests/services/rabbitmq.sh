#!/bin/bash
# RabbitMQ (Debian) as a private node on 127.0.0.1, with an epmd of its own; user openstack/openstack.
# usage: rabbitmq.sh start|stop|kill|pause|resume|wipe|status|url|ctl ARGS...
#   kill = SIGKILL, pause/resume = SIGSTOP/SIGCONT, wipe = stop and delete the data, ctl = rabbitmqctl
#   environment: RMQ_PORT 28672, RMQ_MGMT_PORT 28673, RMQ_DIST_PORT 28674, RMQ_EPMD_PORT 28675
. "$(dirname "$0")/lib.sh"

PORT=${RMQ_PORT:-28672}
MGMT=${RMQ_MGMT_PORT:-28673}
DIST=${RMQ_DIST_PORT:-28674}
EPMD=${RMQ_EPMD_PORT:-28675}
DATA=$RUN/rabbitmq
URL=amqp://openstack:openstack@127.0.0.1:$PORT/
ERL='-kernel inet_dist_use_interface {127,0,0,1}'

as_user rabbitmq
NODE=("${AS[@]}" env HOME="$DATA" ERL_EPMD_PORT="$EPMD" ERL_EPMD_ADDRESS=127.0.0.1
  # an Erlang program that finds no epmd starts one, which nobody would end: not here
  ERL_AFLAGS="-start_epmd false"
  RABBITMQ_NODENAME=mcfed@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
  RABBITMQ_NODE_PORT="$PORT" RABBITMQ_DIST_PORT="$DIST"
  RABBITMQ_MNESIA_BASE="$DATA/mnesia" RABBITMQ_LOG_BASE="$DATA/log" RABBITMQ_PID_FILE="$DATA/pid"
  RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE="$DATA/rabbitmq.conf"
  RABBITMQ_ADVANCED_CONFIG_FILE="$DATA/none" RABBITMQ_ENABLED_PLUGINS_FILE="$DATA/enabled_plugins"
  RABBITMQ_CTL_ERL_ARGS="$ERL"
  # ALLOW_INPUT makes the start script exec the server instead of waiting for it, -noinput keeps it
  # off the terminal all the same; +sbwt none: an idle broker must not spin on the tests' processors
  RABBITMQ_ALLOW_INPUT=1
  RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="$ERL -noinput +sbwt none +sbwtdcpu none +sbwtdio none")

ctl() { (cd "$DATA" && "${NODE[@]}" /usr/lib/rabbitmq/bin/rabbitmqctl "$@"); }
serving() { ctl await_startup >/dev/null 2>&1; }

config() {
  mkdir -p "$DATA/log"
  cat >"$DATA/rabbitmq.conf" <<CONF
default_user = openstack
default_pass = openstack
default_user_tags.administrator = true
management.tcp.ip = 127.0.0.1
management.tcp.port = $MGMT
vm_memory_high_watermark.absolute = 1536MiB
disk_free_limit.absolute = 100MB
log.console = false
CONF
  echo '[rabbitmq_management].' >"$DATA/enabled_plugins"
  own rabbitmq "$DATA"
}

epmd() {   # one that is left from an earlier run folder does as well
  running rabbitmq-epmd && return
  port_open "$EPMD" && "${AS[@]}" epmd -port "$EPMD" -names >/dev/null 2>&1 && return
  port_free rabbitmq RMQ_EPMD_PORT "$EPMD"
  bg rabbitmq-epmd "${AS[@]}" epmd -address 127.0.0.1 -port "$EPMD"
  wait_port rabbitmq-epmd "$EPMD" 10 || die "epmd: $(log_tail rabbitmq-epmd)"
}

launch() {
  local p
  apt_need rabbitmq-server
  T0=${EPOCHREALTIME/./}
  for p in RMQ_PORT:"$PORT" RMQ_MGMT_PORT:"$MGMT" RMQ_DIST_PORT:"$DIST"; do
    port_free rabbitmq "${p%:*}" "${p#*:}"
  done
  config
  cd "$DATA" || exit 1
  epmd
  bg rabbitmq "${NODE[@]}" /usr/lib/rabbitmq/bin/rabbitmq-server
}

start() {
  if running rabbitmq; then
    epmd
    if port_open "$PORT"; then echo "rabbitmq runs: $URL"; return; fi   # else: an interrupted start
  else
    launch
  fi
  wait_port rabbitmq "$PORT" 240 || die "rabbitmq did not start: $(log_tail rabbitmq) see $DATA/log"
  wait_for rabbitmq 240 serving || die "rabbitmq does not serve: see $DATA/log"
  echo "rabbitmq up in $(elapsed): $URL (management http://127.0.0.1:$MGMT)"
}

stop() { end rabbitmq TERM 120; end rabbitmq-epmd TERM 5; }

case ${1:-} in
  start) lock rabbitmq; start ;;
  stop) lock rabbitmq; stop ;;
  kill) lock rabbitmq; end rabbitmq KILL ;;
  pause) lock rabbitmq; signal STOP rabbitmq ;;
  resume) lock rabbitmq; signal CONT rabbitmq ;;
  wipe) lock rabbitmq; stop; rm -rf "$DATA" ;;
  status) status rabbitmq ;;
  url) echo "$URL" ;;
  ctl) ctl "${@:2}" ;;
  *) usage ;;
esac
