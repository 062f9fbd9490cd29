// SPDX-License-Identifier: GPL-2.0-or-later
// Makes one folder equal to another, by root, without losing anything: owners, modes, times, hard links,
// holes, file capabilities, user attributes, ACLs, FIFOs, sockets and device nodes. Both trees may have been
// written by a hostile container: links are never followed, nothing is opened but folders and regular files.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/userns.hpp"

#include <functional>
#include <string_view>
#include <sys/types.h>

namespace vz::sys {

struct TreeCopy {
    const Dir& source;
    const Dir&
        target; // on top of what is there: what is equal already is left untouched, what is too much goes
    // Whose ids the owners of each side are: id N of the container lies there as uid_base + N. Owners, ACLs
    // and capabilities are translated; owners outside of the range become the container's nobody (65534).
    IdRange source_ids;
    IdRange target_ids;
    bool keep_trusted = false; // attributes "trusted.*" too: for the raw layers of an overlay
    bool additive = false;     // what the source does not have stays in the target
    // Which files are meant, by their path below the source; empty: all. What is not meant stays in the
    // target.
    std::function<bool(std::string_view path, mode_t mode)> wants = {};
};

// Shares blocks where the file system can (FICLONE). Errc::no_disk_space; the target is then partly filled.
// Not durable: syncfs(2) when all is done. What changes meanwhile in the source is copied old or new.
Result<void> copy_tree(const TreeCopy& request);

// Whether two open files have the same content; both are `size` bytes long.
Result<bool> same_content(int a, int b, off_t size);

} // namespace vz::sys
