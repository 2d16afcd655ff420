# The machine's firewall: chains of its own before everybody else's, loaded all at once, before Docker starts.
topic_firewall() {
  printf '%s' "$firewall_v6" | place /etc/muster/firewall.v6 644 firewall
  place /usr/local/lib/muster/firewall 755 firewall << 'END'
#!/bin/sh
# Loads Muster's firewall; `firewall check` tells by its exit code whether it is in force as it was loaded.
set -eu
export LC_ALL=C

# What the kernel has of it, and the file that it was made of.
state() { # PROGRAM VERSION
  cksum < "/etc/muster/firewall.$2"
  "$1-save" -t mangle 2> /dev/null | grep -E '^-A (.* )?MUSTER-' || :
}
load() { # PROGRAM VERSION
  rules=$("$1-save" -t mangle 2> /dev/null || :)
  {
    cat "/etc/muster/firewall.$2"
    # First in each, and once.
    for jump in "INPUT -j MUSTER-INPUT" "OUTPUT -j MUSTER-OUTPUT" "FORWARD -j MUSTER-DOCKER"; do
      printf '%s\n' "$rules" | grep -Fx -- "-A $jump" | sed 's/^-A/-D/' || :
      echo "-I ${jump% -j *} 1 -j ${jump#* -j }"
    done
    echo COMMIT
  } | "$1-restore" -w 30 --noflush
  mkdir -p -m 700 /run/muster
  state "$1" "$2" > "/run/muster/firewall.$2"
}
in_force() { # PROGRAM VERSION
  [ -e "/run/muster/firewall.$2" ] && [ "$(state "$1" "$2")" = "$(cat "/run/muster/firewall.$2")" ]
}

todo=load
if [ "${1:-}" = check ]; then todo=in_force; fi
"$todo" iptables v4
# A kernel may be without IPv6.
if [ -e /proc/net/if_inet6 ]; then "$todo" ip6tables v6; fi
END
  place /etc/systemd/system/muster-firewall.service 644 units << 'END'
[Unit]
Description=Muster's firewall
DefaultDependencies=no
Wants=network-pre.target
After=local-fs.target systemd-modules-load.service ufw.service nftables.service netfilter-persistent.service
Before=network-pre.target docker.service shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/muster/firewall

[Install]
WantedBy=multi-user.target
END
  # Last: it tells whether this machine is new to us.
  printf '%s' "$firewall_v4" | place /etc/muster/firewall.v4 644 firewall
  reload_units
  at_boot muster-firewall.service
  if owed firewall || ! systemctl is-active -q muster-firewall.service || ! /usr/local/lib/muster/firewall check; then
    say "loads the firewall"
    owe firewall
    quietly systemctl restart muster-firewall.service
    paid firewall
  fi
}
