# What is installed: both libraries, the headers, the CMake package and the pkg-config file.

include(CMakePackageConfigHelpers)

set(PNDIS_CMAKE_DIRECTORY ${CMAKE_INSTALL_LIBDIR}/cmake/pndis)

install(TARGETS pndis pndis_static EXPORT pndisTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/pndis DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# Apart from a host's headers: <ndis.h> and <string.h> of a driver are no business of other programs.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/wdk/
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pndis-wdk)

install(EXPORT pndisTargets NAMESPACE pndis:: DESTINATION ${PNDIS_CMAKE_DIRECTORY})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/pndisConfig.cmake.in
    ${PROJECT_BINARY_DIR}/pndisConfig.cmake INSTALL_DESTINATION ${PNDIS_CMAKE_DIRECTORY}
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pndisConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pndisConfig.cmake ${PROJECT_BINARY_DIR}/pndisConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/PndisAddDriver.cmake
        DESTINATION ${PNDIS_CMAKE_DIRECTORY})

set(PNDIS_PC_LIBS_PRIVATE "-lpthread -ldl")
if(PNDIS_LIBDW)
    string(APPEND PNDIS_PC_LIBS_PRIVATE " -ldw")
endif()
# From where the file is: `cmake --install --prefix` may put all of it elsewhere.
set(PNDIS_PC_PREFIX ${CMAKE_INSTALL_PREFIX})
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" AND NOT IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
    set(PNDIS_PC_PREFIX "\${pcfiledir}/${up}")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/pndis.pc.in ${PROJECT_BINARY_DIR}/pndis.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pndis.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
