// SPDX-License-Identifier: GPL-2.0-or-later
// A file that remembers what was made for one container, and the lock of the container's network: a live
// change must not meet the clean-up of a container that ends.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/lock.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vz::network {

class StateFile {
public:
    // `kind`: "" or ".ports"; the lock is one for all kinds. Errc::locked.
    static Result<StateFile> open(const std::string& folder, std::uint32_t ctid, std::string_view kind = {});

    // Of a command that works or was killed, too.
    static bool any_trace(const std::string& folder, std::uint32_t ctid, std::string_view kind = {});

    int lock_fd() const { return m_lock.fd(); }

    Result<std::string> read() const; // "" if absent

    // The folder dies with the host, so nothing is synced; one temporary name, so that a killed writer leaves
    // at most that, for remove().
    Result<void> write(std::string_view content) const;
    Result<void> remove() const;

private:
    StateFile(std::string path, sys::FileLock lock) : m_path(std::move(path)), m_lock(std::move(lock)) {}

    std::string m_path;
    sys::FileLock m_lock;
};

} // namespace vz::network
