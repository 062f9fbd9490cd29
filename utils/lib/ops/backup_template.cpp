// SPDX-License-Identifier: GPL-2.0-or-later
#include "backup_template.hpp"

#include "vz/archive/digest.hpp"
#include "vz/sys/file.hpp"
#include "vz/templates/store.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::ops {

namespace {

std::uint64_t size_of(const std::string& path) {
    struct stat st {};
    return ::stat(path.c_str(), &st) == 0 ? static_cast<std::uint64_t>(st.st_size) : 0;
}

// What an earlier backup says of the template, whose archive is still there.
std::optional<backup::OnTemplate> kept_already(const backup::Depot& depot, const std::string& tree_id) {
    const auto ids = depot.list();
    if (!ids)
        return std::nullopt;
    for (auto id = ids->rbegin(); id != ids->rend(); ++id)
        if (const auto head = depot.head(*id);
            head && head->on_template && head->on_template->tree_id == tree_id) {
            const auto& archive = head->on_template->archive;
            if (size_of(depot.path(archive.name)) == archive.size)
                return head->on_template;
        }
    return std::nullopt;
}

// Shares blocks where the file system can.
Result<void> copy_file(const std::string& from, const sys::Fd& to, const std::string& to_path) {
    const sys::Fd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (!source)
        return sys_fail(errno, Errc::failed, "open {}", from);
    if (::ioctl(to.get(), FICLONE, source.get()) != 0)
        for (;;) {
            const auto n = ::sendfile(to.get(), source.get(), nullptr, 1 << 30);
            if (n == 0)
                break;
            if (n < 0 && errno != EINTR)
                return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::failed, "write {}",
                                to_path);
        }
    return ::fsync(to.get()) == 0 ? Result<void>() : sys_fail(errno, Errc::failed, "fsync {}", to_path);
}

// Under a lock: so what lies there under the name of work in progress is a killed run's.
Result<void> copy_durably(const std::string& from, const backup::Depot& depot, const std::string& name) {
    const auto aside = depot.path("." + name);
    const sys::Fd fd(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd)
        return sys_fail(errno, Errc::failed, "create {}", aside);
    auto done = copy_file(from, fd, aside);
    if (done)
        done = sys::rename_durably(aside, depot.path(name));
    if (!done)
        ::unlink(aside.c_str());
    return done;
}

// The host's archive of just this edition of the template.
Result<templates::Template> archive_of(const Context& context, const std::string& tree_id) {
    const templates::Store store(context.host.template_dir());
    auto found = store.find(tree_id.substr(0, tree_id.find('@')), context.out);
    if (found && found->tree_id == tree_id)
        return found;
    return fail(Errc::template_not_found,
                "the archive of its template {} is gone; `vztemplate import` it again, or `vzctl rebase` the "
                "container, or make it independent by `vzctl convert` to another layout",
                tree_id);
}

} // namespace

std::string tree_id_of(const config::Container& container) {
    return container.template_id();
}

Result<backup::OnTemplate> keep_template(const Context& context, const backup::Depot& depot,
                                         const config::Container& container) {
    const auto tree_id = tree_id_of(container);
    VZ_ASSIGN(const auto lock, depot.lock_templates());
    if (auto kept = kept_already(depot, tree_id))
        return *std::move(kept);
    VZ_ASSIGN(const auto source, archive_of(context, tree_id));
    const auto dot = source.archive.find(".tar", source.archive.rfind('/'));
    const auto name = format("template-{}{}", tree_id, source.archive.substr(dot));
    const auto path = depot.path(name);
    context.out.info(format("Keeping the template {}", tree_id));
    VZ_TRY(copy_durably(source.archive, depot, name));
    VZ_ASSIGN(auto sha256, archive::sha256_of_file(path, context.out));
    if (sha256 != source.sha256)
        return fail(Errc::failed, "{}: what was written is not what was read", path);
    return backup::OnTemplate{tree_id, {name, size_of(path), std::move(sha256)}};
}

} // namespace vz::ops
