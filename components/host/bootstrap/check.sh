# What must be true before anything is changed. All that is wrong is said at once.
topic_check() {
  [ "$(id -u)" -eq 0 ] || refuse "the bootstrap needs root" "$(id -un)" "root, or sudo without a password" \
    "log in as root, or give this user a line in /etc/sudoers.d: USER ALL=(ALL) NOPASSWD: ALL"
  check_system
  check_size
  check_access
  check_docker
  if is_new; then check_ports; fi
  check_disk
  [ "$problems" -eq 0 ] || exit 3
}

check_system() {
  case $distribution in
  "debian 12" | "debian 13" | "ubuntu 22.04" | "ubuntu 24.04") ;;
  *) problem "this distribution isn't supported" "$distribution" "Debian 12 or 13, Ubuntu 22.04 or 24.04" \
    "install one of those" ;;
  esac
  [ -d /run/systemd/system ] || problem "this machine doesn't run systemd" "no /run/systemd/system" "systemd" \
    "install the distribution with its own init"
  case " $architectures " in
  *" $architecture "*) ;;
  *) problem "images of this stack aren't there for this processor" "$architecture" "$architectures" \
    "take a machine with another processor, or choose services that have such images" ;;
  esac
  # Ours only closes: what another one closes stays so, the stack's ports too.
  if grep -q '^ENABLED=yes' /etc/ufw/ufw.conf 2> /dev/null; then other=ufw
  elif systemctl is-active -q firewalld.service; then other=firewalld
  else other=''; fi
  [ -z "$other" ] || problem "another firewall is at work on this machine" "$other" "Muster's own" \
    "turn it off for good: ufw disable, or systemctl disable --now firewalld"
  bridge=$(ip -4 route show default | sed -n 's/.* dev \(br-[^ ]*\).*/\1/p' | head -n 1)
  [ -z "$bridge" ] || problem "this machine's way out has a name that Docker's own networks have" "$bridge" \
    "any name that doesn't begin with br-" "rename the bridge"
}

check_size() {
  memory=$(($(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) / 1024))
  [ $((memory * 100)) -ge $((least_memory_mib * 95)) ] ||
    problem "this machine has less memory than its settings say" "$memory MiB" "$least_memory_mib MiB or more" \
      "set host.memoryMiB to what it has, or take a larger machine"
  least=1
  if is_new; then least=$least_disk_gib; fi
  room=$(df -Pk /var/lib | awk 'END { print int($4 / 1048576) }')
  [ "$room" -ge "$least" ] || problem "too little room on this machine's own disk" "$room GiB free" \
    "$least GiB or more" "remove what nobody needs (docker image prune, apt-get clean), or take a larger disk"
}

