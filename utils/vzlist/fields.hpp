// SPDX-License-Identifier: GPL-2.0-or-later
// The fields of vzlist: names, headers and widths of the classic tool, and how each value reads in a line and
// in JSON.
#pragma once

#include "vz/base/json.hpp"
#include "vz/base/result.hpp"
#include "vz/cli/table.hpp"
#include "vz/ops/list.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vz::vzlist {

// Nothing is printed as "-". Numbers sort before texts, and nothing before both.
using Value = std::variant<std::monostate, std::uint64_t, std::string, std::vector<std::string>>;

struct Field {
    cli::ColumnFormat format; // key, header, width, alignment
    std::function<Value(const ops::Listed&)> value;
    std::function<Json(const ops::Listed&)> json;          // empty: the value as it is
    std::function<std::uint64_t(const ops::Listed&)> rank; // empty: sorted by value
    bool is_part = false;                                  // "numproc.m": JSON has it inside "numproc"
};

const std::vector<Field>& fields();
const Field* field_named(std::string_view name);

enum class Form { text, json };
// The fields of "a,b,c". Errc::failed: "Unknown field: x", or a part of a field in JSON.
Result<std::vector<Field>> chosen_fields(std::string_view list, Form form);
// All that JSON has when nothing was chosen.
std::vector<Field> json_fields();

enum class Long { cut, keep };
// One line's cells. Long texts are cut to their column and lists to their first item, unless they stand last
// or are to be kept; an address or a number is never cut, it would read as another one.
std::vector<std::string> cells(const std::vector<Field>& fields, const ops::Listed& listed, Long treatment);

Json json_object(const std::vector<Field>& fields, const ops::Listed& listed);

Value sort_key(const Field& field, const ops::Listed& listed);

} // namespace vz::vzlist
