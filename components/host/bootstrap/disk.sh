# The data disk: found by identity, made once, never formatted while anything is on it; Docker's volumes lie there.
# A machine that lacks it boots and answers SSH, but starts no Docker.

mapped=/dev/mapper/muster
disk_key=/run/muster/disk.key

# What is on a disk, as `TYPE LABEL UUID`, or `blank` where nothing at all is to be seen: in $content.
look_at() {
  code=0
  told=$(blkid -p -o export "$1" 2> /dev/null) || code=$?
  kind='' label='' id=''
  while IFS='=' read -r name value; do
    case $name in TYPE) kind=$value ;; LABEL) label=$value ;; UUID) id=$value ;; esac
  done << END
$told
END
  if [ "$code" -eq 2 ] && [ -z "$(wipefs -n "$1")" ] && [ "$(lsblk -nro NAME "$1" | wc -l)" -le 1 ]; then
    content=blank
  elif [ -n "$kind" ]; then
    content="$kind $label $id"
  else
    content="a partition table, or several things at once"
  fi
}
# Data that no program has a name for are data as well. After a format that was cut short there may be some.
zeroed() {
  [ "$(cat /var/lib/muster/formatting 2> /dev/null)" != "$disk_device" ] || return 0
  [ "$(head -c 16777216 "$1" | tr -d '\0' | wc -c)" -eq 0 ]
}
# The stack that a file system of ours belongs to.
stack_on() {
  if mounted /srv/muster; then
    cat /srv/muster/.muster-disk 2> /dev/null || :
  else
    debugfs -R "cat /.muster-disk" "$1" 2> /dev/null || :
  fi | sed -n 's/^stack=//p'
}

foreign() {
  refuse "the data disk holds something that isn't this stack's, and nothing was changed" "$disk_device: $1" \
    "an empty disk, or the one that stack $stack has used before" \
    "name another disk; if nobody needs what is on it, empty it yourself: wipefs -a $disk_device && blkdiscard -z $disk_device"
}
# ours DISK, after a look at it: goes on where its file system is this stack's.
ours() {
  case $content in
  "ext4 muster "*)
    owner=$(stack_on "$1")
    # Cut short between its making and its marking, it has the UUID alone.
    [ "$owner" = "$stack" ] || { [ -z "$owner" ] && [ "$content" = "ext4 muster $disk_uuid" ]; } ||
      foreign "data of stack ${owner:-unknown}"
    ;;
  *) foreign "$content" ;;
  esac
}

# Looks without touching. Ends the run where the disk can't be used.
check_disk() {
  if [ -z "$disk_device" ]; then
    [ -z "$(awk '$2 == "/srv/muster"' /etc/fstab 2> /dev/null)" ] ||
      refuse "this machine's data lie on a disk of their own" "no data disk in the settings" "the disk that /etc/fstab names for /srv/muster" \
        "name the disk again (host.dataDisk)"
  else
    waited=0
    until [ -e "$disk_device" ]; do
      [ "$waited" -lt 120 ] || refuse "the data disk isn't there" "$disk_device" "a disk of this machine: $(echo /dev/disk/by-id/*)" \
        "attach the disk, or name another one"
      sleep 2
      waited=$((waited + 2))
    done
    mounted /srv/muster || [ ! -e /srv/muster/.muster-disk ] ||
      refuse "this machine's data lie in a folder of its own disk" "$disk_device" "no data disk" \
        "leave host.dataDisk out; to move: back up, and restore on a machine with that disk"
    check_content
  fi
  if mounted /var/lib/docker/volumes; then return 0; fi
  for volume in /var/lib/docker/volumes/*; do
    case ${volume##*/} in
    metadata.db | backingFsBlockDev | "*") ;;
    *) refuse "Docker has volumes on this machine already, and Muster would hide them" "${volume##*/} in /var/lib/docker/volumes" \
      "no volumes" "move or remove them (docker volume ls, docker volume rm), or take another machine" ;;
    esac
  done
}
check_content() {
  look_at "$disk_device"
  case $content in
  blank)
    zeroed "$disk_device" || foreign "data of a kind that blkid doesn't know"
    ! encrypted || needs_key "make an encrypted disk"
    ;;
  "crypto_LUKS muster "*)
    encrypted || refuse "the data disk is encrypted" "machine.diskEncryption.unlock: provider" "tpm2, tang or manual" \
      "set what it was made with"
    if [ -e "$mapped" ]; then
      look_at "$mapped"
      # Blank where a run was killed before it made the file system.
      [ "$content" = blank ] || ours "$mapped"
    elif [ "$unlock" = manual ]; then
      needs_key "unlock the data disk"
    fi
    ;;
  *)
    ours "$disk_device"
    ! encrypted || refuse "the data disk isn't encrypted, and can't be made so while data are on it" \
      "machine.diskEncryption.unlock: $unlock" "provider" "set it back; to change it: back up, and restore on a new disk"
    ;;
  esac
  [ "$unlock" != tpm2 ] || [ -e /dev/tpmrm0 ] || refuse "this machine has no TPM 2.0" "machine.diskEncryption.unlock: tpm2" \
    "tang, manual or provider" "choose another one, or give the machine a TPM"
}
needs_key() {
  [ -s "$disk_key" ] || refuse "the data disk's passphrase isn't here, and it takes that to $1" "no $disk_key" \
    "the passphrase that the stack has made" "npm run unlock -- $stack; for a new disk: run up again"
}

