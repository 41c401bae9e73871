#!/bin/bash
# Chromium (Debian) and a font, for browser tests; nothing is kept running.
# usage: chromium.sh path       installs what is missing, prints the executable
#   environment: MCFED_CHROMIUM, an executable to use instead
. "$(dirname "$0")/lib.sh"

path() {
  if [ -n "${MCFED_CHROMIUM:-}" ]; then
    [ -x "$MCFED_CHROMIUM" ] || die "MCFED_CHROMIUM=$MCFED_CHROMIUM is not executable"
    echo "$MCFED_CHROMIUM"
    return
  fi
  apt_need chromium fonts-dejavu-core
  command -v chromium || die "the package chromium has brought no program of that name"
}

case ${1:-} in
  path) lock chromium; path ;;
  *) usage ;;
esac
