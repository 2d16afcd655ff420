# Whether the relay has a certificate that holds for a while yet, and why it has no other. Unhealthy in its last sixth:
# a new one has been due for as long by then.
now=$(date +%s)
when() {
  date -u -d "@$1" '+%Y-%m-%d %H:%M:%S UTC'
}
failed=
if [ -s /tmp/failure ]; then
  { read -r began && read -r reason; } < /tmp/failure
  failed="; to get one has failed since $(when "$began"): $reason"
fi
since=0
until=0
[ -s /tmp/holds ] && read -r since until < /tmp/holds
if [ "$until" = 0 ]; then
  echo "no certificate yet$failed"
  exit 1
fi
if [ "$now" -ge "$until" ]; then
  echo "the certificate ended at $(when "$until")$failed"
  exit 1
fi
echo "the certificate holds until $(when "$until")$failed"
[ $((until - now)) -gt $(((until - since) / 6)) ]
