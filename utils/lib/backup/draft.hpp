// SPDX-License-Identifier: GPL-2.0-or-later
// A file of a depot with the name that it has while it is written.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/backup/head.hpp"
#include "vz/sys/fd.hpp"

#include <cerrno>
#include <string>

namespace vz::backup {

class Draft {
public:
    static Result<Draft> make(const Depot& depot, std::string name);

    int fd() const { return m_fd.get(); }
    const sys::Fd& file() const { return m_fd; }

    Result<Part> publish(Part part); // gives it its name, and the part too; what is written is durable before
    void drop() const;

private:
    Draft(const Depot& depot, std::string name) : m_depot(&depot), m_name(std::move(name)) {}
    std::string hidden() const { return "." + m_name; }

    const Depot* m_depot;
    std::string m_name;
    sys::Fd m_fd;
};

// A full disk as what it is.
inline Error as_space(Error error) {
    if (error.sys_errno == ENOSPC || error.sys_errno == EDQUOT)
        error.code = Errc::no_disk_space;
    return error;
}

} // namespace vz::backup