# Nobody may be locked out: neither by the settings of sshd nor by the firewall.
check_access() {
  grep -Eqi '^[[:space:]]*Include[[:space:]]+"?/etc/ssh/sshd_config.d/\*\.conf' /etc/ssh/sshd_config 2> /dev/null ||
    problem "sshd doesn't read the files of /etc/ssh/sshd_config.d" "/etc/ssh/sshd_config without an Include" \
      "the line: Include /etc/ssh/sshd_config.d/*.conf" "put that line first in /etc/ssh/sshd_config"
  getent passwd "$user" > /dev/null || problem "there is no such user on this machine" "$user" \
    "a user who may log in" "make the user, or set host.user to another one"
  [ -z "$vpn" ] || [ -s /etc/wireguard/muster0.key ] ||
    problem "the VPN's own key isn't on this machine" "no /etc/wireguard/muster0.key" "the key that the stack has made" \
      "run up again; if that doesn't help, make the machine anew (host.generation)"
  origin=$(came_from)
  [ -n "$origin" ] || return 0
  if [ -n "$vpn" ] && within "$origin" "$vpn_network"; then return 0; fi
  if [ "$ssh_only_vpn" = yes ]; then
    problem "this connection doesn't come through the VPN, and SSH would answer there alone" "$origin" \
      "an address in $vpn_network" "connect the VPN first; or run up with machine.vpn.ssh: outside, connect, and set it then"
    return 0
  fi
  for network in $ssh_from; do
    if within "$origin" "$network"; then return 0; fi
  done
  problem "the firewall would shut out the address that this connection comes from" "$origin" "$ssh_from" \
    "add it to machine.sshFrom"
}
# Address at the other end of the SSH connection; sudo takes the variable away, but its parents have it.
came_from() {
  process=$$
  found=${SSH_CONNECTION:-}
  while [ -z "$found" ] && [ "$process" -gt 1 ] && [ -r "/proc/$process/status" ]; do
    found=$(tr '\0' '\n' < "/proc/$process/environ" | sed -n 's/^SSH_CONNECTION=//p')
    process=$(awk '/^PPid:/ { print $2 }' "/proc/$process/status")
  done
  echo "${found%% *}"
}
# Whether an address lies in a network. Of IPv6 only whether both are.
within() {
  awk -v address="$1" -v network="$2" '
    function number(text, part) { split(text, part, "."); return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4] }
    BEGIN {
      if (address ~ /:/ || network ~ /:/) exit !(address ~ /:/ && network ~ /:/)
      split(network, given, "/")
      size = 2 ^ (32 - (given[2] == "" ? 32 : given[2]))
      exit int(number(address) / size) != int(number(given[1]) / size)
    }'
}

check_docker() {
  case $docker_source in
  docker) others="docker.io podman-docker" ;;
  *) others="docker-ce docker-ce-cli podman-docker" ;;
  esac
  # shellcheck disable=SC2086 # names are words of their own
  for package in $(installed $others); do
    problem "another Docker is installed here" "package $package" \
      "the one that machine.dockerSource names: $docker_source" "remove the package, or set machine.dockerSource"
  done
  [ ! -e /snap/bin/docker ] || problem "another Docker is installed here" "the snap docker" \
    "the one that machine.dockerSource names: $docker_source" "snap remove docker"
  if [ -e /etc/docker/daemon.json ] && [ ! -e /usr/local/lib/muster/daemon.json ]; then
    problem "Docker has settings of its own on this machine" "/etc/docker/daemon.json" "none, or Muster's" \
      "move the file away; Muster writes its own"
  fi
}

# On a machine that others may use: what listens here would be shut off, or is in the way.
check_ports() {
  command -v ss > /dev/null || return 0
  listening=$(ss -Hltun | awk '
    $5 !~ /^(127\.|\[::1\]|\[::ffff:127\.)/ && $5 !~ /%lo:/ {
      port = $5; sub(/.*:/, "", port)
      # Above are the ports of clients that wait for an answer.
      if ($1 == "tcp" || port + 0 < 32768) print $1 "/" port
    }' | sort -u)
  taken='' closed=''
  for entry in $listening; do
    case ${entry#*/} in "$ssh_port" | 68 | 111 | 123 | 323 | 546 | 5353 | 5355) continue ;; esac
    if listed "$entry" "$openings"; then
      taken="$taken $entry"
    elif ! listed "tcp/${entry#*/}" "$keep_open"; then
      closed="$closed $entry"
    fi
  done
  [ -z "$taken" ] || problem "other programs have ports of the stack" "${taken# }" "none of them" "stop those programs"
  [ -z "$closed" ] || problem "programs on this machine listen on ports that the firewall would close" "${closed# }" \
    "ports of the stack" "stop them, have them listen on 127.0.0.1, or name their ports in machine.keepOpen"
}
# Whether a port such as tcp/80 is in a list of such as tcp/80-89.
listed() {
  for range in $2; do
    if [ "${1%/*}" = "${range%/*}" ]; then
      span=${range#*/}
      [ "${1#*/}" -lt "${span%-*}" ] || [ "${1#*/}" -gt "${span#*-}" ] || return 0
    fi
  done
  return 1
}
