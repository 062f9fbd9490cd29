// SPDX-License-Identifier: GPL-2.0-or-later
#include "area_move.hpp"

#include "volume.hpp"
#include "vz/base/scope.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/mount.hpp"

#include <sys/stat.h>

namespace vz::ops {

namespace {

// Complete and durable, beside the original.
Result<void> make_aside(const Context& context, Move& move, const FillAside& fill) {
    const auto to = storage_for(move.to.layout());
    VZ_TRY(to->create(move.target, {}));
    struct stat st {};
    if (::lstat(move.target.private_area.c_str(), &st) != 0)
        return sys_fail(errno, Errc::convert, "look at {}", move.target.private_area);
    move.pending.swap->aside_inode = st.st_ino;
    VZ_TRY(announce(context.host, move.from.ctid(), move.pending));
    VZ_TRY(fill(move));
    auto limited = to->set_limits(move.target, disk_limits_of(move.to), context.out);
    if (!limited)
        context.out.warning(limited.error().what);
    return {};
}

} // namespace

Result<void> check_movable(const Context& context, const config::Container& container) {
    const auto area = container.private_area();
    if (is_running(context.host.paths, container.ctid()))
        return fail(Errc::running, "Container is currently running (stop first)");
    if (is_mounted(container))
        return fail(Errc::mounted, "Container is currently mounted (umount first)");
    if (!sys::exists(area))
        return fail(Errc::no_private, "Container private area {} does not exist", area);
    if (sys::is_mount_point(area))
        return fail(Errc::convert,
                    "{} is a mount point: its files cannot be replaced there; give the container "
                    "another VE_PRIVATE first",
                    area);
    if (sys::exists(format("{}/Dump.{}", context.host.dump_dir(), container.ctid().value())))
        return fail(Errc::convert, "the container is suspended: resume and stop it first");
    VZ_ASSIGN(const auto volume, volume_of(container));
    VZ_ASSIGN(const auto snapshots, storage_for(container.layout())->list_snapshots(volume));
    if (!snapshots.empty())
        return fail(Errc::convert,
                    "the container has {} snapshots, which cannot move with it: delete them first",
                    snapshots.size());
    return {};
}

Result<Move> plan_move(const config::Container& from, config::Container to) {
    VZ_ASSIGN(auto source, volume_of(from));
    VZ_ASSIGN(auto target, volume_of(to));
    target.private_area += ".convert";
    target.number = storage::other_number(source);
    target.size = disk_limits_of(to).bytes;
    Pending pending;
    pending.tree = to.template_id();
    Swap swap{area_of(to), area_of(from), 0, "", ""};
    swap.aside.path = target.private_area;
    pending.swap = swap;
    return Move{from, std::move(to), std::move(source), std::move(target), std::move(pending)};
}

Result<void> try_out(const Context& context, const Move& move) {
    VZ_TRY(announce(context.host, move.from.ctid(), move.pending));
    return storage_for(move.to.layout())->create(move.target, {});
}

Result<void> copy_all(const Move& move) {
    return storage::copy_files(*storage_for(move.from.layout()), move.source, *storage_for(move.to.layout()),
                               move.target);
}

Result<void> carry_out(const Context& context, Move& move, const FillAside& fill,
                       const std::function<Result<void>()>& decide) {
    const auto& host = context.host;
    const auto ctid = move.from.ctid();
    Cleanup undo([&] { (void)finish(host, ctid); });
    VZ_TRY(announce(host, ctid, move.pending));
    VZ_TRY(make_aside(context, move, fill));
    VZ_TRY(decide());
    undo.dismiss();
    return finish(host, ctid);
}

} // namespace vz::ops
