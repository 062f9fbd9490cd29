// SPDX-License-Identifier: GPL-2.0-or-later
// The pure part of users.hpp: passwd(5), shadow(5), group(5), gshadow(5) and login.defs(5) as text. Lines
// that are not understood stay as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vz::guest {

// The field (0 = name) of the first entry of that name; nothing if there is no such entry or field.
std::optional<std::string> entry_field(std::string_view file, std::string_view name, std::size_t field);
bool has_entry(std::string_view file, std::string_view name);

// The file with that field of the first entry of that name set; missing fields before it become empty.
std::string with_field(std::string_view file, std::string_view name, std::size_t field,
                       std::string_view value);
// The file with one more line.
std::string with_line(std::string_view file, std::string_view line);
// Password and day of change (days since 1970) set; other ageing fields stay; an absent entry is added.
std::string with_shadow_password(std::string_view shadow, std::string_view user, std::string_view hash,
                                 std::int64_t today);

struct NewIds {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    bool group_exists = false; // left by an earlier, interrupted call
};
// Ids from 1000 to 59999 for a new user and its group: the one after the highest in use, else the lowest free
// one. Nothing if all are taken, or if a group of that name serves another purpose.
std::optional<NewIds> choose_ids(std::string_view passwd, std::string_view group, std::string_view user);

// The crypt(5) prefix for ENCRYPT_METHOD of login.defs: "$y$" where it says YESCRYPT, else "$6$", which every
// libc since 2007 can verify.
std::string_view crypt_prefix(std::string_view login_defs);

} // namespace vz::guest
