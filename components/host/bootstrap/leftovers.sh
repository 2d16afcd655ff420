# What is left to do, and what there is to say.
topic_leftovers() {
  rm -f "$disk_key" /run/muster/sshd /run/muster/docker.asc
  reboot_required=false
  if [ -e /var/run/reboot-required ]; then reboot_required=true; fi
  printf '{"architecture":%s,"distribution":%s,"ownAddress":%s,"docker":%s,"diskUuid":%s,"rebootRequired":%s,"notes":[%s]}\n' \
    "$(json "$architecture")" "$(json "$distribution")" "$(json "$own_address")" "$(json "$docker_version")" \
    "$(json "$disk_found")" "$reboot_required" "$(json_notes)" >&3
}
json() { printf '"%s"' "$(printf '%s' "$1" | tr -d '\000-\037' | sed 's/[\\"]/\\&/g')"; }
json_notes() {
  between=''
  printf '%s' "$notes" | while IFS= read -r text; do
    printf '%s' "$between"
    json "$text"
    between=,
  done
}
