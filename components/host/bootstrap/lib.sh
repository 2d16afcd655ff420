# What all topics share. POSIX shell, run as root on the machine itself. Each topic may run any number of times: it
# says a line where it changes something, and nothing otherwise.
set -eu
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
notes=''
problems=0

say() { echo "muster: $*" >&2; }
fail() {
  say "$*"
  exit 1
}
# For people, in the facts: what can't be done here, or is worth knowing.
note() {
  notes="$notes$*
"
}
# What is wrong, what was given, what is allowed, how to mend it. The checks go on, so that all is said at once.
problem() {
  say "$1; given: $2; allowed: $3; fix: $4"
  problems=$((problems + 1))
}
refuse() {
  problem "$@"
  exit 3
}

# Runs a program whose words matter only if it fails.
quietly() {
  code=0
  said=$("$@" 2>&1) || code=$?
  [ "$code" -ne 0 ] || return 0
  printf '%s\n' "$said" | tail -n 20 >&2
  fail "failed with exit code $code: $*"
}

# One run at a time: what a cut connection has left at work is waited for.
alone() {
  # shellcheck disable=SC2174 # /run is there
  mkdir -p -m 700 /run/muster
  exec 9> /run/muster/lock
  flock -w 600 9 || fail "another bootstrap of this machine has been running for ten minutes"
}

# What follows a change is written down before the change is made, so that the next run knows of it if this one is
# killed between the two. A reboot does all of it anyway.
owe() { for debt; do : > "/run/muster/owed-$debt"; done; }
owed() { [ -e "/run/muster/owed-$1" ]; }
paid() { rm -f "/run/muster/owed-$1"; }

# place FILE MODE [DEBT...]: a file with what stands on stdin, whole or not at all.
place() {
  file=$1
  mode=$2
  shift 2
  wanted=$(cat; echo .)
  if [ -f "$file" ] && [ "$(cat "$file"; echo .)" = "$wanted" ] && [ "$(stat -c %a "$file")" = "$mode" ]; then
    return 0
  fi
  say "writes $file"
  owe "$@"
  [ -d "${file%/*}" ] || mkdir -p "${file%/*}"
  # Hidden, and without a known ending: no program that reads the folder takes half a file for a whole one.
  fresh="${file%/*}/.${file##*/}.new"
  (umask 077 && printf '%s' "${wanted%.}" > "$fresh")
  chmod "$mode" "$fresh"
  mv -f "$fresh" "$file"
}

# line FILE FIELD KEY LINE [DEBT...]: the one line of a table whose word FIELD is KEY; without a LINE there is none.
line() {
  if [ -e "$1" ]; then table=$(cat "$1"); else table=''; fi
  key=$3 row=$4 field=$2 file=$1
  shift 4
  printf '%s\n' "$table" | key=$key row=$row awk -v field="$field" '
    /^[ \t]*#/ || $field != ENVIRON["key"] { if ($0 != "" || NR > 1) print; next }
    ENVIRON["row"] != "" && !done++ { print ENVIRON["row"] }
    END { if (ENVIRON["row"] != "" && !done) print ENVIRON["row"] }
  ' | place "$file" 644 "$@"
}

reload_units() {
  owed units || return 0
  quietly systemctl daemon-reload
  paid units
}
# A unit that starts at each boot.
at_boot() { systemctl is-enabled -q "$1" 2> /dev/null || quietly systemctl enable "$1"; }
# ... and that runs now.
running() {
  at_boot "$1"
  if ! systemctl is-active -q "$1"; then
    say "starts $1"
    quietly systemctl start "$1"
  fi
}

in_container() { systemd-detect-virt -cq; }
encrypted() { [ "$unlock" != provider ]; }
mounted() { findmnt -rn --mountpoint "$1" > /dev/null; }
# Whether the firewall hasn't been made yet: nobody counts on this machine so far.
is_new() { [ ! -e /etc/muster/firewall.v4 ]; }

# What the topics ask of the machine more than once.
know_machine() {
  # shellcheck disable=SC1091 # the machine's own
  distribution=$(. /etc/os-release && echo "$ID ${VERSION_ID:-}")
  case $(uname -m) in
  x86_64) architecture=amd64 ;;
  aarch64) architecture=arm64 ;;
  *) architecture=$(uname -m) ;;
  esac
}

# Those of some packages that are installed.
installed() {
  # shellcheck disable=SC2016 # dpkg-query's own variables
  present=$(dpkg-query -W -f ' ${Package}:${db:Status-Status} ' "$@" 2> /dev/null) || :
  for package; do
    case $present in *" $package:installed "*) echo "$package" ;; esac
  done
}
lists=old
install() {
  present=" $(installed "$@" | tr '\n' ' ')" lacking=''
  for package; do
    case $present in *" $package "*) ;; *) lacking="$lacking $package" ;; esac
  done
  [ -n "$lacking" ] || return 0
  # shellcheck disable=SC2086 # names are words of their own
  set -- $lacking
  say "installs $*"
  if [ "$lists" = old ]; then
    update_lists
    lists=new
  fi
  quietly apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
    install --no-install-recommends "$@"
}
# A machine that has just booted looks for upgrades by itself, and its lock isn't waited for by apt-get.
update_lists() {
  tries=30
  until said=$(apt-get -q update 2>&1); do
    tries=$((tries - 1))
    case $tries:$said in
    0:* | *" Temporary failure resolving "*) ;;
    *"Could not get lock"*)
      sleep 10
      continue
      ;;
    esac
    printf '%s\n' "$said" | tail -n 20 >&2
    fail "apt-get update failed: this machine must reach the package servers of its distribution"
  done
}
