// SPDX-License-Identifier: GPL-2.0-or-later
// Downloads over http, https and file, with every limit set.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace vz::templates {

// Content of a small document; nothing if the server says that there is none (404, 410, no such file).
Result<std::optional<std::string>> http_get(const std::string& url, std::size_t limit,
                                            const std::string& proxy = {});

struct Download {
    std::string url;
    std::string
        path; // written here; what an interrupted run left is continued if the server's file is the same
    std::uint64_t limit = std::uint64_t{64} << 30;
};
// Durable on return. After a failure the file stays for the next try, but for answers that are no part of it.
Result<void> http_download(const Download& download, Reporter& reporter);

// "name.tar.zst" of "https://host/dir/name.tar.zst?x"; "" if the path ends in no name.
std::string last_component(std::string_view url);

} // namespace vz::templates
