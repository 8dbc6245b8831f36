# nagios.sh -- the peer that keeps nothing: how fast Nagios 4 takes passive results from its command file
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2154 # sourced by run, which has what is not set here
#
# It counts when nagios4-core is installed. Results are failures, as our messages are, and are logged, as is
# Nagios's default. They are taken in their order, so the last one, whose change of state is logged too,
# ends the clock; the log must then have all of them.

nagios_config() {
  mkdir -p nagios/spool nagios/archives
  cat > nagios/nagios.cfg << END
log_file=$work/nagios/log
cfg_file=$work/nagios/objects.cfg
object_cache_file=$work/nagios/objects.cache
precached_object_file=$work/nagios/objects.precache
status_file=$work/nagios/status
status_update_interval=10
check_external_commands=1
command_file=$work/nagios/commands
lock_file=$work/nagios/pid
temp_file=$work/nagios/temp
temp_path=$work/nagios
check_result_path=$work/nagios/spool
query_socket=$work/nagios/query
log_archive_path=$work/nagios/archives
state_retention_file=$work/nagios/retention
use_syslog=0
log_passive_checks=1
log_external_commands=0
execute_service_checks=0
execute_host_checks=0
enable_notifications=0
check_for_updates=0
nagios_user=$(id -un)
nagios_group=$(id -gn)
END
  awk -v subjects=$subjects 'BEGIN {
    print "define timeperiod {\n timeperiod_name always\n alias always\n sunday 00:00-24:00\n}"
    print "define command {\n command_name none\n command_line /bin/true\n}"
    print "define contact {\n contact_name admin\n host_notification_period always\n service_notification_period always"
    print " host_notification_commands none\n service_notification_commands none\n}"
    for (i = 0; i < subjects; i++) {
      if (i % 10 == 0)
        printf "define host {\n host_name tux%d\n address 127.0.0.1\n max_check_attempts 1\n check_period always\n" \
          " notification_period always\n contacts admin\n}\n", i / 10
      printf "define service {\n host_name tux%d\n service_description job%d\n check_command none\n max_check_attempts 1\n" \
        " check_interval 5\n retry_interval 1\n check_period always\n notification_period always\n contacts admin\n}\n", i / 10, i % 10
    }
  }' > nagios/objects.cfg
}

# Each as long as our 500 bytes are with all their names.
nagios_results() {
  awk -v n=$messages -v subjects=$subjects -v now="$(date +%s)" 'BEGIN {
    text = sprintf("%350s", ""); gsub(/ /, "x", text)
    for (i = 0; i < n; i++)
      printf "[%d] PROCESS_SERVICE_CHECK_RESULT;tux%d;job%d;2;exit status 2 after 0.4 s %s\n", now, (i % subjects) / 10, i % 10, text
    printf "[%d] PROCESS_SERVICE_CHECK_RESULT;tux0;job0;0;the last\n", now
  }'
}

if command -v nagios4 > /dev/null; then
  nagios_config
  nagios_results > results
  start nagios nagios4 nagios/nagios.cfg
  if wait_until 20 test -p nagios/commands; then
    began=$(date +%s%N)
    timeout 120 sh -c 'cat results > nagios/commands'
    wait_until 120 grep -q 'the last' nagios/log
    took=$(awk "BEGIN { print ($(date +%s%N) - $began) / 1e6 }")
    row 'messages/s; Nagios 4 takes passive results' "$ours" "$(per_second $messages "$took")" 'a >= b'
    taken=$(grep -c 'PASSIVE SERVICE CHECK' nagios/log)
    [ "$taken" = $((messages + 1)) ] || echo "Nagios 4 has logged $taken of $((messages + 1)) results"
  else
    echo "nagios4 does not start: $(tail -n 1 nagios.log)"
  fi
  stop "$pid"
  rm results
else
  echo 'without Nagios 4 beside it: nagios4-core is not installed'
fi
