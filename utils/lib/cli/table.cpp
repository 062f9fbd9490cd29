// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/cli/table.hpp"

#include "vz/base/text.hpp"

namespace vz::cli {

namespace {

// Columns count characters, not bytes; every escaped text is valid UTF-8, so lead bytes are enough.
std::size_t display_width(std::string_view s) {
    std::size_t width = 0;
    for (unsigned char c : s)
        width += (c & 0xc0U) != 0x80;
    return width;
}

std::string padded(const ColumnFormat& column, const std::string& cell) {
    const auto have = display_width(cell);
    const auto want = static_cast<std::size_t>(column.width);
    const std::string blanks(want > have ? want - have : 0, ' ');
    return column.align == Align::right ? blanks + cell : cell + blanks;
}

void append_line(std::string& out, const std::vector<ColumnFormat>& columns,
                 const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i)
        line += (i > 0 ? " " : "") + padded(columns[i], cells[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
}

} // namespace

std::string format_lines(const std::vector<ColumnFormat>& columns,
                         const std::vector<std::vector<std::string>>& rows, const TextStyle& style) {
    std::string out;
    if (style.header) {
        std::vector<std::string> headers;
        for (const auto& column : columns)
            headers.push_back(column.header);
        append_line(out, columns, headers);
    }
    for (const auto& row : rows) {
        std::vector<std::string> cells;
        for (const auto& cell : row)
            cells.push_back(cell.empty() ? "-" : text::printable(cell));
        append_line(out, columns, cells);
    }
    return out;
}

} // namespace vz::cli
