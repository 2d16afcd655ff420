# Security upgrades by themselves, and a reboot at a quiet hour where one asks for it.
topic_upgrades() {
  if [ "$reboot_at" = off ]; then reboot=false; else reboot=true; fi
  place /etc/apt/apt.conf.d/52muster 644 << END
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
#clear Unattended-Upgrade::Allowed-Origins;
#clear Unattended-Upgrade::Origins-Pattern;
Unattended-Upgrade::Origins-Pattern {
  "origin=Debian,codename=\${distro_codename}-security,label=Debian-Security";
  "origin=Ubuntu,archive=\${distro_codename}-security";
  "origin=UbuntuESMApps,archive=\${distro_codename}-apps-security";
  "origin=UbuntuESM,archive=\${distro_codename}-infra-security";
};
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
Unattended-Upgrade::Automatic-Reboot "$reboot";
Unattended-Upgrade::Automatic-Reboot-WithUsers "true";
Unattended-Upgrade::Automatic-Reboot-Time "$([ "$reboot" = false ] && echo now || echo "$reboot_at")";
END
  if [ -d /etc/needrestart ]; then
    place /etc/needrestart/conf.d/50-muster.conf 644 << 'END'
# Nobody is there to be asked.
$nrconf{restart} = 'a';
END
  fi
  running apt-daily.timer
  running apt-daily-upgrade.timer
}
