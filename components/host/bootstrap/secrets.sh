# Puts secrets where only root reads them; the disk's in memory, and only until the bootstrap is done.
set -eu
umask 077

secrets() {
  # shellcheck disable=SC2174 # /run is there
  mkdir -p -m 700 /run/muster
  if [ -n "$disk_key" ]; then
    printf '%s' "$disk_key" > /run/muster/disk.key.new
    mv -f /run/muster/disk.key.new /run/muster/disk.key
  fi
  [ -n "$wireguard_key" ] || return 0
  mkdir -p /etc/wireguard
  [ "$(cat /etc/wireguard/muster0.key 2> /dev/null)" != "$wireguard_key" ] || return 0
  printf '%s\n' "$wireguard_key" > /etc/wireguard/muster0.key.new
  mv -f /etc/wireguard/muster0.key.new /etc/wireguard/muster0.key
  # A VPN that is up takes the new key at once.
  if command -v wg > /dev/null && wg show muster0 > /dev/null 2>&1; then
    wg set muster0 private-key /etc/wireguard/muster0.key
  fi
}
secrets < /dev/null
