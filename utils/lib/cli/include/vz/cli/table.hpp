// SPDX-License-Identifier: GPL-2.0-or-later
// One table of columns for a kind of record feeds text, JSON, `-o` and the field list.
#pragma once

#include "vz/base/json.hpp"
#include "vz/base/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::cli {

enum class Align { left, right };

struct ColumnFormat {
    std::string key; // name in -o and in JSON
    std::string header;
    int width = 0; // smallest width; longer cells push the line, as the classic tools do
    Align align = Align::left;
    std::string help;
};

template<class Row>
struct Column : ColumnFormat {
    std::function<std::string(const Row&)> text; // "" is printed as "-"
    std::function<Json(const Row&)> json;        // typed value
};

struct TextStyle {
    bool header = true;
};

// Lines as the classic vzlist prints them: cells padded to width, one blank between, trailing blanks cut.
// Control characters of cells become visible: nothing hostile reaches a terminal.
std::string format_lines(const std::vector<ColumnFormat>& columns,
                         const std::vector<std::vector<std::string>>& rows, const TextStyle& style);

template<class Row>
std::string table_text(const std::vector<Column<Row>>& columns, const std::vector<Row>& rows,
                       const TextStyle& style = {}) {
    std::vector<std::vector<std::string>> cells;
    for (const auto& row : rows) {
        auto& line = cells.emplace_back();
        for (const auto& column : columns)
            line.push_back(column.text(row));
    }
    return format_lines({columns.begin(), columns.end()}, cells, style);
}

template<class Row>
Json table_json(const std::vector<Column<Row>>& columns, const std::vector<Row>& rows) {
    Json::Array out;
    for (const auto& row : rows) {
        Json::Object object;
        for (const auto& column : columns)
            object.emplace_back(column.key, column.json(row));
        out.emplace_back(std::move(object));
    }
    return out;
}

// The columns named in `list` ("a,b,c"), in that order. Errc::failed "Unknown field: x" otherwise.
template<class Row>
Result<std::vector<Column<Row>>> select_columns(const std::vector<Column<Row>>& all, std::string_view list) {
    std::vector<Column<Row>> chosen;
    while (true) {
        const auto key = list.substr(0, list.find(','));
        bool found = false;
        for (const auto& column : all)
            if (column.key == key) {
                chosen.push_back(column);
                found = true;
                break;
            }
        if (!found)
            return fail(Errc::failed, "Unknown field: {}", key);
        if (key.size() == list.size())
            return chosen;
        list.remove_prefix(key.size() + 1);
    }
}

} // namespace vz::cli
