# pndis_add_driver(<name>
#     SOURCES <file>...        C or C++ source of a Windows driver, as it is.
#     [NDIS <version>]         5.0, 5.1, 6.0, 6.1, 6.20, 6.30, 6.40, 6.50, 6.51, 6.60, 6.70 or 6.80 to
#                              6.89; default 6.30.
#     [KIND <kind>]            MINIPORT (default), PROTOCOL, FILTER, INTERMEDIATE or NONE: which of the
#                              macros of a WDK build carry the version. NONE sets none of them.
#     [OBJECT]                 Make an object library instead of a loadable module. Its DriverEntry is
#                              <name>_DriverEntry; all its other names are its own.
#     [CHECKED]                Define DBG, as a debug build of a driver does.
#     [INF <file>]             Its INF file: copied beside the module as <name>.inf, where
#                              pndis_driver_load() finds it; also target property PNDIS_INF.
#     [DEFINES <macro[=value]>...]
#     [INCLUDES <directory>...]
#     [OPTIONS <option>...]    Further compiler options.
#     [TRACE <function>...]    Functions that the trace preprocessor would generate; they do nothing.
#     [LOOSE <function>...])   Functions that a header declares with other pointer types than their
#                              definition has, which the Windows compiler lets pass.
#
# The target's file is <name>.so, what pndis_driver_load() takes. It has debug information (-g), for the
# source lines in reports, unless the flags say something of it already. The compiler gets the dialect
# that driver source is written in: 32-bit long, 16-bit WCHAR, Microsoft's extensions and bit fields.
# Includes that are spelled in another case, or with backslashes, are found; the files that the trace
# preprocessor would generate (*.tmh) are there and empty. Where a string stands beside __FUNCTION__, which
# for the Windows compiler is a string literal too, that is the file's name.

# Where <ndis.h> is: beside this file's project, or where it was installed.
function(_pndis_wdk_directory out)
    foreach(candidate ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../include/wdk ${PNDIS_WDK_DIRECTORY})
        if(EXISTS ${candidate}/ndis.h)
            get_filename_component(candidate ${candidate} ABSOLUTE)
            set(${out} ${candidate} PARENT_SCOPE)
            return()
        endif()
    endforeach()
    message(FATAL_ERROR "pndis_add_driver: the headers of pndis are not where they were installed")
endfunction()

