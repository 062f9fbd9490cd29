// SPDX-License-Identifier: GPL-2.0-or-later
// Makes the files of a manifest below a folder. What is there already is replaced, never written through.
#pragma once

#include "vz/backup/entry.hpp"
#include "vz/sys/dir.hpp"

#include <functional>
#include <string>

namespace vz::backup {

// Works for a process that is root of the container and shut into the folder, with umask 0. One object a
// thread.
class Placer {
public:
    explicit Placer(const sys::Dir& target) : m_target(target) {}

    // `fill` writes the content; if it says false the file is taken back.
    using Fill = std::function<Result<bool>(int fd)>;
    Result<bool> make_file(const Entry& entry, const Fill& fill);

    // Closed to everyone and without attributes, until finish_folder().
    Result<void> make_folder(const Entry& entry);
    Result<void> finish_folder(const Entry& entry);

    Result<void> make_symlink(const Entry& entry);
    Result<void> make_fifo(const Entry& entry); // moves the process's working directory
    Result<void> make_hard_link(const Entry& entry);
    Result<void> remove(const Entry& entry);

private:
    struct Place {
        int folder;       // borrowed from m_folder
        const char* name; // borrowed from the path
    };

    Result<Place> place_of(const std::string& path);
    Result<void> create(const Entry& entry, std::string_view call,
                        const std::function<int(const Place&)>& make);
    Result<void> set_owner_and_time(const Entry& entry, const Place& place);

    const sys::Dir& m_target;
    std::string m_folder_path = "/"; // nothing is called so: nothing open yet
    sys::Fd m_folder;
};

} // namespace vz::backup
