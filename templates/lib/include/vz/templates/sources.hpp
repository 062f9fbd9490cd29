// SPDX-License-Identifier: GPL-2.0-or-later
// Package sources of the host (sources.list(5), one-line and deb822 form), and those that a template of some
// suite gets from them: whatever mirror works for the host works for its templates.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>

#include <string>
#include <string_view>
#include <vector>

namespace vz::templates {

struct Source {
    std::vector<std::string> uris;
    std::vector<std::string> suites;
    std::vector<std::string> components;
    std::string signed_by; // path of a keyring, or a key block with its line breaks; "" for apt's default
    bool trusted = false;
    bool check_valid_until = true; // off for snapshot mirrors
    bool operator==(const Source&) const = default;
};

// Binary package sources that are switched on. Lines that make no sense are passed over, as apt would refuse
// them.
std::vector<Source> parse_one_line(std::string_view text);
std::vector<Source> parse_deb822(std::string_view text);

// For `suite`: the host's Debian mirror, and its updates and security sources if the host has such.
// Errc::failed if the host has no Debian source.
Result<std::vector<Source>> derive_sources(const std::vector<Source>& host, const std::string& suite,
                                           const std::vector<std::string>& components);

// The sources that have `suite`, for that one alone: a release without its updates.
std::vector<Source> only_suite(const std::string& suite, std::vector<Source> sources);

// As the content of a debian.sources file.
std::string deb822_text(const std::vector<Source>& sources);

// All sources below `root` + "/etc/apt", "mirror+file:" lists replaced by what they list.
Result<std::vector<Source>> read_host_sources(const std::string& root);

// "http://user:secret@host/x" without the part that is nobody's business.
std::string without_credentials(std::string_view uri);
// The same, fit for a message.
std::string shown_uri(std::string_view uri);

// The "Date:" of a Release file in seconds since the epoch; 0 if there is none that makes sense.
std::int64_t release_date(std::string_view release);

} // namespace vz::templates
