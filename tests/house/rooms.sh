#!/bin/sh
# Arrows between rooms point down only. usage: rooms.sh <top of the source tree>
set -eu
cd "$1"
fault=0

# room: the rooms it may include from.
allowed() {
    case $1 in
    os) echo os ;;
    probe) echo probe os ;;
    sched) echo sched os probe ;;
    nt) echo nt sched os probe ;;
    ndis) echo ndis nt sched os probe ;;
    ndis5) echo ndis5 ndis nt sched os probe ;;
    hw) echo hw nt sched os probe ;;
    verifier | trace) echo "$1" probe os ;;
    *) echo "" ;;
    esac
}

complain() {
    echo "$1" >&2
    fault=1
}

for directory in lib/*/; do
    room=$(basename "$directory")
    rooms=$(allowed "$room")
    [ -n "$rooms" ] || complain "lib/$room: a room that this check does not know"
    for included in $(grep -rhoE '^#include "[a-z0-9]+/' "$directory" --include='*.[ch]' |
        sed 's/.*"//; s,/,,' | sort -u); do
        case " $rooms " in
        *" $included "*) ;;
        *) complain "lib/$room includes from $included: $(grep -rlE "^#include \"$included/" "$directory" | head -1)" ;;
        esac
    done
done

# System calls are made in os only.
for header in sys/socket.h sys/ioctl.h sys/epoll.h net/if.h linux/if_tun.h pthread.h; do
    for file in $(grep -rlE "^#include <$header>" lib --include='*.[ch]' | grep -v '^lib/os/' || true); do
        complain "$file includes <$header>: only lib/os makes system calls"
    done
done

# Drivers see Windows headers only; a host's headers never do.
for file in $(grep -rlE '^#include [<"]pndis/' drivers 2>/dev/null || true); do
    complain "$file: a driver includes a pndis/ header"
done
for file in $(grep -rlE '^#include <(ndis|ntddk|wdm|ntddndis)\.h>' include/pndis || true); do
    complain "$file: a host header includes a driver's header"
done

# One job a file.
for file in $(git ls-files '*.[ch]' 2>/dev/null || find lib include drivers tests -name '*.[ch]'); do
    lines=$(wc -l <"$file")
    [ "$lines" -le 800 ] || complain "$file has $lines lines"
done
exit $fault
