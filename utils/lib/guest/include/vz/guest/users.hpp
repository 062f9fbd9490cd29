// SPDX-License-Identifier: GPL-2.0-or-later
// Passwords and users of a container, edited in its /etc/passwd, shadow, group and gshadow. No program of the
// container runs. See identity.hpp for what `root` must be. These files must be regular files of at most 4
// MiB: a link, FIFO or device in their place is an error (Errc::password), because there is nothing right to
// put there.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"

#include <string>
#include <string_view>

namespace vz::guest {

enum class Hashing { clear, crypted }; // what the caller hands over: the password, or its crypt(5) form

// [a-z_][a-z0-9_-]*[$]?, at most 32 characters: what useradd(8) takes by default.
bool valid_user_name(std::string_view name);
// Neither empty nor longer than 511 bytes, no control characters; crypted: one field of shadow(5).
bool valid_password(std::string_view password, Hashing hashing);

// Sets the password of `user`, hashed as the guest's /etc/login.defs asks. An absent user is made as `useradd
// -m` does: next free id from 1000, group of the same name, /home/USER with the files of /etc/skel, bash or
// sh. Waits at most three seconds for the guest's /etc/.pwd.lock (lckpwdf(3)). Killed at any instant, each
// file is old or new; a user appears in passwd last, and the next call completes the rest. Errors:
// Errc::bad_value for a bad name or password, else Errc::password. Messages never hold the password.
Result<void> set_password(const sys::Dir& root, const std::string& user, const std::string& password,
                          Hashing hashing = Hashing::clear);

// Overwrites a secret that is no longer needed.
void wipe(std::string& secret);

} // namespace vz::guest
