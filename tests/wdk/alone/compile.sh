#!/bin/sh
# Every header of include/wdk compiles by itself, in C11 and in C++17, with all warnings as errors, under
# every compiler that is found; so does a C++ driver.
#
#   compile.sh <include/wdk> <C compiler>...

wdk=$1
shift
here=$(dirname "$0")
dialect="-fshort-wchar -fms-extensions -mms-bitfields -Wno-multichar -Wall -Wextra -Werror -fsyntax-only"
level="-DNDIS_MINIPORT_DRIVER=1 -DNDIS689_MINIPORT=1 -DNDIS689=1"
failed=0
count=0

# check <what> <command>...
check() {
    what=$1
    shift
    count=$((count + 1))
    if ! said=$("$@" 2>&1); then
        echo "$what: $*"
        echo "$said" | head -5
        failed=$((failed + 1))
    fi
}

# options <compiler>: what that compiler is further told.
options() {
    case $1 in
    *clang*) echo "-Wno-microsoft -Wno-ignored-attributes -Wno-pragma-pack" ;;
    esac
}

for compiler in "$@"; do
    command -v "$compiler" >/dev/null || continue
    further=$(options "$compiler")
    for header in "$wdk"/*.h "$wdk"/*/*.h; do
        name=${header#"$wdk"/}
        case $name in
        compiler/long.h | prelude/*) continue ;; # read in front of a whole source
        esac
        unit="#include <$name>"
        case $name in
        poppack.h) continue ;; # the other half of pshpackN.h
        pshpack*) unit="$unit\n#include <poppack.h>" ;;
        esac
        # shellcheck disable=SC2086
        check "$name in C11" sh -c "printf '$unit\\n' | $compiler -std=c11 $dialect $further $level -I$wdk -xc -"
        case $name in
        */*) continue ;; # a topic; drivers name the headers above
        esac
        check "$name in C++17" sh -c \
            "printf '$unit\\n' | $compiler -std=c++17 $dialect $further $level -I$wdk -xc++ -"
    done
    # What NDIS 5 miniports get, with and without what Windows Vista brought.
    for old in NDIS50_MINIPORT=1 NDIS51_MINIPORT=1 "NDIS51_MINIPORT=1 -D_WIN32_WINNT=0x0501 -DNTDDI_VERSION=0x05010000"; do
        for language in "c11 -xc" "c++17 -xc++"; do
            check "ndis.h and efilter.h for $old in $language" sh -c \
                "printf '#include <ndis.h>\n#include <efilter.h>\n' | \
                $compiler -std=$language $dialect $further -DNDIS_MINIPORT_DRIVER=1 -D$old -I$wdk -"
        done
    done
    # shellcheck disable=SC2086
    check "a C++ driver" $compiler -std=c++17 $dialect $further -Wno-unknown-pragmas -DNDIS_MINIPORT_DRIVER=1 \
        -DNDIS630_MINIPORT=1 -I"$wdk" -include prelude/llp64.h "$here/driver.cpp"
done

echo "$count compilations, $failed failed"
[ "$failed" -eq 0 ] && [ "$count" -gt 100 ]
