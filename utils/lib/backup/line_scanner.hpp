// SPDX-License-Identifier: GPL-2.0-or-later
// Reads a line of JSON as manifests have it: one object of strings, whole numbers and true or false, and of
// objects of the same. A container has some ten thousand such lines, and none of their values is kept as it
// is: so no tree of values is built.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vz::backup {

class LineScanner {
public:
    explicit LineScanner(std::string_view line) : m_rest(line) {}

    // Calls `member(key)` for each member; it reads the value by one of the functions below.
    template<class Member>
    Result<void> object(Member&& member) {
        VZ_TRY(expect('{'));
        if (take('}'))
            return {};
        do {
            VZ_ASSIGN(const auto key, string());
            VZ_TRY(expect(':'));
            VZ_TRY(member(std::string_view(key)));
        } while (take(','));
        return expect('}');
    }

    Result<std::string> string();
    Result<std::uint64_t> number(std::uint64_t most);
    Result<bool> boolean();
    Result<void> skip(); // any of the above, for members that a later version has added
    Result<void> end();

private:
    bool take(char c);
    bool take_word(std::string_view word);
    Result<void> expect(char c);
    Result<void> escaped(std::string& out);
    Error broken(std::string_view what) const;

    std::string_view m_rest;
};

} // namespace vz::backup
