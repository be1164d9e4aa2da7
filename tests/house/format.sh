#!/bin/sh
# Every C file is as clang-format leaves it. usage: format.sh <top of the source tree>
set -eu
cd "$1"
command -v clang-format >/dev/null || { echo "clang-format is missing: skipped"; exit 77; }
faults=$(for directory in lib include/pndis drivers tests bench examples fuzz; do
    if [ -d "$directory" ]; then
        find "$directory" -name '*.[ch]'
    fi
done | grep -v '^examples/your_' | xargs clang-format --dry-run -Werror 2>&1 | grep error: || true)
[ -z "$faults" ] || { echo "$faults" | head -20; exit 1; }
