#!/bin/bash
# Apache Kafka (jars from Maven Central, KRaft) on 127.0.0.1: a single broker, or a cluster of three for fault tests.
# usage: [BROKERS=1|3] [ONLY=n] kafka.sh start|stop|kill|pause|resume|wipe|status|bootstrap|tool CLASS ARGS...
#   BROKERS=3 is another cluster than BROKERS=1, both can run at a time; ONLY=n means broker n (1, 2, 3) of it alone
#   kill = SIGKILL, pause/resume = SIGSTOP/SIGCONT, wipe = stop and delete the data, bootstrap = host:port,...
#   tool: a class of org.apache.kafka.tools, e.g. tool TopicCommand --bootstrap-server 127.0.0.1:28092 --list
#   environment: KAFKA_PORT 28092 (single), KAFKA3_PORT 28102 (three: 28102, 28112, 28122); controllers one above;
#   KAFKA_JARS=FOLDER shares the jars of another run folder
#   topics are created on first use: 3 partitions; with three brokers 3 replicas, of which 2 in sync
. "$(dirname "$0")/lib.sh"

BROKERS=${BROKERS:-1}
ONLY=${ONLY:-}
JARS=${KAFKA_JARS:-$RUN/kafka-jars}
CLUSTER=bWNmZWQtdGVzdC1rYWZrYQ
case $BROKERS in
  1) NAME=kafka BASE=${KAFKA_PORT:-28092} VARIABLE=KAFKA_PORT ;;
  3) NAME=kafka3 BASE=${KAFKA3_PORT:-28102} VARIABLE=KAFKA3_PORT ;;
  *) die "BROKERS is 1 or 3, not $BROKERS" ;;
esac
DATA=$RUN/$NAME
NODES=$(seq 1 "$BROKERS")
if [ -n "$ONLY" ]; then
  grep -qx -- "$ONLY" <<<"$NODES" || die "ONLY=$ONLY: there is no such broker"
  NODES=$ONLY
fi

port() { echo $((BASE + 10 * ($1 - 1))); }
service() { if [ "$BROKERS" = 1 ]; then echo kafka; else echo "kafka3-$1"; fi; }
bootstrap() { local n list=''; for n in $NODES; do list+=,127.0.0.1:$(port "$n"); done; echo "${list#,}"; }

java_run() {   # -Dx=y... CLASS ARGS...
  JAVA=("${CLEAN[@]}" PATH="$PATH" ${JAVA_HOME:+JAVA_HOME="$JAVA_HOME"} java -cp "$JARS/*"
    "-Dlog4j2.configurationFile=$SERVICES/kafka/log4j2.properties" "$@")
}

# The jars are fetched once and kept, also by wipe; another version in the pom fetches again.
jars() (
  have=$(cksum <"$SERVICES/kafka/pom.xml")
  mkdir -p "${JARS%/*}"
  exec 9>"$JARS.lock"
  flock 9
  [ "$(cat "$JARS/.complete" 2>/dev/null)" != "$have" ] || exit 0
  command -v mvn >/dev/null || apt_need maven
  say "fetching Kafka (log: $(log_of kafka-jars))"
  rm -rf "$JARS"
  mkdir -p "$JARS"
  mvn -B -f "$SERVICES/kafka/pom.xml" dependency:copy-dependencies -DoutputDirectory="$JARS" \
    >"$(log_of kafka-jars)" 2>&1 </dev/null || die "maven: $(log_tail kafka-jars 8)"
  echo "$have" >"$JARS/.complete"
)

