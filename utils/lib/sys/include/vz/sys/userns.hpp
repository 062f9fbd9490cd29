// SPDX-License-Identifier: GPL-2.0-or-later
// User namespaces with a container's id range (user_namespaces(7)).
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/fd.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace vz::sys {

// Ids 0 … count-1 of a container are uid_base + id and gid_base + id on the host.
struct IdRange {
    std::uint32_t uid_base = 0;
    std::uint32_t gid_base = 0;
    std::uint32_t count = 65536;

    bool operator==(const IdRange&) const = default;
};

// A new user namespace with that mapping, kept alive by the descriptor; no process stays in it. Needs root.
Result<Fd> make_userns(const IdRange& range);

// The same where the container's ids are known as inside.uid_base + id: a mount mapped by it shows files that
// lie on disk with one container's ids as another's.
Result<Fd> make_userns_from(const IdRange& inside, const IdRange& range);

// For a child of ours that has one thread: from here on it is root of that user namespace and nothing
// outside, and it is killed when its parent dies. There is no way back.
Result<void> become_container_root(const Fd& userns);

// Runs `work` in a child that is root of the container's user namespace and nothing outside: whatever a
// hostile file tricks it into, it has only the container's own rights. Descriptors opened before stay usable.
Result<std::string> run_as_container_root(const Fd& userns, const std::function<Result<std::string>()>& work);

} // namespace vz::sys
