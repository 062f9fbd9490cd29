// SPDX-License-Identifier: GPL-2.0-or-later
// Backups made by hand, hostile ones too, that the writer would not write.
#pragma once

#include "catch.hpp"

#include "vz/archive/digest.hpp"
#include "vz/backup/depot.hpp"
#include "vz/backup/entry.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/process.hpp"

#include <string>
#include <vector>

class BackupBuilder {
public:
    explicit BackupBuilder(std::string folder) : m_folder(std::move(folder)) {
        head.ctid = 101;
        head.time = 1'700'000'000;
        head.id = vz::backup::backup_id(head.ctid, head.time);
        head.conf = "VE_LAYOUT=\"dir\"\n";
        head.layout = "dir";
        head.tool = "test";
    }

    static vz::backup::Entry entry(vz::backup::Type type, const std::string& path, unsigned mode = 0755) {
        vz::backup::Entry out;
        out.path = path;
        out.type = type;
        out.mode = mode;
        out.mtime = {1'600'000'000, 123'456'789};
        return out;
    }
    static vz::backup::Entry file(const std::string& path, const std::string& content, unsigned mode = 0644) {
        auto out = entry(vz::backup::Type::file, path, mode);
        out.size = content.size();
        out.sha256 = content.empty() ? "" : vz::archive::sha256_of(content);
        return out;
    }
    static vz::backup::Entry link(vz::backup::Type type, const std::string& path, const std::string& target) {
        auto out = entry(type, path, 0777);
        out.link = target;
        return out;
    }

    BackupBuilder& add(vz::backup::Entry entry) {
        head.bytes += entry.size;
        ++head.entries;
        vz::backup::append_line(manifest, entry);
        return *this;
    }
    BackupBuilder& archive(const std::string& tar) {
        const auto name = vz::format("{}-{}.tar.zst", head.id, head.archives.size());
        head.archives.push_back(put(name, packed(tar)));
        return *this;
    }

    // Writes manifest and head; the id.
    std::string write() {
        head.manifest = put(head.id + ".files.zst", packed(manifest));
        REQUIRE(vz::sys::write_file_atomic(m_folder + "/" + head.id + ".json", vz::backup::head_text(head)));
        return head.id;
    }

    vz::backup::Part put(const std::string& name, const std::string& bytes) const {
        REQUIRE(vz::sys::write_file_atomic(m_folder + "/" + name, bytes));
        return {name, bytes.size(), vz::archive::sha256_of(bytes)};
    }

    static std::string packed(const std::string& bytes) {
        vz::sys::Command command({"zstd", "-q", "-c"});
        command.input = bytes;
        return *vz::sys::run_checked(command);
    }

    vz::backup::Head head;
    std::string manifest;

private:
    std::string m_folder;
};
