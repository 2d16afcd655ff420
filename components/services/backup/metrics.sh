# What monitoring reads: Prometheus' text format, from what was recorded last.
cd /status || exit 1
value() { sed -n "s/^$2	//p" "$1" 2> /dev/null; }
gauge() {
  v=$(value "$2" "$3")
  [ -z "$v" ] || printf '# HELP %s %s\n# TYPE %s gauge\n%s %s\n' "$1" "$4" "$1" "$1" "$v"
}
{
  gauge muster_backup_last_success_timestamp_seconds backup.good at "End of the last good backup."
  gauge muster_backup_last_failure_timestamp_seconds backup.failed at "End of the last failed backup."
  gauge muster_backup_size_bytes backup.good bytes "What the last good backup holds."
  gauge muster_backup_files backup.good files "Files in the last good backup."
  gauge muster_backup_missing_files backup.good missing "Files that the database named and that were gone at the last good backup."
  gauge muster_backup_duration_seconds backup.good seconds "How long the last good backup took."
  gauge muster_check_last_success_timestamp_seconds check.good at "End of the last good check of the repository."
  gauge muster_check_last_failure_timestamp_seconds check.failed at "End of the last failed check."
  gauge muster_drill_last_success_timestamp_seconds drill.good at "End of the last drill that proved a backup."
  gauge muster_drill_last_failure_timestamp_seconds drill.failed at "End of the last failed drill."
  gauge muster_drill_size_bytes drill.good bytes "What the last proven restore held."
  gauge muster_backup_first_use_timestamp_seconds use.first at "When the stack was first seen in use: from then on there is something to lose."
  gauge muster_drill_backup_timestamp_seconds drill.good taken "When the backup that was last proven was taken."
} > /status/www/metrics.new
mv -f /status/www/metrics.new /status/www/metrics
# Under this name the server says what kind of text it is: Prometheus takes no other.
ln -sf metrics /status/www/metrics.txt
