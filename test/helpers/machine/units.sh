# systemctl: a unit that starts takes what it finds, into $FAKE/running; so that a restart that was forgotten shows.
. "$STANDINS/common.sh"
takes() { # UNIT
  case $1 in
  docker*) cat "$ROOT/usr/local/lib/muster/daemon.json" "$ROOT/etc/docker/daemon.json" "$ROOT/etc/systemd/system/docker.service.d/muster.conf" ;;
  ssh*) cat "$ROOT"/etc/ssh/sshd_config.d/* ;;
  wg-quick*) cat "$ROOT/etc/wireguard/muster0.conf" ;;
  muster-firewall*) "$ROOT/usr/local/lib/muster/firewall" >&2 ;;
  muster-anchor*) "$ROOT/usr/local/lib/muster/anchor" ;;
  esac > "$FAKE/running/$1" 2> /dev/null || :
  : > "$FAKE/active/$1"
}
verb=$1
unit=$(last "$@")
may_fail
case $unit in *.*) ;; *) unit=$unit.service ;; esac
case $verb in
is-active) [ -e "$FAKE/active/$unit" ] || exit 3 ;;
is-enabled) [ -e "$FAKE/enabled/$unit" ] || exit 1 ;;
enable) : > "$FAKE/enabled/$unit" && changes "$@" ;;
disable)
  rm -f "$FAKE/enabled/$unit" "$FAKE/active/$unit" "$FAKE/running/$unit"
  changes "$@"
  ;;
stop)
  rm -f "$FAKE/active/$unit"
  changes "$@"
  ;;
start | restart | try-reload-or-restart)
  takes "$unit"
  changes "$@"
  ;;
kill)
  cp "$ROOT/etc/docker/daemon.json" "$FAKE/reloaded"
  changes "$@"
  ;;
daemon-reload)
  cat "$ROOT/etc/fstab" "$ROOT"/etc/systemd/system/*.service "$ROOT"/etc/systemd/system/*/* > "$FAKE/running/units" 2> /dev/null || :
  changes "$@"
  ;;
esac
