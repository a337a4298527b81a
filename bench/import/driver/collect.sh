#!/bin/sh
# Traces the migration driver of HiSilicon accelerators on this host while a VM moves, for
#
#     stopcopy verify driver-trace/*.txt
#     stopcopy calibrate driver-trace/*.txt
#
# Printed by `stopcopy import --collect driver`. Run it as root, on the source and on the destination:
#
#     sudo sh collect.sh [SECONDS] [FOLDER]
#
# It needs tracefs. Accesses of registers need a kernel with CONFIG_TRACE_MMIO_ACCESS (arm64); without it only the times of
# functions are traced. QEMU marks its changes of state where it was built with the trace backend ftrace and runs with
# -trace 'vfio_*'. Start the move when the script says so. It changes settings of the tracer, and sets them back.
set -eu

seconds=${1:-60}
folder=${2:-driver-trace}
tracing=/sys/kernel/tracing
[ -d "$tracing/events" ] || tracing=/sys/kernel/debug/tracing
case $seconds in *[!0-9]* | '') echo "collect: SECONDS is '$seconds', allowed is a whole number" >&2; exit 2 ;; esac
[ "$(id -u)" = 0 ] || { echo "collect: run it as root" >&2; exit 1; }
[ -d "$tracing/events" ] || { echo "collect: there is no tracefs: mount -t tracefs nodev /sys/kernel/tracing" >&2; exit 1; }
mkdir -p "$folder"

maps() {
  grep -E 'hisi_qm|hisi_acc|qm_pci_init' /proc/vmallocinfo 2>/dev/null || true
}

old_clock=$(sed 's/.*\[\([^]]*\)\].*/\1/' "$tracing/trace_clock")
old_size=$(sed 's/ .*//' "$tracing/buffer_size_kb")
finish() {
  echo 0 >"$tracing/tracing_on"
  echo nop >"$tracing/current_tracer"
  echo >"$tracing/set_ftrace_filter"
  [ ! -d "$tracing/events/rwmmio" ] || echo 0 >"$tracing/events/rwmmio/enable"
  echo "$old_clock" >"$tracing/trace_clock"
  echo "$old_size" >"$tracing/buffer_size_kb"
  echo >"$tracing/trace"
  echo 1 >"$tracing/tracing_on"
}
trap finish EXIT
trap 'exit 130' INT TERM

echo 0 >"$tracing/tracing_on"
echo >"$tracing/trace"
# One clock for all CPUs; QEMU's log has it too, but for one offset.
echo mono >"$tracing/trace_clock"
echo 32768 >"$tracing/buffer_size_kb"
if [ -d "$tracing/events/rwmmio" ]; then
  echo 1 >"$tracing/events/rwmmio/enable"
  name=rwmmio
else
  echo "collect: this kernel has no events of register accesses (CONFIG_TRACE_MMIO_ACCESS): functions are timed" >&2
  echo ':mod:hisi_acc_vfio_pci' >"$tracing/set_ftrace_filter"
  for each in hisi_qm_mb hisi_qm_mb_read hisi_qm_wait_mb_ready; do
    echo "$each" >>"$tracing/set_ftrace_filter" 2>/dev/null || true
  done
  echo function_graph >"$tracing/current_tracer"
  for each in funcgraph-abstime funcgraph-proc funcgraph-tail; do
    echo 1 >"$tracing/options/$each" 2>/dev/null || true
  done
  name=function-graph
fi
echo 1 >"$tracing/tracing_on"
echo "collect: start the move now; tracing for $seconds s" >&2
# The map of a VF is there only while it is open, which it need not be at the begin or at the end.
left=$seconds
maps >"$folder/maps"
while [ "$left" -gt 0 ]; do
  sleep 1
  left=$((left - 1))
  maps >>"$folder/maps"
done
echo 0 >"$tracing/tracing_on"
cat "$tracing/trace" >"$folder/$name.txt"
[ "$name" = function-graph ] || sort -u "$folder/maps" >"$folder/vmallocinfo.txt"
rm -f "$folder/maps"
echo "collect: written to $folder" >&2
