// SPDX-License-Identifier: GPL-2.0-or-later
// One name in one folder of a guest: looked at once, read without blocking, replaced with its rights kept.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"

#include <string>
#include <string_view>
#include <sys/stat.h>

namespace vz::guest {

class Entry {
public:
    // `folder` is borrowed and must outlive the entry; `name` is a plain file name.
    static Result<Entry> look(const sys::Dir& folder, std::string name);

    bool exists() const { return static_cast<bool>(m_handle); }
    bool regular() const { return exists() && S_ISREG(m_status.st_mode); }
    const std::string& name() const { return m_name; }
    const struct stat& status() const { return m_status; }

    // Content of the regular file that was looked at. Anything else, or more than `limit` bytes, is an error.
    Result<std::string> read(std::size_t limit) const;
    // A descriptor for locking the regular file that was looked at.
    Result<sys::Fd> open_for_lock() const;

    // Puts a file with this content in place, atomically. Mode, owner and ACL of a regular file are kept; in
    // place of anything else comes a file of `mode` that belongs to the caller.
    Result<void> replace(std::string_view content, unsigned mode = 0644) const;

private:
    Entry(const sys::Dir& folder, std::string name) : m_folder(&folder), m_name(std::move(name)) {}

    Result<sys::Fd> reopen(int flags) const;
    Result<void> dress(int fd, unsigned mode) const;
    Result<void> put_in_place(int fd, const std::string& temporary) const;

    const sys::Dir* m_folder;
    std::string m_name;
    sys::Fd m_handle; // O_PATH, of the name itself
    struct stat m_status {};
};

} // namespace vz::guest
