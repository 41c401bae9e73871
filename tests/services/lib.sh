# shellcheck shell=bash
# Common functions of the scripts in this folder; sourced by them, bash only.
#
# Everything a service leaves behind is below $RUN: NAME/ (data), log/NAME.log, pids/NAME, lock/NAME.
# A pid note is "pid birth boot": a number that the kernel has given to somebody else since, or that
# is from before a reboot, is never taken for one of ours.

set -u
umask 022
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

SERVICES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RUN=$(realpath -m "${MCFED_RUN:-$SERVICES/../../.run}")/services
BOOT=$(cut -c1-8 /proc/sys/kernel/random/boot_id)
T0=${EPOCHREALTIME/./}

say() { printf '[%(%H:%M:%S)T] %s\n' -1 "$*" >&2; }
die() { say "FAILED: $*"; exit 1; }
elapsed() { local t=$((${EPOCHREALTIME/./} - T0)); printf '%d.%d s' $((t / 1000000)) $((t / 100000 % 10)); }
usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
log_of() { echo "$RUN/log/$1.log"; }
log_tail() { tail -n "${2:-3}" "$(log_of "$1")" 2>/dev/null | tr '\n' ' '; }

# Servers run as users of their own, who must be able to reach the run folder. A checkout below a
# private home is not such a place: then a folder in /var/tmp, named after the path, is used instead.
mkdir -p "$RUN" || die "cannot make $RUN"
if [ "$(id -u)" = 0 ] && ! setpriv --reuid nobody --clear-groups test -x "$RUN" 2>/dev/null; then
  RUN=/var/tmp/mcfed-$(printf %s "$RUN" | cksum | cut -d' ' -f1)/services
fi
mkdir -p "$RUN"/{pids,log,lock}

# ------------------------------------------------------------------ locks
# lock NAME: one verb of a service at a time. The lock ends with this script; servers do not inherit it.
lock() { exec 9>"$RUN/lock/$1"; flock -w 1800 9 || die "$1: another start or stop does not come to an end"; }

