// SPDX-License-Identifier: GPL-2.0-or-later
// Writes checked members below a folder that cannot be escaped.
#pragma once

#include "reader.hpp"

#include "vz/sys/dir.hpp"

namespace vz::archive {

class Writer : public Sink {
public:
    explicit Writer(const sys::Dir& target) : m_target(target) {}
    Result<void> take(Entry& entry) override;
    Result<void> finish(const MemberCheck& check) override; // folders' attributes and times, then syncfs(2)

private:
    struct Folder {
        std::string path;
        Time mtime;
        Attributes attributes;
    };
    struct Place {
        int folder; // borrowed from m_folder
        std::string name;
    };

    Result<Place> place_of(const std::string& path);
    Result<void> make_folder(Entry& entry);
    Result<void> make_file(const Entry& entry);
    Result<void> make_hard_link(const Entry& entry);
    Result<void> make_special(const Entry& entry);

    const sys::Dir& m_target;
    std::string m_folder_path = "/"; // no member's folder is called so: nothing open yet
    sys::Fd m_folder;
    std::vector<Folder> m_folders; // of the archive: times last, because every new file changes them
};

} // namespace vz::archive
