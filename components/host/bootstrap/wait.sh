# What the machine does by itself at its first boot comes first.
topic_wait() {
  command -v cloud-init > /dev/null || return 0
  code=0
  cloud-init status --wait > /dev/null 2>&1 || code=$?
  # 2: it is done, and has something to complain about.
  [ "$code" -ne 1 ] || note "cloud-init reports an error on this machine: cloud-init status --long"
}
