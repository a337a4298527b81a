#!/bin/sh
# Prints what stopcopy needs to know of this host's PCI functions and IOMMU groups, as text (stopcopy-sysfs/1).
# Reads /sys, /proc and /boot, changes nothing, and reads no serial number, VPD, MAC address or host name.
# Usage: sudo sh collect.sh [-s SYSROOT] [-p PROCROOT] [-x] > machine.txt      -x leaves configuration space out.
# Without root only the first 64 bytes of each configuration space can be read, which have no capabilities.
LC_ALL=C
export LC_ALL
sys=/sys
proc=/proc
with_config=yes
usage() {
  echo "usage: $0 [-s SYSROOT] [-p PROCROOT] [-x]" >&2
  exit 2
}
while [ $# -gt 0 ]; do
  case $1 in
    -s) [ $# -gt 1 ] || usage; sys=$2; shift ;;
    -p) [ $# -gt 1 ] || usage; proc=$2; shift ;;
    -x) with_config=no ;;
    *) usage ;;
  esac
  shift
done
if [ ! -d "$sys/bus/pci/devices" ]; then
  echo "$0: there is no folder $sys/bus/pci/devices" >&2
  exit 1
fi

# The first line of a file into $line; fails when it has none.
first_line() {
  line=
  [ -r "$1" ] || return 1
  IFS= read -r line 2>/dev/null < "$1" || [ -n "$line" ]
}

# The last part of a link's target into $line.
target() {
  [ -L "$1" ] || return 1
  line=$(readlink "$1") || return 1
  line=${line##*/}
}

head_lines() {
  echo "format stopcopy-sysfs/1"
  echo "date $(date -u +%Y-%m-%dT%H:%M:%SZ)"
  echo "kernel $(uname -r) $(uname -m)"
  echo "pagesize $(getconf PAGESIZE 2>/dev/null || echo unknown)"
  if [ "$(id -u)" = 0 ]; then echo "root yes"; else echo "root no"; fi
  if first_line "$proc/cmdline"; then
    for word in $line; do
      case $word in
        iommu=*|iommu.*|intel_iommu=*|amd_iommu=*|amd_iommu.*|arm-smmu*|pci=*|pcie_*|vfio*|iommufd*) echo "cmdline $word" ;;
        default_hugepagesz=*|hugepagesz=*|hugepages=*) echo "cmdline $word" ;;
      esac
    done
  fi
  # Of a copied tree the kernel of this host says nothing.
  [ "$sys" = /sys ] || return 0
  kernel_options
  for path in /dev/iommu /dev/vfio/vfio; do
    [ ! -e "$path" ] || echo "node $path"
  done
}

kernel_options() {
  names='IOMMUFD|VFIO[A-Z0-9_]*|HISI_ACC_VFIO_PCI|MLX5_VFIO_PCI|QAT_VFIO_PCI|VIRTIO_VFIO_PCI|PDS_VFIO_PCI|XE_VFIO_PCI'
  names="$names|ARM_SMMU_V3[A-Z0-9_]*|INTEL_IOMMU|AMD_IOMMU|PCI_P2PDMA|TRACE_MMIO_ACCESS|FUNCTION_GRAPH_TRACER"
  if [ -r "/boot/config-$(uname -r)" ]; then
    cat "/boot/config-$(uname -r)"
  elif [ -r "$proc/config.gz" ]; then
    zcat "$proc/config.gz" 2>/dev/null
  fi | sed -n -E "s/^# (CONFIG_($names)) is not set\$/config \\1=n/p; s/^(CONFIG_($names)=[ymn])\$/config \\1/p"
}

