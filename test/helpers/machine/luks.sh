# cryptsetup, clevis, systemd-cryptenroll: $FAKE/tokens has who else opens the disk.
. "$STANDINS/common.sh"
may_fail
of() { echo "$FAKE/disks/${1##*/}"; }
case $name:$* in
cryptsetup:luksFormat*)
  printf 'LABEL=muster\nUUID=luks\nTYPE=crypto_LUKS\n' > "$(of "$(last "$@")")"
  changes luksFormat
  ;;
cryptsetup:open*)
  case "$*" in *--key-file*) ;; *) read -r passphrase && [ "$passphrase" = right ] || exit 2 ;; esac
  mkdir -p "$ROOT/dev/mapper" && : > "$ROOT/dev/mapper/muster"
  changes open
  ;;
cryptsetup:luksDump*) [ ! -e "$FAKE/tokens" ] || sed 's/^[0-9]*: tang.*/clevis/' "$FAKE/tokens" ;;
cryptsetup:resize*) changes resize ;;
clevis:*list*) grep tang "$FAKE/tokens" ;;
clevis:*unbind*)
  sed -i "/^$(last "$@"): /d" "$FAKE/tokens"
  changes unbind
  ;;
clevis:*bind*)
  echo "$(($(cat "$FAKE/tokens" 2> /dev/null | wc -l) + 1)): tang '$(last "$@")'" >> "$FAKE/tokens"
  changes bind
  ;;
clevis:*unlock*)
  mkdir -p "$ROOT/dev/mapper" && : > "$ROOT/dev/mapper/muster"
  changes unlock
  ;;
systemd-cryptenroll:--wipe*)
  sed -i '/systemd-tpm2/d' "$FAKE/tokens"
  changes wipe
  ;;
systemd-cryptenroll:*)
  [ -n "$PASSWORD" ] && echo systemd-tpm2 >> "$FAKE/tokens"
  changes enroll
  ;;
esac
