#!/bin/bash
# fping and the ping of iputils (Debian), to measure ours beside; nothing is kept running.
# usage: fping.sh path       installs what is missing, prints the executable of fping
. "$(dirname "$0")/lib.sh"

path() {
  apt_need fping iputils-ping
  command -v fping || die "the package fping has brought no program of that name"
}

case ${1:-} in
  path) lock fping; path ;;
  *) usage ;;
esac
