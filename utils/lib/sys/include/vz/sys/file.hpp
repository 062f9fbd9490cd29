// SPDX-License-Identifier: GPL-2.0-or-later
// Files of the host at paths that its administrator controls. For a container's files use Dir.
#pragma once

#include "vz/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace vz::sys {

// Absent gives nothing. More than `limit` bytes, or not a regular file, is an error.
Result<std::optional<std::string>> read_file(const std::string& path, std::size_t limit = 16 << 20);

// Files of /proc and /sys: absent or unreadable gives nothing.
std::optional<std::string> read_kernel_file(const std::string& path);
Result<void> write_kernel_file(const std::string& path, std::string_view value);

// Old or new content, never a mixture: temporary file beside, fsync, rename, fsync of the folder. A symbolic
// link at `path` is followed once (a configuration may be a link); mode and, if we may, owner of an existing
// file are kept, else `mode` is used.
Result<void> write_file_atomic(const std::string& path, std::string_view content, unsigned mode = 0644);

// The same for a file that must not exist yet: Errc::bad_value with sys_errno EEXIST if it does.
Result<void> create_file_atomic(const std::string& path, std::string_view content, unsigned mode = 0644);

// Removes the temporary files that killed writers left in a folder of ours: those for the file `name`, or
// all. The two functions above do it for their own file.
void sweep_temporaries(const std::string& folder, std::string_view name = {});

Result<void> make_dirs(const std::string& path, unsigned mode = 0755);
Result<void> rename_durably(const std::string& from, const std::string& to); // fsync of both folders
Result<void> exchange_durably(const std::string& a, const std::string& b);   // in one step
Result<void> fsync_dir(const std::string& path);
bool exists(const std::string& path); // follows links

} // namespace vz::sys
