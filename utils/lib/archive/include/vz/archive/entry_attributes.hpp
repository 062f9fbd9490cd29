// SPDX-License-Identifier: GPL-2.0-or-later
// Extended attributes and ACLs between libarchive's entries and the kernel's form.
#pragma once

#include "vz/archive/file_attributes.hpp"

#include <cstdint>

struct archive_entry;

namespace vz::archive {

class Accounts;

// Entries of ACLs that name somebody not in `accounts` are left out and counted. Without accounts all are
// left out.
Result<Attributes> attributes_of(::archive_entry* entry, const Accounts* accounts,
                                 std::uint64_t& unknown_names);

// The reverse of attributes_of().
void put_attributes(const Attributes& attributes, ::archive_entry* entry);

} // namespace vz::archive
