# The data disk's encryption. Its passphrase comes by the second script and always opens it; the TPM or a Tang server
# does so at boot.

unlock_disk() {
  look_at "$disk_device"
  if [ "$content" = blank ]; then
    say "encrypts $disk_device"
    began_formatting
    quietly cryptsetup luksFormat --batch-mode --type luks2 --label muster --key-file "$disk_key" "$disk_device"
    look_at "$disk_device"
  fi
  luks_uuid=${content##* }
  case $unlock in
  tpm2) crypttab="muster UUID=$luks_uuid none luks,nofail,tpm2-device=auto" ;;
  tang) crypttab="muster UUID=$luks_uuid none luks,nofail,_netdev" ;;
  # What stands in crypttab is asked for on the console at boot, and Docker would wait for the answer.
  *) crypttab='' ;;
  esac
  if [ -n "$crypttab" ] || [ -e /etc/crypttab ]; then line /etc/crypttab 1 muster "$crypttab" units; fi
  if [ ! -e "$mapped" ]; then
    say "unlocks $disk_device"
    if [ -s "$disk_key" ]; then
      quietly cryptsetup open --type luks2 --key-file "$disk_key" "$disk_device" muster
    elif [ "$unlock" = tang ]; then
      quietly clevis luks unlock -d "$disk_device" -n muster
    else
      reload_units
      quietly systemctl start systemd-cryptsetup@muster.service
    fi
  fi
  enrol
  grow_mapping
}

# Who opens it at boot, and nobody else any more.
enrol() {
  slots=$(cryptsetup luksDump "$disk_device")
  case $unlock:$slots in
  tpm2:*systemd-tpm2*) ;;
  tpm2:*)
    needs_key "enrol the TPM"
    say "enrols the TPM"
    (
      PASSWORD=$(cat "$disk_key")
      export PASSWORD
      quietly systemd-cryptenroll --tpm2-device=auto --tpm2-pcrs=7 "$disk_device"
    )
    ;;
  *:*systemd-tpm2*)
    say "takes the TPM's key away"
    quietly systemd-cryptenroll --wipe-slot=tpm2 "$disk_device"
    ;;
  esac
  bound=''
  case $slots in *clevis*) bound=$(clevis luks list -d "$disk_device") ;; esac
  if [ "$unlock" = tang ]; then
    case $bound in
    *"$tang_url"*) ;;
    *)
      needs_key "enrol the Tang server"
      say "enrols the Tang server"
      quietly clevis luks bind -y -k "$disk_key" -d "$disk_device" tang "{\"url\":\"$tang_url\",\"thp\":\"$tang_thumbprint\"}"
      ;;
    esac
    running clevis-luks-askpass.path
  fi
  printf '%s\n' "$bound" | while IFS=: read -r slot server; do
    case $unlock:$server in
    *: | tang:*"$tang_url"*) ;;
    *)
      say "takes an old Tang server's key away"
      quietly clevis luks unbind -f -d "$disk_device" -s "$slot"
      ;;
    esac
  done
}

# An open mapping keeps the size that the disk had; only its passphrase makes it larger before it is opened again.
grow_mapping() {
  [ $(($(blockdev --getsize64 "$disk_device") - $(blockdev --getsize64 "$mapped"))) -ge 83886080 ] || return 0
  if [ -s "$disk_key" ]; then
    quietly cryptsetup resize --key-file "$disk_key" muster
  else
    note "the data disk has grown; the room can be used after the next reboot and up"
  fi
}
