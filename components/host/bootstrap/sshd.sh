# SSH by key alone, for one operator's many connections. No step of this can lock anybody out: what sshd doesn't
# accept never stays in place, and the key of this very connection is among those that are let in.
ours_sshd=/etc/ssh/sshd_config.d/10-muster.conf

topic_sshd() {
  let_keys_in
  if [ "$user" = root ]; then root_login=prohibit-password; else root_login=no; fi
  # The tunnel to Docker's socket needs both: sshd refuses sockets too where no TCP port may be forwarded.
  wanted_sshd="# Written by Muster.
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin $root_login
LoginGraceTime 30
MaxStartups 64:30:128
MaxSessions 64
AllowTcpForwarding local
AllowStreamLocalForwarding local
AllowAgentForwarding no
X11Forwarding no
PermitTunnel no"
  if [ "$(cat "$ours_sshd" 2> /dev/null)" != "$wanted_sshd" ]; then
    # sshd refuses to look at anything without it; where a socket starts sshd it is there only later.
    mkdir -p /run/sshd
    printf '%s\n' "$wanted_sshd" > /run/muster/sshd
    quietly sshd -t -f /run/muster/sshd
    before=$(cat "$ours_sshd" 2> /dev/null) || :
    printf '%s\n' "$wanted_sshd" | place "$ours_sshd" 644 sshd
  fi
  owed sshd || return 0
  mkdir -p /run/sshd
  if ! said=$(sshd -t 2>&1); then
    if [ -n "${before:-}" ]; then printf '%s\n' "$before" > "$ours_sshd"; else rm -f "$ours_sshd"; fi
    fail "sshd doesn't accept its settings, and ours were taken back: $said"
  fi
  # What sshd itself calls it.
  root_effective=$(echo "$root_login" | sed 's/prohibit-password/without-password/')
  effective=$(sshd -T -C "user=$user,host=localhost,addr=127.0.0.1" 2> /dev/null)
  for setting in "passwordauthentication no" "kbdinteractiveauthentication no" "permitrootlogin $root_effective" \
    "allowtcpforwarding local" "allowstreamlocalforwarding local"; do
    printf '%s\n' "$effective" | grep -Fxq "$setting" ||
      refuse "another setting of sshd comes before ours" "$(printf '%s\n' "$effective" | grep "^${setting% *} ")" "$setting" \
        "remove it from /etc/ssh/sshd_config and from /etc/ssh/sshd_config.d"
  done
  quietly systemctl try-reload-or-restart ssh.service
  paid sshd
}

# Our keys stand between two marks, and go when the settings no longer have them; other people's stay.
let_keys_in() {
  home=$(getent passwd "$user" | cut -d: -f6)
  if [ ! -d "$home/.ssh" ]; then
    mkdir -m 700 "$home/.ssh"
    chown "$user:" "$home/.ssh"
  fi
  keys=$home/.ssh/authorized_keys
  others=$(others_keys)
  {
    [ -z "$others" ] || printf '%s\n' "$others"
    printf '# muster: begin\n%s\n# muster: end\n' "$authorized_keys"
  } | place "$keys" 600
  [ "$(stat -c %U "$keys")" = "$user" ] || chown "$user:" "$keys"
  count=$(printf '%s\n' "$others" | grep -Ec '^[^#]*(ssh-|ecdsa-|sk-)') || :
  [ "$count" -eq 0 ] || note "$count more keys than the settings have may log in as $user: $keys"
}
others_keys() {
  [ -e "$keys" ] || return 0
  ours=$authorized_keys awk '
    BEGIN { count = split(ENVIRON["ours"], lines, "\n"); for (i = 1; i <= count; i++) { split(lines[i], part, " "); mine[part[2]] } }
    /^# muster: begin$/ { inside = 1 }
    { known = inside; for (i = 1; i <= NF; i++) if ($i in mine) known = 1; if (!known) print }
    /^# muster: end$/ { inside = 0 }
  ' "$keys"
}