# ------------------------------------------------------------------ processes
_stat() {   # PID: sets _STATE, _SESSION, _THREADS, _BIRTH; false when there is no such process
  local s
  read -r s 2>/dev/null <"/proc/$1/stat" || return 1
  s=${s##*) }
  # shellcheck disable=SC2086
  set -- $s
  _STATE=$1 _SESSION=$4 _THREADS=${18} _BIRTH=${20}
}
# PID BIRTH. A zombie that has threads yet is still being taken down, with its sockets open.
_alive() { _stat "$1" && [ "$_BIRTH" = "$2" ] && { [[ $_STATE != [ZX] ]] || [ "$_THREADS" -gt 1 ]; }; }

pid_note() { _stat "$2" && echo "$2 $_BIRTH $BOOT" >"$RUN/pids/$1"; }   # NAME PID

pid_of() {   # NAME: prints the pid when that very process still runs
  local p b boot
  read -r p b boot 2>/dev/null <"$RUN/pids/$1" || return 1
  [ "$boot" = "$BOOT" ] && _alive "$p" "$b" && echo "$p"
}

_tree() {   # PID: "pid birth" of all its descendants
  local c
  # shellcheck disable=SC2013
  for c in $(cat "/proc/$1/task/"*/children 2>/dev/null); do
    _stat "$c" && echo "$c $_BIRTH"
    _tree "$c"
  done
}

# running NAME: true when it runs; a paused one is continued first. What a dead one has left is ended.
running() { if pid_of "$1" >/dev/null; then signal CONT "$1"; else _sweep "$1"; return 1; fi; }

# Workers that outlive their killed master keep its port. They are in the session that bg made, whose
# number is not given away while they live, and have our run folder in their environment or title.
_sweep() {   # NAME
  local p b boot d
  read -r p b boot 2>/dev/null <"$RUN/pids/$1" || return 0
  if [ "$boot" = "$BOOT" ] && { ! _stat "$p" || [ "$_BIRTH" = "$b" ]; }; then
    for d in /proc/[0-9]*; do
      _stat "${d#/proc/}" && [ "$_SESSION" = "$p" ] && grep -aqsF "$RUN" "$d/environ" "$d/cmdline" \
        && kill -KILL "${d#/proc/}" 2>/dev/null
    done
  fi
  rm -f "$RUN/pids/$1"
}

# signal SIGNAL NAME: to the noted process and its descendants.
signal() {
  local p c b
  p=$(pid_of "$2") || return 1
  kill -"$1" "$p" 2>/dev/null
  _tree "$p" | while read -r c b; do _alive "$c" "$b" && kill -"$1" "$c" 2>/dev/null; done
  return 0
}

# bg NAME COMMAND...: in the background in a session of its own, output to its log, pid noted.
# The command must exec, not fork, up to the server.
bg() {
  local name=$1
  shift
  setsid "$@" >>"$(log_of "$name")" 2>&1 </dev/null 9>&- &
  pid_note "$name" $! || die "$name did not start: $(log_tail "$name")"
}

# end NAME [SIGNAL [SECONDS]]: TERM (or SIGNAL), KILL after SECONDS, and KILL to descendants that stay.
end() {
  local name=$1 sig=${2:-TERM} limit=${3:-15} p b kids c i
  p=$(pid_of "$name") || { _sweep "$name"; return 0; }
  _stat "$p" && b=$_BIRTH
  kids=$(_tree "$p")
  [ "$sig" = KILL ] || signal CONT "$name"
  kill -"$sig" "$p" 2>/dev/null
  for ((i = 0; i < limit * 20; i++)); do _alive "$p" "$b" || break; sleep 0.05; done
  if _alive "$p" "$b"; then
    say "$name did not end within $limit s: killed"
    kill -KILL "$p" 2>/dev/null
    while _alive "$p" "$b"; do sleep 0.05; done
  fi
  while read -r c b; do
    [ -n "$c" ] && _alive "$c" "$b" && kill -KILL "$c" 2>/dev/null
  done <<<"$kids"
  rm -f "$RUN/pids/$name"
}

# Servers get nothing of the caller's environment, but a mark.
CLEAN=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 MCFED_SERVICES="$RUN")
# as_user USER: sets AS, the words to put before a command to run it so, as USER when we are root.
as_user() {
  AS=("${CLEAN[@]}")
  [ "$(id -u)" != 0 ] || AS+=(setpriv --reuid "$1" --regid "$1" --init-groups)
}
own() { [ "$(id -u)" != 0 ] || chown -R "$1:$1" "${@:2}"; }   # USER PATH...

# ------------------------------------------------------------------ ports
port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# port_free NAME VARIABLE PORT: dies when somebody else listens there, and does not just end.
port_free() {
  local i
  for ((i = 0; i < 60; i++)); do port_open "$3" || return 0; sleep 0.05; done
  die "$1: port $3 is in use by another process $(ss -Hltnp "sport = :$3" 2>/dev/null | grep -om1 'users:.*'); stop it or set $2"
}

# wait_port NAME PORT [SECONDS]: until it listens; false when it dies or is too late.
wait_port() { wait_for "$1" "${3:-60}" port_open "$2"; }

# wait_for NAME SECONDS COMMAND...: until COMMAND is true; false when the process NAME dies or it is too late.
wait_for() {
  local name=$1 limit=$((SECONDS + $2))
  shift 2
  while :; do
    "$@" && return 0
    pid_of "$name" >/dev/null || return 1
    [ $SECONDS -lt $limit ] || return 1
    sleep 0.1
  done
}

# ------------------------------------------------------------------ status
_rss() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status" 2>/dev/null || true; }
# status NAME...: a line each; false when one of them does not run.
status() {
  local name p c kb rc=0 _
  for name in "$@"; do
    if p=$(pid_of "$name"); then
      kb=$(_rss "$p")
      while read -r c _; do [ -z "$c" ] || kb=$((kb + $(_rss "$c") + 0)); done <<<"$(_tree "$p")"
      _stat "$p"
      printf '%-20s %s, pid %s, %d MB\n' "$name" "$([ "$_STATE" = T ] && echo paused || echo running)" "$p" $((kb / 1024))
    else
      printf '%-20s stopped\n' "$name"
      rc=3
    fi
  done
  return $rc
}

. "$SERVICES/packages.sh"
