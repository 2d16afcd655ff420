# Disks and what is mounted. $FAKE/disks/<name> has what blkid says of a disk, $FAKE/mounts what is mounted.
. "$STANDINS/common.sh"
may_fail
of() { echo "$FAKE/disks/${1##*/}"; }
case $name in
blkid)
  [ ! -e "$FAKE/ambivalent" ] || exit 8
  [ -e "$(of "$4")" ] || exit 2
  cat "$(of "$4")"
  ;;
wipefs) [ ! -e "$FAKE/signature" ] || cat "$FAKE/signature" ;;
lsblk) echo disk && { [ ! -e "$FAKE/partition" ] || echo part; } ;;
blockdev) cat "$FAKE/size-${2##*/}" 2> /dev/null || cat "$FAKE/size" ;;
dumpe2fs) printf 'Block count:              %s\nBlock size:               4096\n' "$(($(cat "$FAKE/held") / 4096))" ;;
debugfs) [ ! -e "$FAKE/marker" ] || cat "$FAKE/marker" ;;
resize2fs) cp "$FAKE/size" "$FAKE/held" && changes "$@" ;;
mkfs.ext4)
  while [ "$1" != -U ]; do shift; done
  printf 'LABEL=muster\nUUID=%s\nTYPE=ext4\n' "$2" > "$(of "$3")"
  changes "$3"
  ;;
findmnt)
  folder=$(last "$@")
  [ -e "$FAKE/mounts" ] && grep -Fxq "$folder" "$FAKE/mounts" || exit 1
  case "$*" in *UUID*) sed -n 's/^UUID=//p' "$FAKE/disks/muster" 2> /dev/null || cat "$FAKE"/disks/* | sed -n 's/^UUID=//p' ;; *) echo "$folder" ;; esac
  ;;
mount)
  awk -v folder="$1" '$2 == folder { found = 1 } END { exit !found }' "$ROOT/etc/fstab"
  echo "$1" >> "$FAKE/mounts"
  changes "$@"
  ;;
chattr) changes "$@" ;;
mkswap) changes "${1##*/}" ;;
fallocate) truncate -s "$2" "$3" && changes "$2" ;;
swapon)
  case $1 in
  --noheadings) [ ! -e "$FAKE/swaps" ] || cat "$FAKE/swaps" ;;
  *) echo "$1" > "$FAKE/swaps" && changes "$@" ;;
  esac
  ;;
swapoff) rm -f "$FAKE/swaps" && changes "$@" ;;
esac
