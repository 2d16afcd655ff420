# Kernel settings: at least what the services ask for, and more where the machine has more. Of the lowest port that
# programs without rights may have, less is more.
topic_kernel() {
  wanted_values="net.ipv4.ip_forward 1
vm.swappiness 10"
  for setting in $sysctls; do
    value=$(sysctl -n "${setting%=*}" 2> /dev/null) || value=0
    case $value in '' | *[!0-9]*) value=0 ;; esac
    wanted_value=${setting#*=}
    case ${setting%=*} in
    net.ipv4.ip_unprivileged_port_start) [ "$value" -le "$wanted_value" ] || value=$wanted_value ;;
    *) [ "$value" -ge "$wanted_value" ] || value=$wanted_value ;;
    esac
    wanted_values="$wanted_values
${setting%=*} $value"
  done
  printf '%s\n' "$wanted_values" | sed 's/ / = /' | place /etc/sysctl.d/60-muster.conf 644
  if [ -z "$(unset_values)" ]; then return 0; fi
  sysctl -q -e -p /etc/sysctl.d/60-muster.conf > /dev/null 2>&1 || :
  left=$(unset_values)
  [ -z "$left" ] || note "the kernel doesn't take these settings here: $left"
}
# Those that the kernel doesn't have yet.
unset_values() {
  printf '%s\n' "$wanted_values" | while read -r name value; do
    [ "$(sysctl -n "$name" 2> /dev/null)" = "$value" ] || printf '%s ' "$name=$value"
  done
}