# Header files below <directory>, as lower-case spelling=path.
function(_pndis_list_headers out directory)
    file(GLOB_RECURSE files RELATIVE ${directory} ${directory}/*.h ${directory}/*.H ${directory}/*.hpp
         ${directory}/*.inl ${directory}/*.ver)
    set(pairs)
    foreach(file ${files})
        string(TOLOWER ${file} lower)
        list(APPEND pairs "${lower}=${directory}/${file}")
    endforeach()
    set(${out} ${pairs} PARENT_SCOPE)
endfunction()

# Write a header under the name that a driver spells, unless a header of just that name is found.
function(_pndis_forward shims spelled searched)
    if(spelled MATCHES "\\.tmh$")
        file(CONFIGURE OUTPUT ${shims}/${spelled} CONTENT "#include <pndis-trace.h>\n")
        return()
    endif()
    foreach(directory ${searched})
        if(EXISTS "${directory}/${spelled}" AND NOT spelled MATCHES "\\\\")
            return()
        endif()
    endforeach()
    string(REPLACE "\\" "/" wanted "${spelled}")
    string(TOLOWER "${wanted}" wanted)
    # "..\..\x.h": what matters is the name's end.
    string(REGEX REPLACE "^(\\.\\.?/)+" "" wanted "${wanted}")
    foreach(pair ${ARGN})
        if(pair MATCHES "^([^=]*)=(.*)$")
            set(found "${CMAKE_MATCH_2}")
            if("${CMAKE_MATCH_1}" STREQUAL "${wanted}" OR "/${CMAKE_MATCH_1}" MATCHES "/${wanted}$")
                file(WRITE "${shims}/${spelled}.new" "#include \"${found}\"\n")
                file(COPY_FILE "${shims}/${spelled}.new" "${shims}/${spelled}" ONLY_IF_DIFFERENT)
                file(REMOVE "${shims}/${spelled}.new")
                return()
            endif()
        endif()
    endforeach()
endfunction()

# Macros that the driver's files need because they join __FUNCTION__ with a string literal.
function(_pndis_function_macro out sources directories)
    set(files ${sources})
    foreach(directory ${directories})
        file(GLOB headers ${directory}/*.h ${directory}/*.H ${directory}/*.hpp)
        list(APPEND files ${headers})
    endforeach()
    set(${out} PARENT_SCOPE)
    foreach(file ${files})
        file(STRINGS ${file} lines REGEX "\"[ \t]*__FUNCTION__|__FUNCTION__[ \t]*\"" LIMIT_COUNT 1)
        if(lines)
            set(${out} __FUNCTION__=__FILE__ PARENT_SCOPE)
            return()
        endif()
    endforeach()
endfunction()

# What `shims` needs so that every #include of the driver's files is found.
function(_pndis_make_shims shims wdk sources directories trace)
    set(files ${sources})
    set(known)
    foreach(directory ${directories})
        file(GLOB headers ${directory}/*.h ${directory}/*.H ${directory}/*.hpp)
        list(APPEND files ${headers})
        _pndis_list_headers(pairs ${directory})
        list(APPEND known ${pairs})
    endforeach()
    _pndis_list_headers(pairs ${wdk})
    list(APPEND known ${pairs})
    file(MAKE_DIRECTORY ${shims})
    set(bits)
    foreach(file ${files})
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
        file(STRINGS ${file} lines REGEX "^[ \t]*#[ \t]*include|WPP_DEFINE_BIT")
        foreach(line IN LISTS lines)
            string(REGEX MATCHALL "WPP_DEFINE_BIT[ \t]*\\([ \t]*[A-Za-z0-9_]+" found "${line}")
            list(TRANSFORM found REPLACE ".*[( \t]" "")
            list(APPEND bits ${found})
            if(line MATCHES "include[ \t]*[<\"]([^>\"]+)[>\"]")
                set(spelled "${CMAKE_MATCH_1}")
                get_filename_component(own ${file} DIRECTORY)
                _pndis_forward(${shims} "${spelled}" "${own};${directories};${wdk}" ${known})
            endif()
        endforeach()
    endforeach()
    # Trace levels are names that the trace preprocessor makes of the bits.
    list(REMOVE_DUPLICATES bits)
    set(text "#ifndef PNDIS_TRACE_H\n#define PNDIS_TRACE_H\n")
    string(APPEND text "#define WPP_INIT_TRACING(...) ((void)0)\n#define WPP_CLEANUP(...) ((void)0)\n")
    if(bits)
        string(REPLACE ";" ", " bits "${bits}")
        string(APPEND text "enum { WPP_BIT_NONE, ${bits} };\n")
    endif()
    foreach(name ${trace})
        string(APPEND text "#define ${name}(...) ((void)0)\n")
    endforeach()
    string(APPEND text "#endif\n")
    file(CONFIGURE OUTPUT ${shims}/pndis-trace.h CONTENT "${text}" @ONLY)
endfunction()

# Read every header of the driver's sources once with the <functions> declared without parameters: that
# is compatible with any definition of them. The headers' guards make it the only time.
function(_pndis_loosen target shims sources functions)
    set(before)
    set(includes)
    set(after)
    foreach(name ${functions})
        string(APPEND before "#define ${name}(...) ${name}()\n")
        string(APPEND after "#undef ${name}\n")
    endforeach()
    foreach(source ${sources})
        file(STRINGS ${source} lines REGEX "^[ \t]*#[ \t]*include")
        foreach(line IN LISTS lines)
            if(NOT line MATCHES "\\.tmh")
                string(REGEX MATCH "include[ \t]*[<\"][^>\"]+[>\"]" line "${line}")
                list(APPEND includes "#${line}")
            endif()
        endforeach()
    endforeach()
    list(REMOVE_DUPLICATES includes)
    string(REPLACE ";" "\n" includes "${includes}")
    file(CONFIGURE OUTPUT ${shims}/pndis-loose.h @ONLY
         CONTENT "#ifndef __cplusplus\n${before}${includes}\n${after}#endif\n")
    target_compile_options(${target} PRIVATE "SHELL:-include pndis-loose.h")
endfunction()

# The macros by which a WDK build selects an NDIS version for a kind of driver.
function(_pndis_version_macros out name version kind)
    set(versions 5.0 5.1 6.0 6.1 6.20 6.30 6.40 6.50 6.51 6.60 6.70
        6.80 6.81 6.82 6.83 6.84 6.85 6.86 6.87 6.88 6.89)
    if(NOT version IN_LIST versions)
        list(JOIN versions ", " versions)
        message(FATAL_ERROR "pndis_add_driver(${name}): ${version} is no NDIS version; there are ${versions}")
    endif()
    string(REPLACE "." "" level "${version}")
    if(kind STREQUAL "MINIPORT")
        set(${out} NDIS_MINIPORT_DRIVER=1 NDIS${level}_MINIPORT=1 PARENT_SCOPE)
    elseif(kind STREQUAL "INTERMEDIATE")
        set(${out} NDIS_MINIPORT_DRIVER=1 NDIS${level}_MINIPORT=1 NDIS${level}=1 PARENT_SCOPE)
    elseif(kind MATCHES "^(PROTOCOL|FILTER)$")
        set(${out} NDIS${level}=1 PARENT_SCOPE)
    elseif(kind STREQUAL "NONE")
        set(${out} PARENT_SCOPE)
    else()
        message(FATAL_ERROR "pndis_add_driver(${name}): ${kind} is no kind of driver; there are "
                            "MINIPORT, PROTOCOL, FILTER, INTERMEDIATE and NONE")
    endif()
endfunction()

# The dialect of driver source, for the compilers of both languages.
function(_pndis_dialect target)
    target_compile_options(${target} PRIVATE
        -fshort-wchar -fms-extensions -mms-bitfields -fno-strict-aliasing -fwrapv
        -fno-delete-null-pointer-checks
        -Wno-multichar -Wno-unknown-pragmas -Wno-int-to-pointer-cast
        $<$<COMPILE_LANGUAGE:C>:-Wno-pointer-to-int-cast>
        # UNALIGNED pointers are in order, as on Windows for x64.
        -fno-sanitize=alignment
        "SHELL:-include prelude/llp64.h")
    if(CMAKE_C_COMPILER_ID MATCHES "Clang")
        # -gdwarf-aranges: reports name source lines only where the table of address ranges is.
        target_compile_options(${target} PRIVATE -fms-compatibility -Wno-microsoft -Wno-ignored-attributes -gdwarf-aranges
            -Wno-invalid-token-paste
            $<$<COMPILE_LANGUAGE:CXX>:-fms-compatibility-version=19.20>
            $<$<COMPILE_LANGUAGE:CXX>:-fdelayed-template-parsing>)
    endif()
    target_compile_options(${target} PRIVATE
        # Every file gets its own copy of a plain `inline` function; the linker keeps one.
        $<$<COMPILE_LANGUAGE:C>:-fgnu89-inline>
        $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics>)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_STANDARD 17 C_STANDARD 11)
endfunction()

# Without it reports name functions, but no source lines.
function(_pndis_debug_information target options)
    string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
    set(flags " ${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS} ${CMAKE_C_FLAGS_${type}} ${options} ")
    if(NOT flags MATCHES "[ ;]-g([0-3]|gdb[0-3]?|dwarf-?[0-9]?)?[ ;]")
        target_compile_options(${target} PRIVATE -g)
    endif()
endfunction()

function(_pndis_keep_inf name inf is_object)
    set_target_properties(${name} PROPERTIES PNDIS_INF ${inf})
    if(NOT is_object)
        set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS ${inf})
        add_custom_command(TARGET ${name} POST_BUILD VERBATIM
            COMMAND ${CMAKE_COMMAND} -E copy_if_different ${inf} $<TARGET_FILE_DIR:${name}>/${name}.inf)
    endif()
endfunction()

function(_pndis_link_module target options)
    set(map ${CMAKE_CURRENT_BINARY_DIR}/${target}.pndis/exports.map)
    file(WRITE ${map} "{ global: DriverEntry; local: *; };\n")
    set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".so")
    target_link_libraries(${target} PRIVATE pndis::pndis)
    target_link_options(${target} PRIVATE LINKER:--version-script=${map} LINKER:-Bsymbolic
                        LINKER:--allow-multiple-definition)
    get_directory_property(flags COMPILE_OPTIONS)
    list(APPEND flags ${options} ${CMAKE_C_FLAGS})
    if(NOT PNDIS_MODULES_MAY_HAVE_UNDEFINED AND NOT "${flags}" MATCHES "-fsanitize")
        # A function that pndis does not have is an error here already. A sanitizer's are in the program.
        target_link_options(${target} PRIVATE LINKER:-z,defs)
    endif()
endfunction()

# One relocatable object whose only name is <name>_DriverEntry.
function(_pndis_join_objects name objects)
    set(joined ${CMAKE_CURRENT_BINARY_DIR}/${name}.pndis/${name}.o)
    add_custom_command(OUTPUT ${joined}
        COMMAND ${CMAKE_LINKER} -r --allow-multiple-definition -o ${joined}.all $<TARGET_OBJECTS:${objects}>
        # Two steps: GNU's and LLVM's objcopy disagree on which of the two names is kept.
        COMMAND ${CMAKE_OBJCOPY} --redefine-sym DriverEntry=${name}_DriverEntry ${joined}.all
        COMMAND ${CMAKE_OBJCOPY} --keep-global-symbol=${name}_DriverEntry ${joined}.all ${joined}
        DEPENDS ${objects} $<TARGET_OBJECTS:${objects}>
        COMMAND_EXPAND_LISTS VERBATIM)
    add_custom_target(${name}_joined DEPENDS ${joined})
    add_library(${name} INTERFACE)
    target_sources(${name} INTERFACE ${joined})
    set_source_files_properties(${joined} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    add_dependencies(${name} ${name}_joined)
endfunction()

function(pndis_add_driver name)
    cmake_parse_arguments(PARSE_ARGV 1 driver "OBJECT;CHECKED" "NDIS;KIND;INF"
                          "SOURCES;DEFINES;INCLUDES;OPTIONS;TRACE;LOOSE")
    if(NOT driver_SOURCES OR driver_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "pndis_add_driver(${name}): ${driver_UNPARSED_ARGUMENTS} is not understood, "
                            "or there are no SOURCES")
    endif()
    if(NOT driver_NDIS)
        set(driver_NDIS 6.30)
    endif()
    if(NOT driver_KIND)
        set(driver_KIND MINIPORT)
    endif()
    _pndis_wdk_directory(wdk)
    _pndis_version_macros(macros ${name} ${driver_NDIS} ${driver_KIND})
    if(driver_NDIS VERSION_LESS 6 AND NOT "${driver_DEFINES}" MATCHES "NTDDI_VERSION|_WIN32_WINNT")
        # Such a driver is built for Windows XP, whose headers have nothing of NDIS 6.
        list(APPEND macros _WIN32_WINNT=0x0501 NTDDI_VERSION=0x05010000)
    endif()

    if(driver_INF)
        get_filename_component(inf ${driver_INF} ABSOLUTE)
        if(NOT EXISTS ${inf})
            message(FATAL_ERROR "pndis_add_driver(${name}): there is no INF file ${inf}")
        endif()
    endif()

    set(sources)
    set(directories)
    foreach(source ${driver_SOURCES})
        get_filename_component(source ${source} ABSOLUTE)
        if(NOT EXISTS ${source})
            message(FATAL_ERROR "pndis_add_driver(${name}): there is no source file ${source}")
        endif()
        get_filename_component(directory ${source} DIRECTORY)
        list(APPEND sources ${source})
        list(APPEND directories ${directory})
    endforeach()
    foreach(directory ${driver_INCLUDES})
        get_filename_component(directory ${directory} ABSOLUTE)
        list(APPEND directories ${directory})
    endforeach()
    list(REMOVE_DUPLICATES directories)
    set(shims ${CMAKE_CURRENT_BINARY_DIR}/${name}.pndis/include)
    _pndis_make_shims(${shims} ${wdk} "${sources}" "${directories}" "${driver_TRACE}")
    _pndis_function_macro(function_macro "${sources}" "${directories}")
    list(APPEND macros ${function_macro})

    if(driver_OBJECT)
        set(target ${name}_objects)
        add_library(${target} OBJECT ${sources})
    else()
        set(target ${name})
        add_library(${target} MODULE ${sources})
        _pndis_link_module(${target} "${driver_OPTIONS}")
    endif()
    _pndis_dialect(${target})
    if(driver_LOOSE)
        _pndis_loosen(${target} ${shims} "${sources}" "${driver_LOOSE}")
    endif()
    target_include_directories(${target} PRIVATE ${directories} ${wdk} ${shims})
    target_compile_definitions(${target} PRIVATE ${macros} ${driver_DEFINES}
                               $<$<BOOL:${driver_CHECKED}>:DBG=1>)
    _pndis_debug_information(${target} "${driver_OPTIONS}")
    target_compile_options(${target} PRIVATE ${driver_OPTIONS})
    if(driver_OBJECT)
        _pndis_join_objects(${name} ${target})
    endif()
    if(driver_INF)
        _pndis_keep_inf(${name} ${inf} "${driver_OBJECT}")
    endif()
endfunction()
