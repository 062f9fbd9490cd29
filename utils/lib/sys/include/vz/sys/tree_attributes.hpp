// SPDX-License-Identifier: GPL-2.0-or-later
// Owners and extended attributes of files, translated from one range of ids to another.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/userns.hpp"

#include <map>
#include <string>

namespace vz::sys {

class IdShift {
public:
    IdShift(const IdRange& from, const IdRange& to) : m_from(from), m_to(to) {}

    std::uint32_t uid(std::uint32_t id) const { return shift(id, m_from.uid_base, m_to.uid_base); }
    std::uint32_t gid(std::uint32_t id) const { return shift(id, m_from.gid_base, m_to.gid_base); }

    // The values of security.capability and system.posix_acl_* (capabilities(7), acl(5)); what cannot be
    // understood stays as it is.
    std::string capability(std::string value) const;
    std::string acl(std::string value) const;

private:
    static constexpr std::uint32_t k_nobody = 65534;
    std::uint32_t shift(std::uint32_t id, std::uint32_t from, std::uint32_t to) const {
        const bool inside = id >= from && id - from < m_from.count;
        return to + (inside ? id - from : k_nobody);
    }

    IdRange m_from;
    IdRange m_to;
};

using Attributes = std::map<std::string, std::string>;

// Of what an O_PATH descriptor names. Only kinds that a copy keeps.
Result<Attributes> read_attributes(int path_fd, bool trusted);

// `wanted` as they must be; `present` as they are.
Result<void> write_attributes(int path_fd, const Attributes& present, const Attributes& wanted);

Attributes shifted(Attributes attributes, const IdShift& shift);

} // namespace vz::sys
