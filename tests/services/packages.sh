# shellcheck shell=bash
# Installation of Debian packages, for the scripts in this folder; sourced by lib.sh.

# apt_need PACKAGE...: installs what is missing.
apt_need() {
  local missing=() p log t=$SECONDS
  for p in "$@"; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || die "only root can install ${missing[*]}"
  log=$(log_of apt)
  say "installing ${missing[*]} (log: $log)"
  (_apt_install "${missing[@]}") >>"$log" 2>&1 9>&- || die "apt-get install ${missing[*]}: $(log_tail apt 4)"
  say "installed in $((SECONDS - t)) s"
}

_apt_install() {
  exec 8>/run/mcfed-apt.lock
  flock 8
  _GUARD='' _CACHE=$(mktemp -d "$RUN/apt.XXXXXX")
  mkdir "$_CACHE/partial"
  trap 'rm -rf "$_CACHE"; [ -z "$_GUARD" ] || rm -f "$_GUARD"' EXIT
  trap 'exit 1' HUP INT TERM
  # package scripts must not start a service with the system's data and ports
  if [ ! -e /usr/sbin/policy-rc.d ] || grep -qs mcfed-guard /usr/sbin/policy-rc.d; then
    _GUARD=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\n# mcfed-guard\nexit 101\n' >$_GUARD
    chmod 755 $_GUARD
  fi
  if [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -print -quit 2>/dev/null)" ]; then
    _apt install "$@" && return 0
  fi
  local i
  for i in 1 2 3; do   # the lists may be old, absent, or under change by another apt
    _apt update && _apt install "$@" && return 0
    sleep $((i * 5))
  done
  return 1
}

# An archive folder of our own: container images have hooks by which any apt run empties the common one.
_apt() {
  apt-get -y --no-install-recommends -o DPkg::Lock::Timeout=1800 -o Dpkg::Options::=--force-confold \
    -o Dir::Cache::archives="$_CACHE" "$@" 8>&- </dev/null
}