topic_disk() {
  fstab_options=defaults,nofail,x-systemd.device-timeout=120s
  bind_options=bind,nofail
  case $unlock in
  tang)
    fstab_options=$fstab_options,_netdev
    bind_options=$bind_options,_netdev
    ;;
  manual)
    # Nobody waits at boot for what a person does later; Docker asks for both.
    fstab_options=defaults,noauto,nofail,x-systemd.device-timeout=5s
    bind_options=bind,noauto,nofail
    ;;
  esac
  disk_found=''
  if [ -n "$disk_device" ]; then mount_disk; fi
  [ -d /srv/muster ] || mkdir -p /srv/muster
  place /srv/muster/.muster-disk 644 << END
stack=$stack
END
  bind_volumes
  if [ -n "$disk_found" ]; then grow; fi
}

mount_disk() {
  check_content
  source=$disk_device
  if encrypted; then
    unlock_disk
    source=$mapped
    look_at "$source"
  fi
  if [ "$content" = blank ]; then
    say "makes a file system on $disk_device"
    began_formatting
    quietly mkfs.ext4 -q -m 1 -L muster -U "$disk_uuid" "$source"
    look_at "$source"
  fi
  ours "$source"
  rm -f /var/lib/muster/formatting
  disk_found=${content##* }
  line /etc/fstab 2 /srv/muster "UUID=$disk_found /srv/muster ext4 $fstab_options 0 2" units
  if mounted /srv/muster; then
    [ "$(findmnt -rn -o UUID --mountpoint /srv/muster)" = "$disk_found" ] ||
      refuse "something else is mounted at /srv/muster" "$(findmnt -rn -o SOURCE --mountpoint /srv/muster)" "$disk_device" "unmount it"
  else
    reload_units
    if [ ! -d /srv/muster ]; then mkdir -p /srv/muster; fi
    # Nobody writes where the disk should be. Not every file system knows this.
    chattr +i /srv/muster 2> /dev/null || :
    say "mounts $disk_device"
    quietly mount /srv/muster
  fi
}
began_formatting() {
  mkdir -p /var/lib/muster
  printf '%s\n' "$disk_device" > /var/lib/muster/formatting
}

bind_volumes() {
  [ -d /srv/muster/volumes ] || mkdir -m 701 /srv/muster/volumes
  line /etc/fstab 2 /var/lib/docker/volumes \
    "/srv/muster/volumes /var/lib/docker/volumes none $bind_options,x-systemd.requires-mounts-for=/srv/muster 0 0" units
  reload_units
  if mounted /var/lib/docker/volumes; then return 0; fi
  if systemctl is-active -q docker; then
    say "stops Docker, to give its volumes their place"
    owe docker
    quietly systemctl stop docker.socket docker
  fi
  [ -d /var/lib/docker ] || mkdir -m 710 /var/lib/docker
  [ -d /var/lib/docker/volumes ] || mkdir -m 701 /var/lib/docker/volumes
  say "mounts /var/lib/docker/volumes"
  quietly mount /var/lib/docker/volumes
}

# Takes what the disk has grown by; less than 64 MiB are what file systems leave over.
grow() {
  size=$(blockdev --getsize64 "$source")
  held=$(dumpe2fs -h "$source" 2> /dev/null | awk '/^Block count:/ { count = $3 } /^Block size:/ { size = $3 } END { printf "%.0f", count * size }')
  if [ $((size - held)) -ge 67108864 ]; then
    if in_container; then
      # Without the right to do so while it is mounted.
      resize2fs "$source" > /dev/null 2>&1 || note "the data disk has grown, and its file system can't grow in this container"
    else
      say "grows the file system to $((size / 1048576)) MiB"
      quietly resize2fs "$source"
    fi
  fi
}
