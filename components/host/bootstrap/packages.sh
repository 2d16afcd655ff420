# Packages of the distribution, only those that are missing.
topic_packages() {
  # A run that was killed may have left some half installed.
  if [ -n "$(dpkg --audit 2> /dev/null)" ]; then quietly dpkg --configure -a; fi
  set -- apparmor ca-certificates e2fsprogs iproute2 iptables procps unattended-upgrades
  if ! has_clock; then set -- "$@" systemd-timesyncd; fi
  if encrypted; then set -- "$@" cryptsetup; fi
  case $unlock in
  tpm2) set -- "$@" tpm2-tools ;;
  tang) set -- "$@" clevis clevis-luks clevis-systemd ;;
  esac
  if encrypted && [ "$distribution" = "debian 13" ]; then set -- "$@" systemd-cryptsetup; fi
  if [ -n "$vpn" ]; then
    set -- "$@" wireguard-tools
    # The same in user space, for kernels that lack it.
    modinfo wireguard > /dev/null 2>&1 || set -- "$@" wireguard-go
  fi
  if [ "$anchor" = yes ] || [ "$docker_source" = docker ]; then set -- "$@" curl; fi
  if [ "$docker_source" = docker ]; then set -- "$@" gnupg; fi
  install "$@"
}
