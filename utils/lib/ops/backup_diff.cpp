// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/backup_diff.hpp"

#include "backup_source.hpp"
#include "backup_template.hpp"
#include "cell.hpp"
#include "volume.hpp"

#include "vz/config/registry.hpp"
#include "vz/sys/file.hpp"
#include "vz/unpack/backup.hpp"

#include <cerrno>
#include <sys/mman.h>

namespace vz::ops {

namespace {

constexpr sys::IdRange k_own_ids{0, 0, 65536}; // a template's files lie on disk with the container's own ids

Result<backup::View> view_of(const Context& context, const backup::Depot& depot, const std::string& id) {
    const sys::Fd list(::memfd_create("vz-files", MFD_CLOEXEC));
    if (!list)
        return sys_fail(errno, Errc::no_resources, "memfd_create");
    VZ_ASSIGN(const auto userns, sys::make_userns(k_nobodys_ids));
    VZ_ASSIGN(const auto cell, make_cell());
    VZ_ASSIGN(const auto listed, unpack::list_backup_files({depot, id, cell, userns, {}, context.out}, list));
    return backup::read_view(list, listed).context(id);
}

} // namespace

Result<std::vector<backup::Difference>> diff_backups(const Context& context, const backup::Depot& depot,
                                                     const std::string& before, const std::string& after) {
    VZ_ASSIGN(const auto then, view_of(context, depot, before));
    VZ_ASSIGN(const auto later, view_of(context, depot, after));
    return backup::differences(then, later);
}

Result<std::vector<backup::Difference>> diff_with_now(const Context& context, const backup::Depot& depot,
                                                      const std::string& id) {
    VZ_ASSIGN(const auto head, depot.head(id));
    VZ_ASSIGN(const auto container, config::load_container(context.host, config::Ctid(head.ctid)));
    if (const auto path = container.private_area(); !sys::exists(path))
        return fail(Errc::no_private, "Container private area {} does not exist", path);
    if (container.uuid() != head.uuid)
        context.out.warning(format("container {} is another one than was backed up", head.ctid));
    VZ_ASSIGN(const auto volume, volume_of(container));
    VZ_ASSIGN(const auto then, view_of(context, depot, id));
    VZ_ASSIGN(const auto source, source_of(storage_for(container.layout())->layers(volume)));
    backup::NowRequest request{source, then, std::nullopt, false, context.out};
    if (source.overlay) {
        VZ_ASSIGN(auto tree, sys::Dir::open(volume.template_tree));
        request.lies_on = backup::Layer{std::move(tree), k_own_ids};
        request.same_template = head.on_template && head.on_template->tree_id == tree_id_of(container);
    }
    VZ_ASSIGN(const auto now, backup::view_now(request));
    return backup::differences(then, now);
}

} // namespace vz::ops
