# The rest of the machine.
. "$STANDINS/common.sh"
case $name in
mv)
  "$REAL_MV" "$@"
  changes "$(last "$@" | sed "s|$ROOT||")"
  ;;
id) case $1 in -u) cat "$FAKE/uid" ;; -un) echo ann ;; -nG) cat "$FAKE/groups" ;; esac ;;
usermod) echo "sudo docker" > "$FAKE/groups" && changes "$@" ;;
getent) [ "$2" != nobody ] && echo "$2:x:0:0::$ROOT/root:/bin/sh" ;;
uname) cat "$FAKE/machine" ;;
df) printf 'x\n/dev/sda1 0 0 %s 0 /\n' "$(($(cat "$FAKE/free-gib") * 1048576))" ;;
date) cat "$FAKE/zone" ;;
ln)
  echo UTC > "$FAKE/zone"
  changes "$@"
  ;;
modinfo) [ ! -e "$FAKE/no-wireguard" ] ;;
systemd-detect-virt) [ -e "$FAKE/in-container" ] ;;
cloud-init) exit "$(cat "$FAKE/cloud-init")" ;;
docker)
  case $1 in
  info) [ ! -e "$FAKE/reloaded" ] || sed -n 's/.*"live-restore": \(.*\),/\1/p' "$FAKE/reloaded" ;;
  *) echo 20.10.24 ;;
  esac
  ;;
sshd)
  case $1 in
  -t) may_fail ;;
  -T) tr '[:upper:]' '[:lower:]' < "$FAKE/effective" ;;
  esac
  ;;
sysctl)
  case $1 in
  -n) cat "$FAKE/sysctl/$2" ;;
  *)
    sed 's/ = / /' "$(last "$@")" | while read -r key value; do
      [ -e "$FAKE/sysctl/$key.fixed" ] || echo "$value" > "$FAKE/sysctl/$key"
    done
    changes "$@"
    ;;
  esac
  ;;
wg) case $1 in show) [ -e "$FAKE/vpn-up" ] ;; *) changes "$@" ;; esac ;;
sleep) echo "$1" >> "$FAKE/slept" ;;
chown) ;;
esac
