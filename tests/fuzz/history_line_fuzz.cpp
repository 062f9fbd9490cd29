// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes as a line of the journal, as a time and as a file name: no crash, and what is read can be shown.
#include "vz/base/text.hpp"
#include "vz/record/entry.hpp"
#include "vz/record/reader.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace vz::record;

namespace {

void require(bool promise) {
    if (!promise)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto entry = parse_line(input)) {
        require(!vz::text::has_control(what_text(*entry)));
        require(!vz::text::has_control(who_text(entry->who)) &&
                !vz::text::has_control(where_text(entry->who)));
        const auto line = to_line(*entry);
        require(line.size() < k_longest_line);
        require(parse_line(std::string_view(line).substr(0, line.size() - 1)).has_value());
        matches({{101}, 0, {}, "a*"}, *entry);
    }
    (void)parse_moment(input, 1795424400000);
    in_order({std::string(input), "history.jsonl"});
    without_secrets(vz::text::words(input));
    return 0;
}
