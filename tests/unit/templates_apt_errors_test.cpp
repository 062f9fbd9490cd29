// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"

#include "vz/templates/apt_errors.hpp"

using namespace vz::templates;

namespace {

const std::string k_sizes =
    "I: running apt-get update...\n"
    "E: Failed to fetch http://mirror.example.org/debian/dists/trixie-updates/main/binary-i386/Packages.xz  "
    "File has "
    "unexpected size (720 != 1108). Mirror sync in progress? [IP: 203.0.113.1 80]\n"
    "E: Failed to fetch "
    "http://mirror.example.org/debian-security/dists/trixie-security/main/binary-i386/Packages.xz  "
    "Hash Sum mismatch\n"
    "   Hashes of expected file:\n"
    "E: Some index files failed to download. They have been ignored, or old ones used instead.\n";

bool holds(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("lists that do not match their Release file are named", "[templates]") {
    CHECK(mismatched_suites(k_sizes) == std::vector<std::string>{"trixie-updates", "trixie-security"});
    CHECK(mismatched_suites(
              "E: Failed to fetch http://x/dists/trixie/main/binary-i386/Packages  404  Not Found")
              .empty());
    CHECK(mismatched_suites("E: Failed to fetch http://x/pool/main/h/hello.deb  Hash Sum mismatch").empty());
    CHECK(mismatched_suites("").empty());
}

TEST_CASE("a mirror that does not match itself: what to do", "[templates]") {
    const auto updates = explain_failure(25, k_sizes);
    CHECK(holds(updates, "trixie-updates, trixie-security"));
    CHECK(holds(updates, "--no-updates"));
    const auto base = explain_failure(
        25, k_sizes +
                "E: Failed to fetch http://x/dists/trixie/main/binary-i386/Packages.xz  Hash Sum mismatch\n");
    CHECK(holds(base, "--mirror"));
    CHECK_FALSE(holds(base, "--no-updates"));
}

TEST_CASE("other failures of apt are passed on, fit for a terminal", "[templates]") {
    CHECK(explain_failure(25, "I: updating\nE: Unable to locate package x\nE: second\n") ==
          "mmdebstrap failed (25): Unable to locate package x; second");
    CHECK(explain_failure(1, "W: odd\nlast words\n") == "mmdebstrap failed (1): last words");
    CHECK(holds(explain_failure(1, ""), "mmdebstrap failed (1)"));
    CHECK_FALSE(holds(explain_failure(1, "E: a\033[31m"), "\033"));
    CHECK_FALSE(holds(explain_failure(1, "E: Failed to fetch http://x/dists/a\033[31m/y  Hash Sum mismatch"),
                      "\033"));
}
