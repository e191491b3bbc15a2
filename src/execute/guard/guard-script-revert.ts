/**
 * Second part of guard.sh: taking back. Each piece looks first, changes only what is still as the run left it, and may be cut off
 * anywhere: the next look finds out again what is left. Nothing counts as done for having been asked for.
 *
 * The file goes back by renaming the copy that arming placed beside it (owner, mode and times by `cp -p`), so a full disk is no hindrance;
 * without that copy, from the backup. It is never opened for writing. A file that is neither as found nor as the run made it was changed
 * by somebody else: hands off, and on watch until it is right.
 *
 * SPS: the process is known by its number. Clean is one that was seen to have read the original: it ran before the run began, was started
 * by a job of the run while the file was the original, or was started after this script saw SPS stopped with the original in place. One
 * attempt at starting, one restart; made again once only where the job's process was lost before it said how it ended. With the mark
 * `removed` no restart: it is left pending, since SPS works and the registrations are gone.
 */
export const REVERT_PART = `
sha_of() {
  SHA=
  if [ -f "$1" ]; then
    SHA=$("$SHA256SUM" "$1" 2> /dev/null) || SHA=
    SHA=\${SHA%% *}
  fi
}

is_right() { [ -n "$SHA" ] && { [ "$SHA" = "$BEFORE" ] || [ "$SHA" = "$AFTER" ]; }; }

# Prints the reject route to $1; fails where that cannot be seen.
reject_route() {
  if [ "$ROUTE_TOOL" = ip ]; then
    case $1 in
      *:*) reject_all=$(/sbin/ip -6 route show exact "$1/128" 2> /dev/null) || return 1 ;;
      *) reject_all=$(/sbin/ip route show exact "$1/32" 2> /dev/null) || return 1 ;;
    esac
    printf '%s\\n' "$reject_all" | while read -r reject_kind reject_rest; do
      [ "$reject_kind" = unreachable ] && printf '%s\\n' "$reject_kind $reject_rest"
    done
    return 0
  fi
  case $1 in
    *:*) reject_all=$(/sbin/route -A inet6 -n 2> /dev/null) || return 1 ;;
    *) reject_all=$(/sbin/route -n 2> /dev/null) || return 1 ;;
  esac
  printf '%s\\n' "$reject_all" | while read -r reject_to reject_rest; do
    case "$reject_to $reject_rest" in "$1 "*'!'* | "$1/128 "*'!'*) printf '%s\\n' "$reject_to $reject_rest" ;; esac
  done
  return 0
}

routes_back() {
  ROUTES=ok
  for route_to in $ADDRESSES; do
    route_was=$(reject_route "$route_to") || { ROUTES=left; wait_for "an answer about the route to $route_to"; continue; }
    [ -n "$route_was" ] || continue
    case "$ROUTE_TOOL $route_to" in
      ip*:*) /sbin/ip -6 route del unreachable "$route_to/128" ;;
      ip*) /sbin/ip route del unreachable "$route_to/32" ;;
      *:*) /sbin/route -A inet6 del "$route_to/128" reject ;;
      *) /sbin/route del -host "$route_to" reject ;;
    esac > /dev/null 2>&1
    if route_was=$(reject_route "$route_to") && [ -z "$route_was" ]; then
      say route-back "$route_to"
    else
      ROUTES=left
      wait_for "the route to $route_to, which cannot be removed"
    fi
  done
}

# Ours to put back: as the run made it. 1: it is right, or somebody else changed it.
file_is_ours() {
  sha_of "$CONFIG"
  if is_right; then
    FILE=ok
    unmark hands-off
    return 1
  fi
  FILE=left
  if [ "$SHA" != "$DURING" ]; then
    FILE=other
    marked hands-off || say hands-off "sha256 $SHA"
    mark hands-off
    return 1
  fi
}

file_back() {
  if file_is_ours; then
    file_from=
    sha_of "$READY"
    if [ "$SHA" = "$BEFORE" ]; then
      file_from=$READY
    else
      sha_of "$BACKUP"
      [ "$SHA" = "$BEFORE" ] && /bin/cp -p "$BACKUP" "$WORKING" && sha_of "$WORKING" && [ "$SHA" = "$BEFORE" ] &&
        /bin/sync && file_from=$WORKING
    fi
    # Looked at last of all: somebody else may have saved his own meanwhile.
    if file_is_ours; then
      if [ -n "$file_from" ]; then /bin/mv -f "$file_from" "$CONFIG"; fi
      /bin/sync
      sha_of "$CONFIG"
      if is_right; then
        FILE=ok
        say file-back "$CONFIG"
      else
        wait_for "$CONFIG, which cannot be put back"
      fi
    fi
  fi
  [ "$FILE" = ok ]
}

# No answer in time: UNKNOWN.
sps_status() {
  STATE= HEALTH= PID=
  sps_text=$("$TIMEOUT" --foreground -k 5 "$VMON_TIME" "$VMON_CLI" --status sps 2> /dev/null)
  case $? in
    124 | 137) STATE=UNKNOWN; return 0 ;;
    125 | 126 | 127) sps_text=$("$VMON_CLI" --status sps 2> /dev/null) || : ;;
  esac
  case $sps_text in *'RunState: '*) STATE=\${sps_text#*RunState: } STATE=\${STATE%%[!A-Z_]*} ;; esac
  case $sps_text in *'HealthState: '*) HEALTH=\${sps_text#*HealthState: } HEALTH=\${HEALTH%%[!A-Z_]*} ;; esac
  case $sps_text in *'MainProcessId: '*) PID=\${sps_text#*MainProcessId: } PID=\${PID%%[!0-9]*} ;; esac
}

# Every process of SPS that is started from now on, in this boot, reads a file that is not the changed one.
all_clean() {
  is_of_boot all-clean && return 0
  # Made when arming, for this boot: a rename is all it takes.
  if is_of_boot all-clean.no; then /bin/mv -f "$DIR/all-clean.no" "$DIR/all-clean"; else put all-clean "$BOOT"; fi
}

is_of_boot() { marked "$1" && read -r of_boot of_rest < "$DIR/$1" && [ "$of_boot" = "$BOOT" ]; }

pid_is_clean() {
  [ -n "$PID" ] || return 1
  is_of_boot all-clean && return 0
  marked clean-pids || return 1
  while read -r clean_boot clean_pid; do
    [ "$clean_boot $clean_pid" = "$BOOT $PID" ] && return 0
  done < "$DIR/clean-pids"
  return 1
}

# Whether no job is under way. Without systemd only its age tells where its process was lost: $1 is how old it may be.
jobs_over() {
  for over_job in $JOBS; do
    under_way "$over_job" || continue
    [ -d /run/systemd/system ] || [ "$AGE" -lt "$1" ] || continue
    wait_for "the end of $over_job"
    return 1
  done
  return 0
}

sps_back() {
  # The run has changed nothing yet: who stopped or restarted SPS meanwhile knows why. After a boot it is waited for all the same.
  if ! marked touched && ! marked rebooted; then
    SPS=ok
    return
  fi
  SPS=waiting
  sps_status
  case $STATE in
    STOPPED)
      [ "$FILE" = left ] || all_clean
      if age_of booted && [ "$AGE" -lt "$BOOT_MOST" ]; then wait_for 'SPS to be started by the boot'; return; fi
      # Between the stop and the start of a restart, too.
      jobs_over "$ATTEMPT_MOST" && attempt start
      ;;
    STARTED)
      if pid_is_clean; then
        jobs_over "$JOB_MOST" || return
        case $HEALTH in HEALTHY*) SPS=ok ;; *) wait_for 'SPS to turn healthy' ;; esac
      elif marked removed; then
        SPS=pending
      elif [ "$FILE" = left ]; then
        wait_for "$CONFIG, which cannot be put back"
      else
        attempt restart
      fi
      ;;
    START_PENDING) wait_for 'SPS, which is starting' ;;
    STOP_PENDING) wait_for 'SPS, which is stopping' ;;
    *) wait_for 'an answer of vmon-cli about SPS' ;;
  esac
}

# start or restart: once; once more where the first one's process was lost.
attempt() {
  for attempt_number in 1 2; do
    attempt_job=again-$1-$attempt_number
    if ! marked "$1-$attempt_number"; then
      put "$attempt_job.began" "$BOOT $NOW" || :
      mark "$1-$attempt_number"
      # Where nothing can be remembered, on a file system that became read-only: SPS that is stopped is started all the same.
      marked "$1-$attempt_number" || [ "$1" = start ] || { wait_for "$DIR, which cannot be written"; return; }
      say "$1" "attempt $attempt_number"
      # Better here, holding the fence, than not at all.
      launch "$attempt_job" || job "$attempt_job"
      return
    fi
    if [ -e "$DIR/$attempt_job.rc" ]; then
      attempt_failed "$1" "$attempt_job"
      return
    fi
    if { age_of "$attempt_job.began" || age_of "$attempt_job.ended"; } && [ "$AGE" -lt "$ATTEMPT_MOST" ]; then
      wait_for "SPS to $1"
      return
    fi
  done
  attempt_failed "$1" "$attempt_job"
}

attempt_failed() {
  if ! marked start-failed; then
    mark start-failed
    say "$1-failed" "exit code $(/bin/cat "$DIR/$2.rc" 2> /dev/null)"
    if [ -e "$DIR/$2.out" ]; then
      while read -r failed_line; do [ -z "$failed_line" ] || say "$1-said" "$failed_line"; done < "$DIR/$2.out"
    fi
  fi
  wait_for "SPS to be started by somebody: it did not $1"
}

# service-control is a script that wants the environment of a login shell (inferred); the appliance has bash.
service() {
  if [ -x /bin/bash ]; then /bin/bash -l -c 'exec "$0" "$@"' /bin/service-control "$@"; else /bin/service-control "$@"; fi < /dev/null
}

start_sps() {
  start_clean=
  sha_of "$CONFIG"
  if is_right; then start_clean=$SHA; fi
  if marked reverting && { is_right || [ "$SHA" != "$DURING" ]; }; then all_clean; fi
  service --start vmware-sps
  start_code=$?
  sha_of "$CONFIG"
  sps_status
  if [ -n "$start_clean" ] && [ "$SHA" = "$start_clean" ] && [ "$STATE" = STARTED ] && [ -n "$PID" ]; then
    { printf '%s %s\\n' "$BOOT" "$PID" >> "$DIR/clean-pids"; } 2> /dev/null || :
  fi
  return "$start_code"
}

job() {
  now || return 1
  {
    case $1 in
      stop) service --stop vmware-sps ;;
      start | again-start-*) start_sps ;;
      *)
        service --stop vmware-sps
        job_code=$?
        sps_status
        if [ "$STATE" = STOPPED ]; then start_sps; else (exit "$job_code"); fi
        ;;
    esac
    printf '\\nexit code %s\\n' "$?"
  } 2>&1 | { /usr/bin/tail -c 4096 > "$DIR/$1.new" || /bin/cat > /dev/null; } 2> /dev/null
  job_code=$(/usr/bin/tail -n 1 "$DIR/$1.new" 2> /dev/null)
  /bin/mv -f "$DIR/$1.new" "$DIR/$1.out" 2> /dev/null
  # On a full disk a new name says that it ended; systemd knows by itself.
  put "$1.rc" "\${job_code##* }" || [ -d /run/systemd/system ] || /bin/mv -f "$DIR/$1.began" "$DIR/$1.ended" 2> /dev/null || :
}

note_reboot() {
  say rebooted "$BOOT"
  for reboot_mark in start-1 start-2 restart-1 restart-2 start-failed; do unmark "$reboot_mark"; done
  /bin/rm -f "$DIR"/*.began "$DIR"/*.ended "$DIR"/*.rc "$DIR"/*.out
  sha_of "$CONFIG"
  # A file that is right now was so when this boot began: nobody of the run can have changed it since.
  if is_right; then all_clean; fi
  file_back
  # Cut off from here on, what is there by then is restarted once too often, and not once too few.
  put booted "$BOOT $NOW"
  mark rebooted
  # Not there yet, with the file in place: what is started from now on reads it.
  sps_status
  case $STATE in STARTED | START_PENDING | STOP_PENDING | UNKNOWN) ;; *) [ "$FILE" = left ] || all_clean ;; esac
}

# A reset may have cost the lease its text; what was written when arming was synced.
was_rebooted() {
  was_boot=
  for was_in in lease armed; do
    if [ -z "$was_boot" ] && marked "$was_in"; then read -r was_boot was_rest < "$DIR/$was_in" || :; fi
  done
  [ -n "$was_boot" ] && [ "$was_boot" != "$BOOT" ]
}

take_back() {
  if was_rebooted && ! is_of_boot booted; then note_reboot; fi
  routes_back
  file_back
  sps_back
  # All else is as before: what is waited for now is no longer what was waited for on the way here.
  case "$ROUTES $FILE $SPS" in 'ok other ok' | 'ok other pending') wait_for "$CONFIG, which somebody else has changed" ;; esac
  [ "$ROUTES $FILE" = 'ok ok' ] || return 0
  case $SPS in
    ok)
      mark taken-back
      say taken-back 'routes, file and SPS are as before'
      clear_away
      ;;
    pending)
      mark restart-pending
      say restart-pending "SPS, process $PID, still runs with the changed value"
      clear_away
      ;;
  esac
}

check() {
  now || return 1
  if marked done; then
    clear_away
    return 0
  fi
  marked armed || return 0
  put heartbeat "$BOOT $NOW"
  if ! marked reverting; then
    if lease_alive; then return 0; fi
    mark reverting
    lost_ago=unknown
    [ -z "$AGE" ] || lost_ago="$((AGE / 100)) s ago"
    say lease-lost "last sign of life: $lost_ago"
  fi
  take_back
}
`;
