// SPDX-License-Identifier: GPL-2.0-or-later
#include "state_file.hpp"

#include "vz/sys/fd.hpp"
#include "vz/sys/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace vz::network {

namespace {

constexpr std::chrono::seconds k_patience{10};

} // namespace

Result<StateFile> StateFile::open(const std::string& folder, std::uint32_t ctid, std::string_view kind) {
    VZ_TRY(sys::make_dirs(folder));
    const std::string base = format("{}/{}", folder, ctid);
    VZ_ASSIGN(auto lock, sys::FileLock::acquire(base + ".lock", "network", k_patience));
    if (!lock)
        return fail(Errc::locked, "{}.lock: another command sets up this network", base);
    return StateFile(base + std::string(kind), *std::move(lock));
}

bool StateFile::any_trace(const std::string& folder, std::uint32_t ctid, std::string_view kind) {
    const std::string path = format("{}/{}{}", folder, ctid, kind);
    return sys::exists(path) || sys::exists(path + ".new") || (kind.empty() && sys::exists(path + ".lock"));
}

Result<std::string> StateFile::read() const {
    VZ_ASSIGN(const auto text, sys::read_file(m_path));
    return text.value_or("");
}

Result<void> StateFile::write(std::string_view content) const {
    const std::string fresh = m_path + ".new";
    sys::Fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd)
        return sys_fail(errno, Errc::system, "open {}", fresh);
    VZ_TRY(sys::write_all(fd.get(), content).context(fresh));
    if (::rename(fresh.c_str(), m_path.c_str()) != 0)
        return sys_fail(errno, Errc::system, "rename to {}", m_path);
    return {};
}

Result<void> StateFile::remove() const {
    for (const auto& path : {m_path + ".new", m_path})
        if (::unlink(path.c_str()) != 0 && errno != ENOENT)
            return sys_fail(errno, Errc::system, "unlink {}", path);
    return {};
}

} // namespace vz::network
