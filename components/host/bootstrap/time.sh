# The right time, in UTC: logins, certificates and meetings depend on it.
topic_time() {
  if [ "$(date +%Z)" != UTC ]; then
    say "sets the time zone to UTC"
    ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime
    printf 'Etc/UTC\n' | place /etc/timezone 644
  fi
  if in_container; then
    note "the clock is that of the machine around this container: keep the time there"
  elif ! has_clock; then
    running systemd-timesyncd.service
  fi
}
# Whether another program keeps the time already, such as a provider's image has.
has_clock() { [ -n "$(installed chrony ntpsec ntp openntpd)" ]; }
