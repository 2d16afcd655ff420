# Gets the certificate of the name $1 from the ACME authority at $2, and a new one when a third of its life is left;
# the rest are lego's options. The relay takes it from /published. Its state is the file $kept, whose first line says
# what it is for and how long it holds: a start asks nobody for anything that is there already.
set -u
umask 077
name=$1
directory=$2
shift 2
wanted="$name $directory"
# Not on the path of its image.
lego=/lego
kept=/data/certificate.pem
published=/published/certificate.pem
since=0
until=0

learn() {
  [ -s "$kept" ] || return 0
  read -r _ of at from to < "$kept"
  [ "$of $at" = "$wanted" ] || return 0
  since=$from
  until=$to
  echo "$since $until" > /tmp/holds
  cmp -s "$kept" "$published" || replace "$kept" "$published"
}

# By a rename: who reads it sees the old one or the new one, each whole with its key.
replace() {
  cp "$1" "$2.new" && chmod 0400 "$2.new" && mv -f "$2.new" "$2"
}

# The end of the certificate that lego has just stored, in seconds.
stored_until() {
  end=$($lego --path /data list | sed -n "/Expiry Date: /h; /\/$name\.crt\$/ { g; p; }" |
    sed 's/.*Date: \([0-9-]* [0-9:]*\) .*/\1/')
  [ -n "$end" ] && date -u +%s -d "$end"
}

obtain() {
  $lego --path /data --accept-tos --server "$directory" --domains "$name" --key-type ec256 --pem "$@" run \
    > /tmp/log 2>&1
  code=$?
  cat /tmp/log
  if [ "$code" = 0 ] && to=$(stored_until); then
    { echo "# $wanted $(date +%s) $to" && cat "/data/certificates/$name.pem"; } > /tmp/certificate.pem
    replace /tmp/certificate.pem "$kept" && rm -f /tmp/certificate.pem /tmp/failure && learn && return
  fi
  # An authority that was made anew knows nobody any more.
  if grep -q accountDoesNotExist /tmp/log; then rm -rf /data/accounts; fi
  return 1
}

# Five times in the first hour, as many as Let's Encrypt lets fail, then hourly.
wait_after_failure() {
  began=$(date +%s)
  [ -s /tmp/failure ] && read -r began _ < /tmp/failure
  { echo "$began" && grep . /tmp/log | tail -n 3 | tr -s '\n\t' '  ' | cut -c 1-600; } > /tmp/failure.new
  mv -f /tmp/failure.new /tmp/failure
  pause=$((pause * 3))
  [ "$pause" -le 3600 ] || pause=3600
  again=$(($(date +%s) + pause))
}

trap 'exit 0' TERM INT
again=0
pause=20
learn
while :; do
  now=$(date +%s)
  if [ "$now" -ge "$again" ] && [ $((until - now)) -le $(((until - since) / 3)) ]; then
    if obtain "$@"; then
      again=0
      pause=20
    else
      wait_after_failure
    fi
  fi
  # A signal ends a wait, but no sleep.
  sleep 5 &
  wait $!
done
