// SPDX-License-Identifier: GPL-2.0-or-later
// Entry of the unit tests. They find the helper programs of their own build.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <cstdlib>

int main(int argc, char** argv) {
    ::setenv("VZ_LIBEXEC_DIR", VZ_BUILT_PROGRAMS, 0);
    return Catch::Session().run(argc, argv);
}