config() {   # NODE
  local n voters='' isr=1
  for n in $(seq 1 "$BROKERS"); do voters+=,$n@127.0.0.1:$(($(port "$n") + 1)); done
  [ "$BROKERS" = 1 ] || isr=2
  mkdir -p "$DATA/$1"
  cat >"$DATA/$1.properties" <<CONF
process.roles=broker,controller
node.id=$1
controller.quorum.voters=${voters#,}
listeners=PLAINTEXT://127.0.0.1:$(port "$1"),CONTROLLER://127.0.0.1:$(($(port "$1") + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$(port "$1")
controller.listener.names=CONTROLLER
log.dirs=$DATA/$1/log
auto.create.topics.enable=true
num.partitions=3
default.replication.factor=$BROKERS
min.insync.replicas=$isr
offsets.topic.num.partitions=5
offsets.topic.replication.factor=$BROKERS
transaction.state.log.num.partitions=3
transaction.state.log.replication.factor=$BROKERS
transaction.state.log.min.isr=$isr
share.coordinator.state.topic.num.partitions=3
share.coordinator.state.topic.replication.factor=$BROKERS
share.coordinator.state.topic.min.isr=$isr
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
log.segment.bytes=67108864
CONF
  [ ! -f "$DATA/$1/formatted" ] || return 0
  rm -rf "$DATA/$1/log"
  java_run -Xmx128m -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format -t "$CLUSTER" -c "$DATA/$1.properties"
  "${JAVA[@]}" >>"$(log_of "$(service "$1")")" 2>&1 || die "format: $(log_tail "$(service "$1")")"
  touch "$DATA/$1/formatted"
}

# A port that accepts is not yet a broker that serves: the broker's own word in the log, after our mark.
serving() {   # NODE
  tail -c "+$(cat "$DATA/$1/mark" 2>/dev/null || echo 1)" "$(log_of "$(service "$1")")" 2>/dev/null \
    | grep -q 'BrokerServer id=.* from STARTING to STARTED'
}

start_node() {   # NODE; in a shell of its own, beside the others
  local s
  s=$(service "$1")
  if ! running "$s"; then
    port_free "$s" "$VARIABLE" "$(port "$1")"
    port_free "$s" "$VARIABLE" $(($(port "$1") + 1))
    config "$1"
    echo $(($(stat -c %s "$(log_of "$s")" 2>/dev/null || echo 0) + 1)) >"$DATA/$1/mark"
    java_run -Xms256m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.awt.headless=true kafka.Kafka "$DATA/$1.properties"
    bg "$s" "${JAVA[@]}"
  fi
  wait_for "$s" 300 serving "$1" || die "$s does not serve: $(log_tail "$s")"
}

start() {
  local n pids=() p rc=0 fresh=''
  for n in $NODES; do running "$(service "$n")" && serving "$n" || fresh=1; done
  if [ -z "$fresh" ]; then echo "$NAME runs: $(bootstrap)"; return; fi
  command -v java >/dev/null || apt_need default-jre-headless
  jars || exit 1
  T0=${EPOCHREALTIME/./}
  for n in $NODES; do (start_node "$n") & pids+=($!); done
  for p in "${pids[@]}"; do wait "$p" || rc=1; done
  [ $rc = 0 ] || exit 1
  echo "$NAME up in $(elapsed): $(bootstrap)"
}

each() {   # FUNCTION ARGS... with the service's name as first argument, for all brokers at once
  local n
  for n in $NODES; do "$1" "$(service "$n")" "${@:2}" & done
  wait
}
send() { signal "$2" "$1"; }

case ${1:-} in
  start) lock "$NAME"; start ;;
  stop) lock "$NAME"; each end TERM 15 ;;
  kill) lock "$NAME"; each end KILL ;;
  pause) lock "$NAME"; each send STOP ;;
  resume) lock "$NAME"; each send CONT ;;
  wipe) lock "$NAME"; each end TERM 5; if [ -n "$ONLY" ]; then rm -rf "${DATA:?}/$ONLY"; else rm -rf "$DATA"; fi ;;
  status) rc=0; for n in $NODES; do status "$(service "$n")" || rc=3; done; exit $rc ;;
  bootstrap) bootstrap ;;
  tool) [ -d "$JARS" ] || die "start it first"; java_run -Dmcfed.level=error "org.apache.kafka.tools.${2:?class}" "${@:3}"; exec "${JAVA[@]}" ;;
  *) usage ;;
esac
