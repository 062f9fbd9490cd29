// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes as a line of a manifest and as the head of a backup: no crash, and what is read leads nowhere
// else and is written the same again.
#include "vz/backup/entry.hpp"
#include "vz/backup/head.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace vz::backup;

namespace {

void require(bool promise) {
    if (!promise)
        std::abort();
}

bool leads_out(std::string_view path) {
    return path.empty() || path.front() == '/' || path == ".." || path.substr(0, 3) == "../" ||
           path.find("/../") != path.npos || (path.size() > 2 && path.substr(path.size() - 3) == "/..");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto entry = parse_line(input)) {
        require(!leads_out(entry->path) && !leads_out(entry->member_name()));
        require(entry->type != Type::hard_link || !leads_out(entry->link));
        require(entry->uid <= 65535 && entry->gid <= 65535);
        std::string line;
        append_line(line, *entry);
        require(!line.empty() && line.find('\n') == line.size() - 1);
        const auto again = parse_line(std::string_view(line).substr(0, line.size() - 1));
        require(again.has_value());
        std::string second;
        append_line(second, *again);
        require(second == line);
    }
    if (const auto head = parse_head(input)) {
        require(head->manifest.name.find('/') == std::string::npos);
        for (const auto& part : head->archives)
            require(part.name.find('/') == std::string::npos);
        require(parse_head(head_text(*head)).has_value());
    }
    return 0;
}
