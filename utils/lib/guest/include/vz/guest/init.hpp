// SPDX-License-Identifier: GPL-2.0-or-later
// What kind of system lies in a container's tree: can it boot, and what does it call itself.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace vz::guest {

// The tree holds an executable init and shell, links resolved inside. Errc::bad_template if not.
Result<void> check_bootable(const sys::Dir& root);

// Lets systemd offer a login on the console, which our templates switch off because they have none by
// default.
Result<void> allow_console_login(const sys::Dir& root);

// os-release(5). Fields are checked: `id`, `version_id` and `codename` hold only [a-z0-9._-] or are empty;
// `pretty_name` is printable.
struct OsRelease {
    std::string id = "linux"; // the default that os-release(5) names
    std::string version_id;
    std::string codename;
    std::string pretty_name;
};
OsRelease parse_os_release(std::string_view text);
// Nothing if the tree has no readable os-release file.
std::optional<OsRelease> os_release(const sys::Dir& root);

} // namespace vz::guest
