// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs of vzctl about snapshots, and rebase.
#pragma once

#include "verbs.hpp"

namespace vz::vzctl {

std::vector<cli::Option> snapshot_options();
std::vector<cli::Option> snapshot_switch_options();
std::vector<cli::Option> snapshot_delete_options();
std::vector<cli::Option> snapshot_umount_options();
std::vector<cli::Option> snapshot_mount_options();
std::vector<cli::Option> snapshot_list_options();

Result<int> run_snapshot(const Call& call);
Result<int> run_snapshot_switch(const Call& call);
Result<int> run_snapshot_delete(const Call& call);
Result<int> run_snapshot_mount(const Call& call);
Result<int> run_snapshot_umount(const Call& call);
Result<int> run_snapshot_list(const Call& call);

} // namespace vz::vzctl
