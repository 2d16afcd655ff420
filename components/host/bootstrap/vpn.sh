# WireGuard. The machine's own key came by the second script.
topic_vpn() {
  if [ -z "$vpn" ]; then
    [ -e /etc/wireguard/muster0.conf ] || return 0
    say "takes the VPN down"
    quietly systemctl disable --now wg-quick@muster0.service
    rm -f /etc/wireguard/muster0.conf /etc/wireguard/muster0.key
    return 0
  fi
  printf '%s' "$vpn" | place /etc/wireguard/muster0.conf 600 vpn
  at_boot wg-quick@muster0.service
  if owed vpn || ! systemctl is-active -q wg-quick@muster0.service; then
    say "brings the VPN up"
    quietly systemctl restart wg-quick@muster0.service
    paid vpn
  fi
}
