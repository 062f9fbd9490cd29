// SPDX-License-Identifier: GPL-2.0-or-later
// Backups as folders.
#include "verbs.hpp"

#include "vz/ops/restore.hpp"

#include <ostream>

namespace vz::vzbackup {

int mount(const Call& call) {
    if (call.words.size() != 2)
        return cli::report_usage(k_tool, fail(Errc::usage, "mount: a backup and a folder"), call.io.err);
    const auto engine = ops::make_engine(call.host);
    const auto id = call.depot.resolve(call.words[0]);
    const auto done = id ? ops::mount_backup({call.host, *engine, call.out}, call.depot, *id, call.words[1])
                         : Result<void>(id.error());
    if (!done)
        return cli::report(k_tool, done.error(), call.io.err);
    call.io.out << *id << '\n';
    return 0;
}

int umount(const Call& call) {
    if (call.words.size() != 1)
        return cli::report_usage(k_tool, fail(Errc::usage, "umount: of which folder?"), call.io.err);
    const auto done = ops::unmount_backup(call.words[0]);
    return done ? 0 : cli::report(k_tool, done.error(), call.io.err);
}

} // namespace vz::vzbackup
