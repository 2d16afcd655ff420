# With live-restore, Docker leaves containers at work when it stops, and the machine's end kills them: a database too.
# So it is turned off just before that. They stop by their own signals then, and come back by their own policy.
topic_shutdown() {
  place /usr/local/lib/muster/shutdown 755 << 'END'
#!/bin/sh
set -eu
sed 's/"live-restore": true/"live-restore": false/' /usr/local/lib/muster/daemon.json > /etc/docker/daemon.json
systemctl kill --kill-who=main --signal=HUP docker.service
for second in 1 2 3 4 5 6 7 8 9 10; do
  [ "$(docker info --format '{{.LiveRestoreEnabled}}')" != false ] || exit 0
  sleep 1
done
echo "Docker goes on with live-restore after $second seconds: containers are killed" >&2
exit 1
END
  place /etc/systemd/system/muster-shutdown.service 644 units << 'END'
[Unit]
Description=Stops containers properly when the machine stops
After=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/usr/local/lib/muster/shutdown
TimeoutStopSec=60

[Install]
WantedBy=multi-user.target
END
  reload_units
  running muster-shutdown.service
}
