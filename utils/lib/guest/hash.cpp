// SPDX-License-Identifier: GPL-2.0-or-later
#include "hash.hpp"

#include "vz/base/scope.hpp"

#include <cerrno>
#include <crypt.h>
#include <cstring>
#include <memory>

namespace vz::guest {

Result<std::string> hash_password(const std::string& password, std::string_view prefix) {
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    // No random bytes given: libcrypt takes them from the kernel.
    if (::crypt_gensalt_rn(std::string(prefix).c_str(), 0, nullptr, 0, salt, sizeof salt) == nullptr)
        return sys_fail(errno, Errc::password, "make a salt for {}", prefix);
    const auto work = std::make_unique<crypt_data>();
    Cleanup clean([&] { ::explicit_bzero(work.get(), sizeof *work); });
    const char* hash = ::crypt_rn(password.c_str(), salt, work.get(), static_cast<int>(sizeof *work));
    if (hash == nullptr)
        return sys_fail(errno, Errc::password, "hash a password with {}", prefix);
    return std::string(hash);
}

} // namespace vz::guest
