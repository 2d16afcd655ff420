# A swap file on the data disk, as a cushion: what nobody uses may leave the memory.
swap_file=/srv/muster/swapfile

topic_swap() {
  options=sw,nofail,x-systemd.requires-mounts-for=/srv/muster
  [ "$unlock" != manual ] || options=$options,noauto
  if [ "$swap_mib" -gt 0 ]; then row="$swap_file none swap $options 0 0"; else row=''; fi
  size=0
  if [ -e "$swap_file" ]; then size=$(stat -c %s "$swap_file"); fi
  if [ "$size" -ne $((swap_mib * 1048576)) ]; then
    if swapping; then quietly swapoff "$swap_file"; fi
    rm -f "$swap_file"
    if [ "$swap_mib" -gt 0 ]; then make_swap; fi
  fi
  line /etc/fstab 1 "$swap_file" "$row" units
  reload_units
  [ "$swap_mib" -gt 0 ] || return 0
  swapping || swapon "$swap_file" 2> /dev/null ||
    note "swap can't be turned on here; the machine has its memory alone"
}
swapping() { swapon --noheadings --show=NAME | grep -Fxq "$swap_file"; }
make_swap() {
  say "makes a swap file of $swap_mib MiB"
  rm -f "$swap_file.new"
  (umask 077 && quietly fallocate -l "${swap_mib}MiB" "$swap_file.new")
  quietly mkswap "$swap_file.new"
  mv -f "$swap_file.new" "$swap_file"
}
