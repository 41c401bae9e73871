#!/bin/bash
# libvirt and QEMU (Debian): a session daemon of its own, guests under emulation that never feed their watchdog.
# usage: libvirt.sh start|stop|kill|wipe|status|url|python|virsh ARGS...|guest UUID ACTION|end-guest UUID
#   kill = SIGKILL of the daemon, guests run on; guest = start one whose watchdog does ACTION (none, pause, reset,
#   poweroff) 2 s after it booted, with none again and again; python = the folder of libvirt's Python binding
. "$(dirname "$0")/lib.sh"

DATA=$RUN/libvirt
# QEMU's sockets are deep below, and the path of a socket has at most 107 letters
[ ${#DATA} -le 50 ] || DATA=/var/tmp/mcfed-lv-$(printf %s "$DATA" | cksum | cut -d' ' -f1)
URL="qemu+unix:///session?socket=$DATA/run/libvirt/libvirt-sock"
BINDING=/usr/lib/python3/dist-packages

as_user daemon
AS+=(env HOME="$DATA" XDG_RUNTIME_DIR="$DATA/run" XDG_CONFIG_HOME="$DATA/config"
  XDG_CACHE_HOME="$DATA/cache" XDG_DATA_HOME="$DATA/data")

ask() { virsh -q -c "$URL" "$@"; }
serving() { ask uri >/dev/null 2>&1; }

config() {
  mkdir -p "$DATA"/{run,cache,data,config/libvirt,python}
  cat >"$DATA/config/libvirt/libvirtd.conf" <<CONF
auth_unix_rw = "none"
unix_sock_rw_perms = "0777"
log_outputs = "3:stderr"
CONF
  cat >"$DATA/config/libvirt/qemu.conf" <<CONF
stdio_handler = "file"
security_driver = "none"
CONF
  # mov dx,443h; again: mov al,0eh; out dx,al (arm an iB700 for 2 s); wait for 46 ticks of the clock; jmp again
  printf '\xfa\x31\xc0\x8e\xd8\x8e\xd0\xbc\x00\x7c\xfb\xba\x43\x04\xb0\x0e\xee\xb9\x2e\x00\xf4\xe2\xfd\xeb\xf5' \
    >"$DATA/boot.img"
  truncate -s 510 "$DATA/boot.img"
  printf '\x55\xaa' >>"$DATA/boot.img"
  truncate -s 4096 "$DATA/boot.img"
  ln -sf "$BINDING"/libvirt.py "$BINDING"/libvirtmod.*.so "$DATA/python/"
  own daemon "$DATA"
}

start() {
  apt_need libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 python3-libvirt
  if ! running libvirt; then
    config
    bg libvirt "${AS[@]}" libvirtd -f "$DATA/config/libvirt/libvirtd.conf" -p "$DATA/pid"
  fi
  wait_for libvirt 180 serving || die "libvirt does not serve: $(log_tail libvirt)"
  echo "libvirt up in $(elapsed): $URL"
}

stop() {
  local uuid pid
  if running libvirt; then
    for uuid in $(ask list --uuid); do ask destroy "$uuid" >/dev/null; done
  fi
  end libvirt TERM 10
  for pid in "$DATA"/run/libvirt/qemu/run/*.pid; do   # guests of a daemon that was killed
    [ -e "$pid" ] && grep -aqsF "$DATA" "/proc/$(<"$pid")/cmdline" && kill -KILL "$(<"$pid")"
  done
  return 0
}

guest() {   # UUID ACTION
  cat >"$DATA/guest-$1.xml" <<XML
<domain type='qemu'>
  <name>dog-$1</name><uuid>$1</uuid><memory unit='MiB'>4</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/><source file='$DATA/boot.img'/><target dev='hda' bus='ide'/><shareable/>
    </disk>
    <controller type='usb' model='none'/><memballoon model='none'/>
    <watchdog model='ib700' action='$2'/>
  </devices>
</domain>
XML
  ask destroy "$1" >/dev/null 2>&1   # one that is left from before
  ask create "$DATA/guest-$1.xml" >&2
}

case ${1:-} in
  start) lock libvirt; start ;;
  stop) lock libvirt; stop ;;
  kill) lock libvirt; end libvirt KILL ;;
  wipe) lock libvirt; stop; rm -rf "$DATA" ;;
  status) status libvirt ;;
  url) echo "$URL" ;;
  python) echo "$DATA/python" ;;
  virsh) ask "${@:2}" ;;
  guest) guest "$2" "$3" ;;
  end-guest) ask destroy "$2" >&2 ;;
  *) usage ;;
esac
