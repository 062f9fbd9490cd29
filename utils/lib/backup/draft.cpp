// SPDX-License-Identifier: GPL-2.0-or-later
#include "draft.hpp"

#include "vz/sys/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace vz::backup {

Result<Draft> Draft::make(const Depot& depot, std::string name) {
    Draft draft(depot, std::move(name));
    const auto path = depot.path(draft.hidden());
    draft.m_fd = sys::Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!draft.m_fd)
        return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::failed, "create {}", path);
    return draft;
}

Result<Part> Draft::publish(Part part) {
    VZ_TRY(sys::rename_durably(m_depot->path(hidden()), m_depot->path(m_name)));
    part.name = m_name;
    return part;
}

void Draft::drop() const {
    ::unlink(m_depot->path(hidden()).c_str());
}

} // namespace vz::backup
