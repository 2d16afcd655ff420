# The Docker engine, with its volumes on the data disk.
topic_docker() {
  place /usr/local/lib/muster/daemon.json 644 docker << 'END'
{
  "default-address-pools": [{ "base": "172.20.0.0/14", "size": 24 }],
  "live-restore": true,
  "log-driver": "json-file",
  "log-opts": { "max-file": "3", "max-size": "10m" },
  "userland-proxy": true
}
END
  place /etc/docker/daemon.json 644 docker < /usr/local/lib/muster/daemon.json
  after=muster-firewall.service
  if [ -n "$vpn" ]; then after="$after wg-quick@muster0.service"; fi
  # Before Docker comes: its first start obeys it too.
  place /etc/systemd/system/docker.service.d/muster.conf 644 units docker << END
[Unit]
After=$after
RequiresMountsFor=/srv/muster /var/lib/docker/volumes
AssertPathExists=/srv/muster/.muster-disk

[Service]
ExecStartPre=/bin/cp /usr/local/lib/muster/daemon.json /etc/docker/daemon.json
TimeoutStopSec=360
END
  reload_units
  case $docker_source:$distribution in
  docker:*)
    docker_packages
    install docker-ce docker-ce-cli containerd.io
    ;;
  *:"debian 13") install docker.io docker-cli ;;
  *) install docker.io ;;
  esac
  if [ "$user" != root ]; then
    case " $(id -nG "$user") " in
    *" docker "*) ;;
    *) quietly usermod -aG docker "$user" ;;
    esac
  fi
  at_boot docker.service
  if owed docker; then
    say "restarts Docker"
    quietly systemctl restart docker.service
    paid docker
  fi
  running docker.service
  docker_version=$(docker version --format '{{.Server.Version}}') || fail "Docker doesn't answer: journalctl -u docker"
}

# Docker's own packages: signed by the key that we know, and of the major version that we know.
docker_packages() {
  if [ ! -e /etc/apt/keyrings/docker.asc ]; then
    quietly curl -fsS --retry 3 -o /run/muster/docker.asc "https://download.docker.com/linux/${distribution% *}/gpg"
    print=$(gpg --show-keys --with-colons /run/muster/docker.asc 2> /dev/null | awk -F: '/^fpr:/ { print $10; exit }')
    [ "$print" = "$docker_fingerprint" ] || refuse "the key of Docker's packages is another one" "$print" "$docker_fingerprint" \
      "find out who stands between this machine and download.docker.com, or set machine.dockerSource: distribution"
    place /etc/apt/keyrings/docker.asc 644 < /run/muster/docker.asc
  fi
  # shellcheck disable=SC1091 # the machine's own
  place /etc/apt/sources.list.d/docker.list 644 << END
deb [arch=$architecture signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/${distribution% *} $(. /etc/os-release && echo "$VERSION_CODENAME") stable
END
  place /etc/apt/preferences.d/docker.pref 644 << END
Package: docker-ce docker-ce-cli
Pin: version 5:$docker_major.*
Pin-Priority: 900
END
}
