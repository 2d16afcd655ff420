# After a reboot: the passphrase is read up to the end of its line.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
fail() {
  echo "muster: $*" >&2
  exit 1
}
if [ ! -e /dev/mapper/muster ]; then
  [ -e "$disk_device" ] || fail "the data disk isn't there: $disk_device"
  cryptsetup open --type luks2 "$disk_device" muster || fail "the passphrase doesn't open $disk_device"
fi
for folder in /srv/muster /var/lib/docker/volumes; do
  findmnt -rn --mountpoint "$folder" > /dev/null || mount "$folder"
done
if [ -e /srv/muster/swapfile ]; then swapon /srv/muster/swapfile 2> /dev/null || :; fi
systemctl reset-failed docker.service 2> /dev/null || :
systemctl start docker.service
