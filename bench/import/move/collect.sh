#!/bin/sh
# What stopcopy explain, run and import take of a move under libvirt: answers of QMP, one a line. Reads, and changes nothing.
#
#   sh collect.sh DOMAIN > move.jsonl     on the source, as root; start it, then the move
#
# It ends when the move does. The VM is gone from the source then, where libvirt keeps its last figures:
#   virsh domjobinfo DOMAIN --completed --keep-completed --rawstats > job.txt
# Parts of the pause are in the traces of both sides, of a QEMU that is started with
#   -msg timestamp=on -D FILE -trace 'vfio_*' -trace 'vmstate_downtime*' -trace 'migrat*'
# Link, and what the guest writes before the move:
#   ethtool DEVICE;  virsh domdirtyrate-calc DOMAIN --seconds 5;  virsh domstats DOMAIN --dirtyrate
if [ $# -ne 1 ]; then
  echo 'collect.sh: one domain is needed: sh collect.sh DOMAIN > move.jsonl' >&2
  exit 2
fi
ask() {
  virsh qemu-monitor-command "$DOMAIN" "{\"execute\":\"$1\"}"
}
DOMAIN=$1
for command in query-version query-cpus-fast query-migrate-parameters query-migrate-capabilities; do
  ask "$command" || exit 1
done
begun=no
while answer=$(ask query-migrate 2>/dev/null); do
  case $answer in
    *'"status":"active"'* | *'"status":"setup"'* | *'"status":"device"'*)
      begun=yes
      printf '%s\n' "$answer"
      ;;
    *'"status":"completed"'* | *'"status":"failed"'* | *'"status":"cancelled"'*)
      # What was there before belongs to an earlier move.
      if [ "$begun" = yes ]; then
        printf '%s\n' "$answer"
        exit 0
      fi
      ;;
  esac
  sleep "${INTERVAL:-0.5}"
done
if [ "$begun" = no ]; then
  echo "collect.sh: $DOMAIN answered no query-migrate" >&2
  exit 1
fi
