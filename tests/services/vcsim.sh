#!/bin/bash
# A simulated vCenter (govmomi's simulator) on 127.0.0.1 with TLS by a certificate of its own, and govc.
# usage: vcsim.sh start|stop|kill|pause|resume|wipe|status|url|cert|govc ARGS...
#   kill = SIGKILL, pause/resume = SIGSTOP/SIGCONT, wipe = stop and delete programs and certificate
#   every start begins with the same inventory, ids and places included: nothing outlives the process
#   environment: VCSIM_PORT 28989; DATACENTERS 2, each with one cluster of HOSTS 3 and one host outside it,
#   and VMS 2 VMs in the cluster and as many on the host outside; CLONE_DELAY 0 milliseconds before a clone is made
. "$(dirname "$0")/lib.sh"

PORT=${VCSIM_PORT:-28989}
DATA=$RUN/vcsim
USERNAME=administrator@vsphere.local
PASSWORD='vcsim:secret'

build() {
  [ -f "$DATA/built" ] && [ -z "$(find "$SERVICES/vcsim" -type f -newer "$DATA/built")" ] && return
  local go
  go=$(command -v go || command -v /usr/local/go/bin/go) ||
    die "vcsim: there is no go; it needs Go 1.25 or newer (https://go.dev/dl), which Debian 12 has not"
  say "building vcsim and govc (log: $(log_of vcsim-build))"
  (cd "$SERVICES/vcsim" && GOBIN=$DATA GOFLAGS=-buildvcs=false "$go" install . ./govc) \
    >>"$(log_of vcsim-build)" 2>&1 9>&- || die "go install: $(log_tail vcsim-build) ($("$go" version); 1.25 or newer is needed)"
  touch "$DATA/built"
}

certificate() {
  [ -f "$DATA/cert.pem" ] && return
  command -v openssl >/dev/null || apt_need openssl
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=vcsim" \
    -addext "subjectAltName=IP:127.0.0.1,DNS:localhost" -keyout "$DATA/key.pem" -out "$DATA/cert.new" 2>/dev/null ||
    die "openssl cannot make a certificate"
  mv "$DATA/cert.new" "$DATA/cert.pem"
}

govc() {
  env GOVC_URL="https://127.0.0.1:$PORT/sdk" GOVC_USERNAME=$USERNAME GOVC_PASSWORD="$PASSWORD" \
    GOVC_TLS_CA_CERTS="$DATA/cert.pem" GOVC_PERSIST_SESSION=false GOVC_DATACENTER="${GOVC_DATACENTER:-DC0}" \
    "$DATA/govc" "$@"
}
serving() { govc about >/dev/null 2>&1; }

start() {
  if running vcsim && wait_for vcsim 60 serving; then echo "vcsim runs: $(url)"; return; fi
  running vcsim && end vcsim
  mkdir -p "$DATA"
  build
  certificate
  port_free vcsim VCSIM_PORT "$PORT"
  rm -rf "$DATA/tmp"   # a killed one leaves its datastores
  mkdir "$DATA/tmp"
  bg vcsim "${CLEAN[@]}" TMPDIR="$DATA/tmp" "$DATA/vcsim" -listen "127.0.0.1:$PORT" \
    -username "$USERNAME" -password "$PASSWORD" -cert "$DATA/cert.pem" -key "$DATA/key.pem" \
    -datacenters "${DATACENTERS:-2}" -hosts "${HOSTS:-3}" -vms "${VMS:-2}" -clone-delay "${CLONE_DELAY:-0}"
  wait_for vcsim 180 serving || die "vcsim: $(log_tail vcsim)"
  echo "vcsim up in $(elapsed): $(url)"
}

url() { echo "https://${USERNAME/@/%40}:${PASSWORD/:/%3A}@127.0.0.1:$PORT/sdk"; }

case ${1:-} in
  start) lock vcsim; start ;;
  stop) lock vcsim; end vcsim ;;
  kill) lock vcsim; end vcsim KILL ;;
  pause) lock vcsim; signal STOP vcsim ;;
  resume) lock vcsim; signal CONT vcsim ;;
  wipe) lock vcsim; end vcsim; rm -rf "$DATA" ;;
  status) status vcsim ;;
  url) url ;;
  cert) echo "$DATA/cert.pem" ;;
  govc) govc "${@:2}" ;;
  *) usage ;;
esac