device_lines() {
  for folder in "$sys"/bus/pci/devices/*; do
    [ -e "$folder" ] || continue
    at=${folder##*/}
    path=$(readlink "$folder" 2>/dev/null) || path=
    echo "dev $at ${path#*devices/}"
    for name in vendor device class revision subsystem_vendor subsystem_device numa_node irq enable ari_enabled \
      secondary_bus_number subordinate_bus_number sriov_totalvfs sriov_numvfs sriov_offset sriov_stride sriov_vf_device \
      sriov_drivers_autoprobe current_link_speed current_link_width reset_method driver_override; do
      if first_line "$folder/$name" && [ "$line" != "(null)" ]; then echo "f $at $name $line"; fi
    done
    for name in driver iommu_group iommu physfn; do
      if target "$folder/$name"; then echo "l $at $name $line"; fi
    done
    for link in "$folder"/virtfn*; do
      if target "$link"; then echo "l $at ${link##*/} $line"; fi
    done
    for entry in "$folder"/vfio-dev/*; do
      [ ! -e "$entry" ] || echo "l $at vfio-dev ${entry##*/}"
    done
    if [ -r "$folder/resource" ]; then
      index=0
      while read -r start end flags; do
        [ "$end" = 0x0000000000000000 ] || echo "r $at $index $start $end $flags"
        index=$((index + 1))
      done < "$folder/resource"
    fi
    if [ $with_config = yes ] && [ -r "$folder/config" ]; then config_lines "$folder/config" "$at"; fi
  done
}

# The pieces of configuration space that matter: header, Express, and some extended capabilities.
config_lines() {
  od -An -v -tx1 "$1" 2>/dev/null | awk -v at="$2" '
    function value(text,   i, sum) {
      sum = 0
      for (i = 1; i <= length(text); i++) sum = sum * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
      return sum
    }
    function byte(o) { return value(bytes[o]) }
    function word(o) { return byte(o) + 256 * byte(o + 1) }
    function piece(o, count,   i, text) {
      if (o + count > size) count = size - o
      text = ""
      for (i = 0; i < count; i++) text = text bytes[o + i]
      if (count > 0) printf "x %s %x %s\n", at, o, text
    }
    { for (i = 1; i <= NF; i++) bytes[size++] = $i }
    END {
      piece(0, 64)
      printf "n %s config-bytes %d\n", at, size
      if (size < 256) exit
      o = byte(52) - byte(52) % 4
      for (n = 0; o >= 64 && o < 256 && n < 48; n++) {
        if (byte(o) == 16) piece(o, 60)
        o = byte(o + 1) - byte(o + 1) % 4
      }
      o = 256
      for (n = 0; o >= 256 && o < size && n < 960; n++) {
        id = word(o)
        if (id == 65535 || id + word(o + 2) == 0) break
        printf "e %s %x %x\n", at, o, id
        if (id == 13) piece(o, 12)
        else if (id == 16) piece(o, 64)
        else if (id == 14 || id == 15 || id == 27) piece(o, 8)
        else if (id == 19) piece(o, 16)
        o = int(word(o + 2) / 16)
        o = o - o % 4
      }
    }'
}

group_lines() {
  for folder in "$sys"/kernel/iommu_groups/*; do
    [ -d "$folder" ] || continue
    number=${folder##*/}
    if first_line "$folder/type"; then echo "g $number type $line"; fi
    if first_line "$folder/name"; then echo "g $number name $line"; fi
    if [ -r "$folder/reserved_regions" ]; then
      while read -r start end kind; do echo "g $number resv $start $end $kind"; done < "$folder/reserved_regions"
    fi
    for member in "$folder"/devices/*; do
      [ ! -e "$member" ] || echo "m $number ${member##*/}"
    done
  done
  for instance in "$sys"/class/iommu/*; do
    [ ! -e "$instance" ] || echo "i ${instance##*/}"
  done
  for file in "$sys"/kernel/debug/vfio/*/migration/features; do
    [ -r "$file" ] || continue
    device=${file%/migration/features}
    while IFS= read -r line; do echo "d ${device##*/} $line"; done < "$file"
  done
}

{
  head_lines
  device_lines
  group_lines
} | awk '{ print } END { print "end " NR }'
