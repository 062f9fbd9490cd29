# SPDX-License-Identifier: GPL-2.0-or-later
# Settings and warnings that all of our own targets share; linked privately, so nothing leaks to users.
option(VZ_BUILD_TESTS "Build the test programs" ON)
option(VZ_WERROR "Treat warnings as errors" OFF)
option(VZ_FUZZ "Build the libFuzzer programs; needs clang" OFF)
set(VZ_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set_property(GLOBAL PROPERTY GLOBAL_DEPENDS_NO_CYCLES ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

add_library(vz_settings INTERFACE)
target_compile_definitions(vz_settings INTERFACE
    _GNU_SOURCE _FILE_OFFSET_BITS=64 _GLIBCXX_ASSERTIONS)
target_compile_options(vz_settings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wformat=2 -Wimplicit-fallthrough)
# A tool loads what it calls, not all that its modules could call. Debian's g++ says so by itself, others do not.
target_link_options(vz_settings INTERFACE -Wl,--as-needed)
if(CMAKE_UNITY_BUILD AND NOT CMAKE_UNITY_BUILD_BATCH_SIZE)
    set(CMAKE_UNITY_BUILD_BATCH_SIZE 16) # takes a quarter less than CMake's 8, and 40 not less than this
endif()
# In a unity build each source is included by another file; g++ then takes what is private to it for a header's.
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(vz_settings INTERFACE -Wno-subobject-linkage)
endif()
if(VZ_WERROR)
    target_compile_options(vz_settings INTERFACE -Werror)
endif()
if(VZ_FUZZ)
    target_compile_options(vz_settings INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(VZ_SANITIZE)
    target_compile_options(vz_settings INTERFACE -fsanitize=${VZ_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(vz_settings INTERFACE -fsanitize=${VZ_SANITIZE})
endif()
