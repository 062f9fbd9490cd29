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

# The manual page and the completion of a tool.
function(vz_install_manual tool)
    vz_manual_page(${tool} 8)
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${tool}.bash")
        install(FILES ${tool}.bash RENAME ${tool} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    endif()
endfunction()

# vz_manual_page(vz.conf 5 [FOLDER]): the page from vz.conf.5.scd, if that and scdoc are there.
function(vz_manual_page name section)
    find_program(SCDOC scdoc)
    set(source "${CMAKE_CURRENT_SOURCE_DIR}/${ARGN}/${name}.${section}.scd")
    set(page "${CMAKE_CURRENT_BINARY_DIR}/${name}.${section}")
    if(SCDOC AND EXISTS "${source}")
        # The first line has man(1) run tbl(1) for the tables; scdoc 1.11 does not write it.
        add_custom_command(OUTPUT ${page} DEPENDS ${source} VERBATIM
            COMMAND ${CMAKE_COMMAND} -E echo "'\\\" t" > ${page}
            COMMAND ${SCDOC} < ${source} >> ${page})
        add_custom_target(${name}_manual ALL DEPENDS ${page})
        install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
    endif()
endfunction()
