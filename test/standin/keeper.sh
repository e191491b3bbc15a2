#!/bin/sh
# Holds everything of one stand-in: network namespaces, mounts, control groups, the container. Started in a network namespace (that of the
# storage network, which everything is connected to) and a mount namespace of its own by `unshare -n -m`; what it mounts ends with it.
# Reads commands from stdin, one a line; the end of stdin, or a signal, ends it all, so that nothing outlives the test that started it.
# usage: keeper.sh FOLDER ROOTFS NAME
set -eu
folder=$1 rootfs=$2 name=$3
nspawn= init= appliance= client=

# A control group of our own in every hierarchy in which nspawn makes some.
groups() { awk -F: '$2 == "name=systemd" || $1 == "0" { print ($1 == "0" ? "cgroup2" : "systemd") " " $3 }' /proc/self/cgroup; }
mounted() { awk -v kind="$1" '(kind == "cgroup2" && $3 == "cgroup2") || (kind == "systemd" && $3 == "cgroup" && $4 ~ /name=systemd/) { print $2; exit }' /proc/mounts; }
ours=
groups | while read -r kind path; do
  at=$(mounted "$kind")
  [ -n "$at" ] || continue
  mkdir -p "$at${path%/}/$name"
  echo "$at${path%/}"
done >"$folder/groups"
while read -r parent; do
  echo $$ >"$parent/$name/cgroup.procs"
  ours="$ours $parent/$name"
done <"$folder/groups"

mount -t tmpfs -o mode=755 tmpfs "$folder/layers"
mkdir "$folder/layers/upper" "$folder/layers/work" "$folder/layers/root"
mount -t overlay overlay -o "lowerdir=$rootfs,upperdir=$folder/layers/upper,workdir=$folder/layers/work" "$folder/layers/root"
root=$folder/layers/root
# nspawn keeps locks and folders under /run: none of them on the machine.
mkdir -p /run/systemd
mount -t tmpfs tmpfs /run/systemd

ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
[ ! -e /proc/sys/net/ipv6/conf/all/forwarding ] || echo 1 >/proc/sys/net/ipv6/conf/all/forwarding

hold() { # a network namespace, as the process that holds it; our stdin is not for it
  unshare -n sleep infinity </dev/null >/dev/null 2>&1 &
  held=$!
  # Told apart from our own namespace only once unshare has run.
  while [ "$(readlink /proc/$held/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do sleep 0.01; done
}

hold
client=$held
ip link add client type veth peer name eth0 netns $client
ip addr add 192.168.9.254/24 dev client
ip -6 addr add fd00:9::fe/64 dev client nodad
ip link set client up
nsenter --net=/proc/$client/ns/net sh -ec '
  ip link set lo up
  ip addr add 192.168.9.1/24 dev eth0
  ip -6 addr add fd00:9::1/64 dev eth0 nodad
  ip link set eth0 up
  ip route add default via 192.168.9.254
  ip -6 route add default via fd00:9::fe'

# The kernel state of the appliance is new with every boot: its routes are, too.
boot() {
  if [ -d "$folder/files" ]; then
    cp -a "$folder/files/." "$root/"
    chroot "$root" chpasswd <"$folder/root-password"
    rm -rf "$folder/files" "$folder/root-password"
  fi
  hold
  appliance=$held
  ip link add appliance type veth peer name eth0 netns $appliance
  ip addr add 10.0.255.254/16 dev appliance
  ip -6 addr add fd00:ffff::fe/64 dev appliance nodad
  ip link set appliance up
  systemd-nspawn -q -b -D "$root" --bind="$folder/shared:/srv/standin" --bind="$folder/log:/storage/log" \
    --network-namespace-path=/proc/$appliance/ns/net --register=no --keep-unit --capability=CAP_NET_ADMIN \
    -M "$name" --hostname=photon-machine --console=pipe </dev/null >>"$folder/console" 2>&1 &
  nspawn=$!
  init=
  while [ -z "$init" ] && kill -0 $nspawn 2>/dev/null; do
    for child in $(cat /proc/$nspawn/task/*/children 2>/dev/null); do
      case $(grep ^NSpid: "/proc/$child/status" 2>/dev/null) in *[!0-9]1) init=$child ;; esac
    done
    [ -n "$init" ] || sleep 0.02
  done
}

# Ends what is left of the container, at once, and what the kernel knew for it.
down() {
  [ -z "$init" ] || kill -KILL $init 2>/dev/null || :
  [ -z "$nspawn" ] || { kill -KILL $nspawn 2>/dev/null || :; wait $nspawn 2>/dev/null || :; }
  [ -z "$appliance" ] || { kill -KILL $appliance 2>/dev/null || :; wait $appliance 2>/dev/null || :; }
  nspawn= init= appliance=
  ip link del appliance 2>/dev/null || :
  rm -f "$folder/shared/sps" "$folder/shared/view"
  for group in $ours; do
    tries=0
    while [ -d "$group/payload" ] && [ $tries -lt 200 ]; do
      find "$group" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.02
      tries=$((tries + 1))
    done
  done
}

# What still runs in a network of ours, the operator's machine included.
rest() {
  for at in /proc/[0-9]*; do
    [ "$at" != /proc/$$ ] || continue
    case $(readlink "$at/ns/net" 2>/dev/null) in
      "$1" | "$2") kill -KILL "${at#/proc/}" 2>/dev/null ;;
    esac
  done
}

end() {
  trap '' INT TERM HUP
  set +e
  down
  rest "$(readlink /proc/$$/ns/net)" "$(readlink "/proc/${client:-$$}/ns/net")"
  [ -z "$client" ] || kill -KILL $client 2>/dev/null
  while read -r parent; do
    echo $$ >"$parent/cgroup.procs"
    find "$parent/$name" -depth -type d -exec rmdir {} + 2>/dev/null
  done <"$folder/groups"
  cd /
  umount -l "$folder/layers/root" "$folder/layers" 2>/dev/null
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' INT TERM HUP

echo "ready $client"
while read -r command; do
  case $command in
    boot) boot; echo "booted ${init:-nothing}" ;;
    reset) down; echo down ;;
    shutdown) # SIGRTMIN+4, as by its power button
      kill -38 "$init" 2>/dev/null || :
      tries=0
      while kill -0 "$nspawn" 2>/dev/null && [ $tries -lt 500 ]; do sleep 0.02; tries=$((tries + 1)); done
      down; echo down ;;
    cut) ip link set client down; echo cut ;;
    mend) ip link set client up; echo mended ;;
    end) break ;;
  esac
done
