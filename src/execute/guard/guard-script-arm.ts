/**
 * Third part of guard.sh: arming, ending, and what is called by which name.
 *
 * Arming makes everything that taking back will need, before anything is changed: the copy beside the file, the marks, the boot guard, the
 * timer. It may be repeated, and is by whoever goes on with a run; what an ended self-revert left is reset, but never one at work (75).
 * Ending goes in an order that leaves the timer for last: cut off before, the next look ends it again.
 */
export const ARM_PART = `
release_lock() {
  lock_run=
  if [ -e "$ROOT/lock/owner" ]; then read -r lock_run < "$ROOT/lock/owner" || :; fi
  case $lock_run in
    "run=$RUN") /bin/mv -f "$ROOT/lock/owner" "$ROOT/lock.$RUN" ;;
    ?*) ;;
    *) [ -e "$ROOT/lock.$RUN" ] || return 0 ;;
  esac
  /bin/rmdir "$ROOT/lock" 2> /dev/null
  /bin/rm -f "$ROOT/lock.$RUN"
}

clear_away() {
  /bin/rm -f "$WORKING" "$READY" "$CRON"
  if [ -d /run/systemd/system ]; then
    if [ -e "$BOOT_UNIT" ] || [ -h "$BOOT_WANTED" ]; then
      "$SYSTEMCTL" disable "\${BOOT_UNIT##*/}" > /dev/null 2>&1
      /bin/rm -f "$BOOT_UNIT" "$BOOT_WANTED"
      "$SYSTEMCTL" daemon-reload > /dev/null 2>&1
    fi
  fi
  release_lock
  mark done
  if [ -d /run/systemd/system ]; then
    # What could not write down how it ended, on a full disk, counts as failed and would stay listed.
    cleared=
    for cleared_job in $JOBS; do cleared="$cleared $UNIT-$cleared_job.service"; done
    "$SYSTEMCTL" reset-failed $cleared > /dev/null 2>&1
    "$SYSTEMCTL" stop "$UNIT.timer" > /dev/null 2>&1
  fi
  return 0
}

fail() {
  printf '%s\\n' "$*" >&2
  exit 1
}

# The original in the folder of the run, and once more beside the file.
place_copies() {
  sha_of "$BACKUP"
  if [ "$SHA" != "$BEFORE" ]; then
    sha_of "$CONFIG"
    [ "$SHA" = "$BEFORE" ] || fail "$CONFIG is not as it was found, and there is no copy of it as it was"
    /bin/cp -p "$CONFIG" "$BACKUP.new" || fail "$CONFIG cannot be copied"
    sha_of "$BACKUP.new"
    [ "$SHA" = "$BEFORE" ] || fail "the copy of $CONFIG is not the same"
    /bin/mv -f "$BACKUP.new" "$BACKUP" || fail "$BACKUP cannot be written"
  fi
  sha_of "$READY"
  if [ "$SHA" != "$BEFORE" ] && [ "$BEFORE" != "$DURING" ]; then
    /bin/cp -p "$BACKUP" "$READY" || fail "$READY cannot be written"
    sha_of "$READY"
    [ "$SHA" = "$BEFORE" ] || fail "$READY is not the same as $BACKUP"
  fi
}

note_clean_pids() {
  if marked all-clean; then
    # Clean by then; from now on by its number.
    sps_status
    if pid_is_clean; then printf '%s %s\\n' "$BOOT" "$PID" >> "$DIR/clean-pids" || fail 'clean-pids cannot be written'; fi
    /bin/rm -f "$DIR/all-clean"
  fi
  for pid_now in $CLEAN_PIDS; do printf '%s %s\\n' "$CLEAN_BOOT" "$pid_now"; done >> "$DIR/clean-pids" ||
    fail 'clean-pids cannot be written'
}

timer_on() { "$SYSTEMCTL" is-active "$UNIT.timer" > /dev/null 2>&1; }

watcher_on() { age_of watching && [ "$AGE" -lt $((GUARD * 3)) ]; }

start_timer() {
  timer_on && return 0
  "$SYSTEMCTL" stop "$UNIT.timer" > /dev/null 2>&1
  "$SYSTEMCTL" reset-failed "$UNIT.timer" "$UNIT.service" > /dev/null 2>&1
  "$SYSTEMD_RUN" --unit="$UNIT" --on-active="$FIRST_TIME" --on-unit-active="$GUARD_TIME" \\
    --timer-property=AccuracySec="$ACCURACY" $NO_LIMIT /bin/sh "$DIR/guard.sh" check > /dev/null || return 1
  timer_on
}

end_watcher() {
  if marked watch.pid && read -r watch_pid < "$DIR/watch.pid" && /bin/grep -q "$DIR" "/proc/$watch_pid/cmdline" 2> /dev/null; then
    kill -TERM "-$watch_pid" 2> /dev/null || kill -TERM "$watch_pid" 2> /dev/null
  fi
  /bin/rm -f "$DIR/watching"
}

start_watcher() {
  watcher_on && return 0
  if [ -x "$SETSID" ]; then
    "$SETSID" "$NOHUP" /bin/sh "$DIR/guard.sh" watch < /dev/null > /dev/null 2>&1 &
  else
    "$NOHUP" /bin/sh "$DIR/guard.sh" watch < /dev/null > /dev/null 2>&1 &
  fi
  for watch_try in 1 2 3 4 5 6 7 8 9 10; do
    /bin/sleep 0.2
    now || return 1
    if watcher_on; then return 0; fi
  done
  return 1
}

arm() {
  now || fail 'the uptime of the appliance cannot be read'
  if marked reverting && ! marked done; then exit 75; fi
  # Its watcher is about to leave, or has left: two would be one too many when this ends.
  if marked done; then end_watcher; fi
  sha_of "$CONFIG"
  is_right || [ "$SHA" = "$DURING" ] || fail "$CONFIG was changed by somebody else: sha256 $SHA"
  for arm_mark in $MARKS; do
    case $arm_mark in
      removed | touched) ;;
      *) /bin/rm -f "$DIR/$arm_mark" ;;
    esac
    marked "$arm_mark" || printf '' > "$DIR/$arm_mark.no" || fail "$DIR cannot be written"
  done
  /bin/rm -f "$DIR"/again-* "$DIR/booted" "$DIR/waits"
  printf '' >> "$DIR/fence" || fail "$DIR cannot be written"
  printf '' >> "$DIR/status" || fail "$DIR cannot be written"
  place_copies
  note_clean_pids
  put all-clean.no "$BOOT" || fail "$DIR cannot be written"
  renew || fail 'the sign of life cannot be written'
  # Written by looks alone: the next one proves that something looks.
  /bin/rm -f "$DIR/heartbeat"
  put armed "$BOOT $NOW $1" || fail "$DIR cannot be written"
  if [ -d /run/systemd/system ] && [ -x "$SYSTEMD_RUN" ]; then
    printf '%s\\n' "$BOOT_UNIT_TEXT" > "$BOOT_UNIT" || fail "$BOOT_UNIT cannot be written"
    "$SYSTEMCTL" daemon-reload || fail 'systemctl daemon-reload failed'
    "$SYSTEMCTL" enable "\${BOOT_UNIT##*/}" > /dev/null 2>&1 || fail "\${BOOT_UNIT##*/} cannot be enabled"
    /bin/sync
    start_timer || fail "systemd-run did not start $UNIT.timer"
  else
    [ -d "\${CRON%/*}" ] || fail "there is neither systemd nor \${CRON%/*}: nothing would put the file back after a reboot"
    printf '%s\\n' "$CRON_TEXT" > "$CRON" || fail "$CRON cannot be written"
    /bin/sync
    start_watcher || fail 'the watcher did not start'
  fi
  say armed "lease $((LEASE / 100)) s"
}

looks_on() {
  if [ -d /run/systemd/system ]; then timer_on; else watcher_on; fi
}

# Waits for the first look that the timer, or the watcher, makes by itself; it cannot be made while arming holds the fence.
prove() {
  prove_tries=0
  until marked heartbeat && now && looks_on; do
    prove_tries=$((prove_tries + 1))
    [ "$prove_tries" -le "$PROVE_TRIES" ] || fail 'what was armed has not looked by itself'
    /bin/sleep "$PROVE_SLEEP"
  done
}

boot() {
  now || return 1
  marked armed || return 0
  if marked done; then
    clear_away
    return 0
  fi
  # Called in the boot the run was in: nothing to do with a reboot.
  was_rebooted || return 0
  mark reverting
  # First: whatever fails or hangs below is gone on with by the looks.
  if [ -d /run/systemd/system ] && [ -x "$SYSTEMD_RUN" ]; then start_timer; else start_watcher; fi
  is_of_boot booted || note_reboot
  routes_back
  put heartbeat "$BOOT $NOW"
}

# Where it says no: what is left, in words.
disarm() {
  now || fail 'the uptime of the appliance cannot be read'
  if [ "$1" != leave ]; then
    for left_to in $ADDRESSES; do
      left_route=$(reject_route "$left_to") || fail "the route to $left_to cannot be seen"
      [ -z "$left_route" ] || fail "left: $left_route"
    done
    sha_of "$CONFIG"
    is_right || fail "left: $CONFIG has sha256 $SHA, which is not as it was found"
    for left_job in $JOBS; do
      # It has done its work and is about to say so, or it hangs.
      left_tries=0
      while under_way "$left_job"; do
        left_tries=$((left_tries + 1))
        [ "$left_tries" -le 20 ] || fail "left: $left_job is under way"
        /bin/sleep "$SECOND"
        now || fail 'the uptime of the appliance cannot be read'
      done
    done
  fi
  clear_away
  if [ -d /run/systemd/system ]; then
    "$SYSTEMCTL" stop "$UNIT.service" > /dev/null 2>&1
    "$SYSTEMCTL" reset-failed "$UNIT.timer" "$UNIT.service" > /dev/null 2>&1
  fi
  end_watcher
  /bin/rm -rf "$DIR"
  /bin/rmdir "$ROOT" 2> /dev/null
  return 0
}

status() {
  now || exit 1
  status_is=absent
  if marked done; then
    status_is=disarmed
  elif marked reverting || { marked armed && was_rebooted; }; then
    status_is=taken-over
  elif marked armed; then
    if [ -d /run/systemd/system ]; then
      marked heartbeat && timer_on && "$SYSTEMCTL" is-enabled "\${BOOT_UNIT##*/}" > /dev/null 2>&1 && status_is=armed
    else
      marked heartbeat && watcher_on && [ -e "$CRON" ] && status_is=armed
    fi
  fi
  printf 'state=%s\\n' "$status_is"
  if [ -d /run/systemd/system ]; then printf 'kind=systemd\\n'; else printf 'kind=watcher\\n'; fi
  for status_mark in $MARKS; do if marked "$status_mark"; then printf 'mark=%s\\n' "$status_mark"; fi; done
  if age_of heartbeat; then printf 'looked=%s\\n' "$AGE"; fi
  if marked waits; then printf 'waits=%s\\n' "$(/bin/cat "$DIR/waits")"; fi
  printf '%s\\n' '--'
  if marked status; then /bin/cat "$DIR/status"; fi
}

poll() {
  now || exit 1
  if [ -e "$DIR/$1.rc" ]; then
    printf 'state=ended\\ncode=%s\\n' "$(/bin/cat "$DIR/$1.rc")"
  elif under_way "$1"; then
    printf 'state=running\\n'
  elif [ -e "$DIR/$1.rc" ]; then
    # It ended in between.
    printf 'state=ended\\ncode=%s\\n' "$(/bin/cat "$DIR/$1.rc")"
  elif [ -e "$DIR/$1.began" ] || [ -e "$DIR/$1.ended" ]; then
    printf 'state=lost\\n'
  else
    printf 'state=none\\n'
  fi
  printf '%s\\n' '--'
  if [ -e "$DIR/$1.out" ]; then /bin/cat "$DIR/$1.out"; fi
}

in_fence() {
  case $1 in
    check) check ;;
    take-on) take_on "$2" ;;
    renew) may_go_on "$2" ;;
    do)
      may_go_on "$2" || return
      mark touched
      shift 2
      exec "$@"
      ;;
    detach)
      may_go_on "$3" || return
      mark touched
      under_way "$2" || launch "$2"
      ;;
    removed)
      may_go_on "$2" || return
      mark removed
      marked removed
      ;;
    restore)
      may_go_on "$2" || return
      file_back
      ;;
    job-begins) if marked reverting; then return 75; fi ;;
    arm) arm "$2" ;;
    boot) boot ;;
    disarm)
      if [ -n "$2" ] && on_watch && ! is_session "$2"; then return 80; fi
      disarm "\${3:-}"
      ;;
    *) return 64 ;;
  esac
}

main() {
  case \${1:-} in
    in-fence)
      shift
      in_fence "$@"
      ;;
    check)
      fenced check
      main_code=$?
      # Whoever holds the fence hangs: taking back counts more.
      if [ "$main_code" = 77 ] && now && ! { age_of lease && [ "$AGE" -lt $((LEASE * 2)) ]; }; then check; fi
      return 0
      ;;
    take-on | renew | do | detach | removed | restore | arm | disarm) fenced "$@" ;;
    boot) fenced "$@" || { [ "$?" = 77 ] && boot; } ;;
    job)
      case $2 in
        again-*) job "$2" ;;
        *) if fenced job-begins; then job "$2"; else put "$2.rc" 75; fi ;;
      esac
      # Whatever it was: no unit is left behind as failed.
      return 0
      ;;
    watch)
      put watch.pid "$$"
      while marked armed && ! marked done; do
        now && put watching "$BOOT $NOW"
        main check
        # It may have waited for the fence.
        now && put watching "$BOOT $NOW"
        /bin/sleep "$GUARD_SLEEP"
      done
      ;;
    status) status ;;
    prove) prove ;;
    poll) poll "$2" ;;
    forget) fenced disarm "\${2:-}" leave ;;
    *)
      printf '%s\\n' 'usage: sh guard.sh status    what it did, and what it waits for' \\
        '       sh guard.sh forget    ends it and leaves everything as it is'
      return 64
      ;;
  esac
}

main "$@"
exit
`;
