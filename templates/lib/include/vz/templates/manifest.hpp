// SPDX-License-Identifier: GPL-2.0-or-later
// What is in a template and where it came from: cache/NAME.json beside the archive.
#pragma once

#include "vz/base/json.hpp"
#include "vz/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vz::templates {

struct Package {
    std::string name;
    std::string version;
    std::string architecture;
    bool operator==(const Package&) const = default;
};

struct Manifest {
    std::string name;
    std::string archive; // file name in cache/
    std::string sha256;  // of the archive
    std::uint64_t size = 0;
    std::string origin; // "build", "import FILE" or "fetch URL"
    std::string distribution;
    std::string suite;
    std::string architecture;         // Debian's name: "amd64", "i386"
    std::string recipe_sha256;        // of the recipe with its parts; "" if not built here
    std::int64_t date = 0;            // SOURCE_DATE_EPOCH of the content
    std::string tool;                 // "vztemplate 1.0.0"
    std::vector<std::string> sources; // package sources used: "URI suite components"
    std::vector<Package> packages;    // sorted by name
};

Json to_json(const Manifest& manifest);
std::string manifest_text(const Manifest& manifest); // ends with a newline; the same for equal manifests

// Foreign text. Errc::bad_template for anything but a sound manifest: wrong types, bad names, control
// characters. Unknown members are ignored, so that later versions may add some.
Result<Manifest> parse_manifest(std::string_view text);

} // namespace vz::templates
