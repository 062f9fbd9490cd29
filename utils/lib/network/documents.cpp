// SPDX-License-Identifier: GPL-2.0-or-later
#include "documents.hpp"

#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::network {

bool has_flag(const Json& object, std::string_view key, std::string_view flag) {
    const Json* flags = object.find(key);
    const auto* list = flags ? flags->as_array() : nullptr;
    return list && std::any_of(list->begin(), list->end(), [&](const Json& entry) {
               const auto* text = entry.as_string();
               return text && *text == flag;
           });
}

unsigned small_number(const Json& object, std::string_view key) {
    const Json* value = object.find(key);
    return value ? static_cast<unsigned>(std::min<std::uint64_t>(value->as_uint(), 1U << 30)) : 0;
}

std::optional<Subnet> parse_subnet(const Json& info) {
    const auto ip = Ip::parse(info.string_or("local"));
    if (!ip)
        return std::nullopt;
    return Subnet{*ip, small_number(info, "prefixlen"), Ip::parse(info.string_or("broadcast")),
                  info.string_or("scope") == "link"};
}

// The documents of one `ip -j -batch`, in order. An empty list may be printed as nothing by some versions, so
// the number of lines tells nothing: each document is known by what its objects carry.
Result<std::vector<Json>> objects_of(std::string_view output) {
    std::vector<Json> objects;
    for (const auto& line : text::split(output, '\n')) {
        if (text::trim(line).empty())
            continue;
        VZ_ASSIGN(const Json document, Json::parse(line).context("output of ip"));
        if (!document.as_array())
            return fail(Errc::system, "output of ip: not a list");
        for (const Json& object : *document.as_array())
            if (object.as_object() && !object.as_object()->empty()) // ip prints {} for what it filtered out
                objects.push_back(object);
    }
    return objects;
}

} // namespace vz::network
