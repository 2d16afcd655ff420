# The firewall's programs, ss, ip, curl. $FAKE/<iptables|ip6tables> has the chains, as iptables-save writes them.
. "$STANDINS/common.sh"
may_fail
case $name in
*tables-save) [ ! -e "$FAKE/${name%-save}" ] || cat "$FAKE/${name%-save}" ;;
*tables-restore)
  # As the real one: a chain that is declared is emptied; -I puts first, -D takes away.
  touch "$FAKE/${name%-restore}"
  cat > "$FAKE/rules"
  awk '
    NR == FNR { if (/^:/) { chain = substr($1, 2); delete_from[chain]; declared[++chains] = $0 } else if (/^-/) rules[++count] = $0; next }
    /^:/ { chain = substr($1, 2); if (!(chain in delete_from)) kept[++keep] = $0; next }
    /^-A/ { if (!($2 in delete_from)) old[++olds] = $0 }
    END {
      for (i = 1; i <= keep; i++) print kept[i]
      for (i = 1; i <= chains; i++) print declared[i]
      for (i = 1; i <= count; i++) if (rules[i] ~ /^-D/) for (j = 1; j <= olds; j++) if (substr(old[j], 3) == substr(rules[i], 3)) old[j] = ""
      for (i = 1; i <= count; i++) if (rules[i] ~ /^-I/) { sub(/^-I/, "-A", rules[i]); sub(/ 1 /, " ", rules[i]); print rules[i]; rules[i] = "" }
      for (j = 1; j <= olds; j++) if (old[j] != "") print old[j]
      for (i = 1; i <= count; i++) if (rules[i] ~ /^-A/ && rules[i] !~ /j MUSTER/) print rules[i]
    }' "$FAKE/rules" "$FAKE/${name%-restore}" > "$FAKE/${name%-restore}.new"
  cat "$FAKE/${name%-restore}.new" > "$FAKE/${name%-restore}"
  rm "$FAKE/rules" "$FAKE/${name%-restore}.new"
  changes
  ;;
ss) [ ! -e "$FAKE/listening" ] || cat "$FAKE/listening" ;;
ip)
  case "$*" in
  "-4 route show default") echo "default via 192.0.2.254 dev $(cat "$FAKE/uplink" 2> /dev/null || echo eth0)" ;;
  "-4 -o address show to 192.0.2.10") echo "2: eth0 inet 192.0.2.10/24" ;;
  "rule show") cat "$FAKE/rules-of-routes" 2> /dev/null || : ;;
  "rule add"*) echo "8213: from $4 lookup 8213" > "$FAKE/rules-of-routes" && changes "$@" ;;
  "route replace"*) changes "$@" ;;
  "-4 route get"*) echo "192.0.2.1 via 192.0.2.254 dev eth0 src 192.0.2.10 uid 0" ;;
  esac
  ;;
curl)
  case "$*" in
  *anchor_ipv4/address) echo 10.17.0.5 ;;
  *anchor_ipv4/gateway) echo 10.17.0.1 ;;
  *ipv4/gateway) echo 192.0.2.254 ;;
  */gpg)
    while [ "$1" != -o ]; do shift; done
    echo key > "$2"
    ;;
  *) echo 192.0.2.10 ;;
  esac
  ;;
gpg) printf 'pub:x\nfpr:::::::::%s:\n' "$(cat "$FAKE/fingerprint")" ;;
esac
