#!/bin/sh
# What pndis_add_driver() cannot build it refuses at configure time, with words that help.
# usage: refused.sh <directory of PndisAddDriver.cmake> <cmake>
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/there.c"

# arguments of pndis_add_driver(), words of the message
refused() {
    printf 'cmake_minimum_required(VERSION 3.22)\nproject(p LANGUAGES NONE)\ninclude(%s/PndisAddDriver.cmake)\n%s\n' \
        "$cmake_directory" "pndis_add_driver($1)" >"$work/CMakeLists.txt"
    if "$cmake" -S "$work" -B "$work/build" >"$work/out" 2>&1; then
        echo "not refused: $1" >&2
        exit 1
    fi
    tr -s ' \n' ' ' <"$work/out" | grep -qF -- "$2" || { echo "refused without '$2': $1" >&2; cat "$work/out" >&2; exit 1; }
}

cmake_directory=$1
cmake=$2
refused 'mine SOURCES there.c NDIS 6.3' 'pndis_add_driver(mine): 6.3 is no NDIS version; there are 5.0, 5.1, 6.0, 6.1, 6.20, 6.30'
refused 'mine SOURCES there.c NDIS 6.31' '6.31 is no NDIS version'
refused 'mine SOURCES there.c KIND DRIVER' 'pndis_add_driver(mine): DRIVER is no kind of driver'
refused 'mine SOURCES missing.c' "pndis_add_driver(mine): there is no source file $work/missing.c"
refused 'mine SOURCES there.c INF missing.inf' "pndis_add_driver(mine): there is no INF file $work/missing.inf"
refused 'mine' 'there are no SOURCES'
