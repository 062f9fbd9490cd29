// SPDX-License-Identifier: GPL-2.0-or-later
#include "fields.hpp"

#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::vzlist {

namespace {

using ops::Listed;

std::size_t characters(std::string_view s) {
    return static_cast<std::size_t>(
        std::count_if(s.begin(), s.end(), [](unsigned char c) { return (c & 0xc0U) != 0x80; }));
}

// The first `width` characters of printable text.
std::string cut_to(std::string_view s, int width) {
    std::size_t end = 0;
    for (int count = 0; end < s.size(); ++end)
        if ((static_cast<unsigned char>(s[end]) & 0xc0U) != 0x80 && count++ == width)
            break;
    return std::string(s.substr(0, end));
}

std::string cell(const Field& field, const Listed& listed, bool whole) {
    const auto value = field.value(listed);
    if (const auto* number = std::get_if<std::uint64_t>(&value))
        return std::to_string(*number);
    if (const auto* list = std::get_if<std::vector<std::string>>(&value))
        return list->empty() ? "" : whole ? text::join(*list, " ") : list->front();
    const auto* content = std::get_if<std::string>(&value);
    const auto shown = content ? text::printable(*content) : "";
    const auto width = static_cast<std::size_t>(field.format.width);
    return whole || characters(shown) <= width ? shown : cut_to(shown, field.format.width);
}

} // namespace

std::vector<std::string> cells(const std::vector<Field>& chosen, const Listed& listed, Long treatment) {
    std::vector<std::string> out;
    for (const auto& field : chosen)
        out.push_back(cell(field, listed, treatment == Long::keep || &field == &chosen.back()));
    return out;
}

Json json_object(const std::vector<Field>& chosen, const Listed& listed) {
    Json out;
    for (const auto& field : chosen) {
        if (field.json) {
            out.set(field.format.key, field.json(listed));
            continue;
        }
        const auto value = field.value(listed);
        if (const auto* number = std::get_if<std::uint64_t>(&value))
            out.set(field.format.key, *number);
        else if (const auto* content = std::get_if<std::string>(&value))
            out.set(field.format.key, *content);
        else if (const auto* list = std::get_if<std::vector<std::string>>(&value))
            out.set(field.format.key, Json::strings(*list));
        else
            out.set(field.format.key, Json());
    }
    return out;
}

Value sort_key(const Field& field, const Listed& listed) {
    if (field.rank)
        return field.rank(listed);
    auto value = field.value(listed);
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    return list && list->empty() ? Value() : value;
}

} // namespace vz::vzlist
