// SPDX-License-Identifier: GPL-2.0-or-later
// Work done from within the namespaces of a running process (namespaces(7), setns(2)).
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/fd.hpp"

#include <functional>
#include <string>
#include <sys/types.h>

namespace vz::sys {

// Keeps its meaning when the process ends and its number is given to another (pidfd_open(2)). Errc::system.
Result<Fd> open_process(pid_t pid);

// Runs `work` in a child that has entered these namespaces of the process (CLONE_NEWNS, …), with the
// caller's credentials. With CLONE_NEWUSER it becomes root of that user namespace and has no other rights;
// with CLONE_NEWPID, process numbers mean what they mean inside. Descriptors opened before stay usable.
Result<std::string> run_in_namespaces(const Fd& process, int namespaces,
                                      const std::function<Result<std::string>()>& work);

} // namespace vz::sys
