# SPDX-License-Identifier: GPL-2.0-or-later
# One folder = one module = one target = one namespace.

# vz_module(NAME base DEPENDS … PRIVATE …): a static library vz_NAME from all .cpp files of this folder.
# Only its include folder is exported; DEPENDS are the modules its headers may name.
function(vz_module)
    cmake_parse_arguments(ARG "" "NAME" "DEPENDS;PRIVATE" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
    add_library(vz_${ARG_NAME} STATIC ${sources})
    target_include_directories(vz_${ARG_NAME} PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/include")
    list(TRANSFORM ARG_DEPENDS PREPEND vz_)
    target_link_libraries(vz_${ARG_NAME} PUBLIC ${ARG_DEPENDS} PRIVATE vz_settings ${ARG_PRIVATE})
    set_property(GLOBAL APPEND PROPERTY VZ_MODULES vz_${ARG_NAME})
endfunction()

# vz_tool(NAME vzlist DEPENDS … [LIBEXEC]): a program from the .cpp files of this folder, installed with its
# man page (NAME.8.scd) and bash completion (NAME.bash) when they lie beside it.
function(vz_tool)
    cmake_parse_arguments(ARG "LIBEXEC" "NAME" "DEPENDS;PRIVATE" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
    add_executable(${ARG_NAME} ${sources})
    list(TRANSFORM ARG_DEPENDS PREPEND vz_)
    target_link_libraries(${ARG_NAME} PRIVATE vz_settings ${ARG_DEPENDS} ${ARG_PRIVATE})
    if(ARG_LIBEXEC)
        install(TARGETS ${ARG_NAME} DESTINATION libexec/vz)
    else()
        install(TARGETS ${ARG_NAME} DESTINATION ${CMAKE_INSTALL_SBINDIR})
    endif()
    set_property(GLOBAL APPEND PROPERTY VZ_TOOLS ${ARG_NAME})
    vz_install_manual(${ARG_NAME})
endfunction()

function(vz_install_manual tool)
    find_program(SCDOC scdoc)
    set(manual "${CMAKE_CURRENT_SOURCE_DIR}/${tool}.8.scd")
    if(SCDOC AND EXISTS "${manual}")
        add_custom_command(OUTPUT ${tool}.8 DEPENDS ${manual}
            COMMAND ${SCDOC} < ${manual} > ${CMAKE_CURRENT_BINARY_DIR}/${tool}.8 VERBATIM)
        add_custom_target(${tool}_manual ALL DEPENDS ${tool}.8)
        install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${tool}.8" DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
    endif()
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${tool}.bash")
        install(FILES ${tool}.bash RENAME ${tool} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    endif()
endfunction()
