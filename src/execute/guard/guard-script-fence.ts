/**
 * First part of guard.sh: time, marks, the sign of life, the fence.
 *
 * What it has to stand: `sh` is bash 4 or 5 (Photon) or dash (Debian); coreutils, `flock` of util-linux (a folder takes its place where
 * there is none), no here-documents (bash keeps them in a file, which a full disk refuses). Time is the uptime, in hundredths of a second,
 * together with the boot id: the wall clock may jump and decides nothing.
 *
 * Marks are files made when arming (`NAME.no`) and set by a rename (`NAME`): no space is needed, and a mark is there or not. What has a
 * value is written beside and renamed. A sign of life that cannot be written fails aloud.
 *
 * One lock, `fence`: whoever changes the appliance for the run holds it while the command runs, and so does every look that takes back. So
 * a command begun before the lease was lost is over before anything is taken back, and none begins afterwards. A holder that hangs for
 * more than two leases is passed by: taking back counts more.
 */
export const FENCE_PART = `
now() {
  NOW= UP= BOOT=
  read -r UP now_rest < /proc/uptime || return 1
  read -r BOOT < /proc/sys/kernel/random/boot_id || return 1
  case $UP in
    *[!0-9.]* | *.*.* | .*) return 1 ;;
    *.[0-9][0-9]) NOW=$(( \${UP%.*} * 100 + 1\${UP#*.} - 100 )) ;;
    *) return 1 ;;
  esac
}

say() {
  say_line="$(/bin/date -u +%Y-%m-%dT%H:%M:%SZ) $UP $*"
  printf '%s\\n' "$say_line"
  { printf '%s\\n' "$say_line" >> "$DIR/status"; } 2> /dev/null || :
}

wait_for() {
  wait_was=
  if [ -e "$DIR/waits" ]; then read -r wait_was < "$DIR/waits" || :; fi
  [ "$wait_was" = "$*" ] && return 0
  put waits "$*"
  say waiting "$*"
}

put() {
  { printf '%s\\n' "$2" > "$DIR/$1.new" && [ -s "$DIR/$1.new" ] && /bin/mv -f "$DIR/$1.new" "$DIR/$1"; } 2> /dev/null
}

marked() { [ -e "$DIR/$1" ]; }

# printf, not ":", where something may not be written: a special builtin would end the whole script.
mark() {
  marked "$1" || /bin/mv -f "$DIR/$1.no" "$DIR/$1" 2> /dev/null || { printf '' > "$DIR/$1"; } 2> /dev/null
}

unmark() {
  if marked "$1"; then /bin/mv -f "$DIR/$1" "$DIR/$1.no"; fi
}

# When something was written down, if in this boot: its age. The clock is read last: outside the fence it may have been written just now.
age_of() {
  AGE= age_boot= age_at=
  if [ -e "$DIR/$1" ]; then read -r age_boot age_at age_rest < "$DIR/$1" || :; fi
  case $age_at in '' | *[!0-9]*) return 1 ;; esac
  now && [ "$age_boot" = "$BOOT" ] || return 1
  AGE=$((NOW - age_at))
  [ "$AGE" -ge 0 ]
}

lease_alive() { age_of lease && [ "$AGE" -lt "$LEASE" ]; }

renew() { put lease "$BOOT $NOW"; }

on_watch() {
  marked armed || return 76
  if marked reverting; then return 75; fi
  now || return 76
  lease_alive || return 75
}

# Of the sessions of a run only the one that armed it, or took it on, last.
is_session() {
  armed_by=
  read -r armed_boot armed_at armed_by < "$DIR/armed" || :
  [ "$armed_by" = "$1" ]
}

# Whether the session $1 may go on changing the appliance.
may_go_on() {
  on_watch || return
  is_session "$1" || return 80
  renew || return 78
}

take_on() {
  on_watch || return
  put armed "$BOOT $NOW $1" || return 78
  renew || return 78
}

# Runs a mode of this script with the fence held.
fenced() {
  if [ -x "$FLOCK" ]; then
    "$FLOCK" -o -w "$FENCE_WAIT" -E 77 "$DIR/fence" /bin/sh "$DIR/guard.sh" in-fence "$@"
    return
  fi
  fence_tries=0
  until /bin/mkdir "$DIR/fence.d" 2> /dev/null; do
    fence_tries=$((fence_tries + 1))
    fence_by=
    if [ -e "$DIR/fence.d/pid" ]; then read -r fence_by < "$DIR/fence.d/pid" || :; fi
    if [ -n "$fence_by" ] && [ ! -e "/proc/$fence_by" ]; then
      # Its process is gone; of several that see it only one can rename it.
      /bin/mv "$DIR/fence.d" "$DIR/fence.gone.$$" 2> /dev/null && /bin/rm -rf "$DIR/fence.gone.$$"
    elif [ "$fence_tries" -gt "$FENCE_WAIT" ]; then
      return 77
    else
      /bin/sleep 1
    fi
  done
  { printf '%s\\n' "$$" > "$DIR/fence.d/pid"; } 2> /dev/null || :
  /bin/sh "$DIR/guard.sh" in-fence "$@"
  fence_code=$?
  /bin/rm -rf "$DIR/fence.d"
  return "$fence_code"
}

# Starts "guard.sh job NAME" so that it outlives the connection, and this script.
launch() {
  put "$1.began" "$BOOT $NOW" || :
  /bin/rm -f "$DIR/$1.ended" "$DIR/$1.rc" "$DIR/$1.out"
  if [ -d /run/systemd/system ] && [ -x "$SYSTEMD_RUN" ]; then
    "$SYSTEMD_RUN" --unit="$UNIT-$1" /bin/sh "$DIR/guard.sh" job "$1" > /dev/null 2>&1 && return 0
    /bin/rm -f "$DIR/$1.began"
    return 1
  fi
  if [ -x "$SETSID" ]; then
    "$SETSID" "$NOHUP" /bin/sh "$DIR/guard.sh" job "$1" < /dev/null > /dev/null 2>&1 &
  else
    "$NOHUP" /bin/sh "$DIR/guard.sh" job "$1" < /dev/null > /dev/null 2>&1 &
  fi
}

# Began in this boot, has not ended, and is not older than any such job can be.
under_way() {
  [ ! -e "$DIR/$1.rc" ] || return 1
  if [ -d /run/systemd/system ]; then
    "$SYSTEMCTL" is-active "$UNIT-$1.service" > /dev/null 2>&1 || return 1
    # Where its beginning could not be written down, on a full disk, systemd alone tells.
    [ -e "$DIR/$1.began" ] || return 0
  fi
  age_of "$1.began" && [ "$AGE" -lt "$JOB_MOST" ]
}
`;
