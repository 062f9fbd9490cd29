// SPDX-License-Identifier: GPL-2.0-or-later
// What is kept on the disk about checkpoints: the folder of a dump, and notes of work in progress.
#pragma once

#include "vz/config/container.hpp"

#include <optional>
#include <string>

namespace vz::ops {

// About a dump; a file in its folder.
struct DumpRecord {
    std::uint32_t ctid = 0;
    std::string uuid;
    std::string group; // control group, below the root of the hierarchy: the images hold it
    std::string conf;  // NUM.conf then
};
Result<void> save_dump_record(const std::string& folder, const DumpRecord& record);
Result<DumpRecord> load_dump_record(const std::string& folder); // Errc::restore

// Removes a folder of a dump, whatever is in it; absent is fine.
void remove_folder(const std::string& path);

// Where a dump is made before it is whole.
std::string unfinished(const std::string& dump);

// Work in progress, for its hook and for whoever comes after it was killed.
struct CheckpointWork {
    std::string word;       // "suspend" or "resume"
    std::string dump;       // the folder
    std::string group;      // the container's control group, below the root of the hierarchy
    bool final = false;     // suspend: the processes end with the dump; resume: the dump is used up
    bool same_conf = false; // NUM.conf is as it was at the dump
};
Result<void> save_work(const config::HostPaths& paths, config::Ctid ctid, const CheckpointWork& work);
std::optional<CheckpointWork> load_work(const config::HostPaths& paths, config::Ctid ctid);
void forget_work(const config::HostPaths& paths, config::Ctid ctid);

// Whether its processes were stopped by a step of suspend or resume, on purpose.
void set_held(const config::HostPaths& paths, config::Ctid ctid, bool on);
bool is_held(const config::HostPaths& paths, config::Ctid ctid);

} // namespace vz::ops
