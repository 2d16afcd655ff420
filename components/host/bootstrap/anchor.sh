# DigitalOcean: what is sent to the reserved address arrives at an anchor address of the machine, and what leaves
# should leave from there. Who is connected to the machine's other address stays so: that one keeps its own way out.
topic_anchor() {
  if [ "$anchor" != yes ]; then
    own_address=$(ip -4 route get 192.0.2.1 2> /dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
    return 0
  fi
  place /usr/local/lib/muster/anchor 755 anchor << 'END'
#!/bin/sh
set -eu
public=http://169.254.169.254/metadata/v1/interfaces/public/0
told() { curl -fsS --noproxy '*' --retry 5 --retry-connrefused --max-time 10 "$public/$1"; }
address=$(told anchor_ipv4/address)
gateway=$(told anchor_ipv4/gateway)
if [ "${1:-}" = address ]; then
  echo "$address"
  exit 0
fi
own=$(told ipv4/address)
own_gateway=$(told ipv4/gateway)
interface=$(ip -4 -o address show to "$own" | awk '{ print $2; exit }')
[ -n "$address" ] && [ -n "$gateway" ] && [ -n "$own_gateway" ] && [ -n "$interface" ]
ip route replace default via "$own_gateway" dev "$interface" onlink table 8213
ip rule show | grep -q "from $own lookup 8213" || ip rule add from "$own" lookup 8213 priority 8213
ip route replace default via "$gateway" dev "$interface" onlink src "$address"
END
  place /etc/systemd/system/muster-anchor.service 644 units << 'END'
[Unit]
Description=One address for what arrives and what leaves
Wants=network-online.target
After=network-online.target
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/muster/anchor

[Install]
WantedBy=multi-user.target
END
  reload_units
  at_boot muster-anchor.service
  if owed anchor || ! systemctl is-active -q muster-anchor.service; then
    say "sends by the reserved address"
    quietly systemctl restart muster-anchor.service
    paid anchor
  fi
  own_address=$(sh /usr/local/lib/muster/anchor address)
}
