#!/bin/sh
# Frames through the NDIS edges alone, and dpdk-testpmd forwarding between two net_null ports, in one
# run. usage: bench/edges.sh <build directory>
set -eu
build=${1:?usage: bench/edges.sh <build directory>}
seconds=4
runs=3

"$build"/bench/bench_frames

if ! command -v dpdk-testpmd >/dev/null; then
    echo "dpdk-testpmd: not installed, skipped (Debian package dpdk)"
    exit 0
fi

# Nanoseconds a frame of one run at a burst size, from the last rates of its two ports.
testpmd() {
    timeout -s INT $seconds dpdk-testpmd --no-huge -m 256 --no-pci --log-level=3 -l 0,1 \
        --vdev net_null0,size=60 --vdev net_null1,size=60 -- --forward-mode=io --auto-start \
        --burst="$1" --total-num-mbufs=4096 --no-mlockall --stats-period 1 2>/dev/null </dev/null |
        awk '/Rx-pps/ {before = last; last = $2}
             END {if (before + last > 0) printf "%.2f\n", 1e9 / (before + last)}'
}

echo "dpdk-testpmd, net_null to net_null, one core (median of $runs)"
for burst in 1 8 32 256; do
    ns=$(for run in $(seq $runs); do testpmd $burst; done | sort -n | sed -n "$(((runs + 1) / 2))p")
    printf '  burst %3s: %6s ns a frame\n' "$burst" "${ns:-failed}"
done
