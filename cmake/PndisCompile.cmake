# Options that everything of this project is compiled with.

set(PNDIS_WARNINGS -Wall -Wextra)
if(PNDIS_WERROR)
    list(APPEND PNDIS_WARNINGS -Werror)
endif()

if(PNDIS_SANITIZE)
    add_compile_options(-fsanitize=${PNDIS_SANITIZE} -fno-omit-frame-pointer -g)
    add_link_options(-fsanitize=${PNDIS_SANITIZE})
    if(PNDIS_SANITIZE MATCHES "undefined")
        add_compile_options(-fno-sanitize-recover=undefined)
    endif()
    # gcc warns that ThreadSanitizer does not know fences; what depends on one is atomic besides.
    if(PNDIS_SANITIZE MATCHES "thread" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
        add_compile_options(-Wno-tsan)
    endif()
    # Modules find the sanitizer's functions in the program.
    set(PNDIS_MODULES_MAY_HAVE_UNDEFINED ON)
endif()

# pndis_compile(<target>): the dialect that include/wdk asks for, in the library and its tests.
function(pndis_compile target)
    target_compile_features(${target} PUBLIC c_std_11)
    target_compile_options(${target} PRIVATE
        -fshort-wchar -fms-extensions -mms-bitfields -fno-strict-aliasing -fwrapv
        -Wno-multichar ${PNDIS_WARNINGS})
    if(CMAKE_C_COMPILER_ID MATCHES "Clang")
        # Without the table of address ranges libdw finds no source lines.
        target_compile_options(${target} PRIVATE -Wno-microsoft -gdwarf-aranges)
    endif()
endfunction()
