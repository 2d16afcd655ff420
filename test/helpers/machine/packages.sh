# apt-get, dpkg, dpkg-query: $FAKE/packages has a file for each package that is installed.
. "$STANDINS/common.sh"
may_fail
case $name in
dpkg-query)
  shift 3
  for package; do [ ! -e "$FAKE/packages/$package" ] || printf ' %s:installed ' "$package"; done
  ;;
dpkg)
  case $1 in
  --audit) [ ! -e "$FAKE/half-installed" ] || echo "half installed" ;;
  *) rm "$FAKE/half-installed" && changes "$@" ;;
  esac
  ;;
apt-get)
  case "$*" in
  *update) ;;
  *)
    while [ "$1" != --no-install-recommends ]; do shift; done
    shift
    for package; do
      : > "$FAKE/packages/$package"
      # Its own script starts it.
      case $package in docker.io | docker-ce) systemctl enable docker.service && systemctl start docker.service ;; esac
    done
    changes install "$@"
    ;;
  esac
  ;;
esac
