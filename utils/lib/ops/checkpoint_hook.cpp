// SPDX-License-Identifier: GPL-2.0-or-later
// What CRIU leaves to us at its stages (criu(8), --action-script).
#include "attachment.hpp"
#include "checkpoint_check.hpp"
#include "checkpoint_files.hpp"
#include "enforce.hpp"
#include "vz/base/text.hpp"
#include "vz/checkpoint/group_tree.hpp"
#include "vz/checkpoint/images.hpp"
#include "vz/config/registry.hpp"
#include "vz/limits/groups.hpp"
#include "vz/ops/checkpoint.hpp"
#include "vz/ops/lxc_setup.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::ops {

namespace {

constexpr const char* k_groups = "/groups.json";

struct Stage {
    const config::Host& host;
    const config::Container& container;
    const CheckpointWork& work;
    pid_t init;
    Reporter& out;
};

std::string group_folder(const CheckpointWork& work) {
    return "/sys/fs/cgroup" + work.group;
}

Result<void> sync_folder(const std::string& folder) {
    const sys::Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::syncfs(fd.get()) != 0)
        return sys_fail(errno, Errc::checkpoint, "write {} to the disk", folder);
    return {};
}

// A restore reads them partly as the container's root, who otherwise cannot come near this folder, and partly
// as the host's, but without his privileges.
Result<void> give_to_container(const Stage& stage, const std::string& folder) {
    const auto ids = stage.container.id_range();
    if (!ids)
        return {};
    VZ_ASSIGN(const auto dir, sys::Dir::open(folder));
    VZ_ASSIGN(auto names, dir.list());
    names.emplace_back(".");
    for (const auto& name : names)
        if (::fchownat(dir.fd(), name.c_str(), ids->uid_base, 0, AT_SYMLINK_NOFOLLOW) != 0)
            return sys_fail(errno, Errc::checkpoint, "chown {}/{}", folder, name);
    if (::chmod(folder.c_str(), 0750) != 0)
        return sys_fail(errno, Errc::checkpoint, "chmod {}", folder);
    return {};
}

// The images are whole; after this the processes end. From here on the dump counts.
Result<void> dumped(const Stage& stage) {
    const auto runtime = load_runtime(stage.host.paths, stage.container.ctid());
    if (!runtime)
        return fail(Errc::checkpoint, "the container is not known to run");
    VZ_ASSIGN(const auto group, group_of(*runtime));
    VZ_ASSIGN(const auto tree, checkpoint::read_groups(group));
    const auto folder = unfinished(stage.work.dump);
    VZ_TRY(sys::write_file_atomic(folder + k_groups, checkpoint::to_text(tree), 0600));
    VZ_TRY(checkpoint::mend_mounts(folder, group, below_hierarchy(group)));
    VZ_TRY(give_to_container(stage, folder));
    VZ_TRY(sync_folder(folder));
    remove_dump(stage.host, stage.container.ctid());
    return sys::rename_durably(folder, stage.work.dump);
}

Result<void> make_groups(const Stage& stage) {
    VZ_ASSIGN(const auto text, sys::read_file(stage.work.dump + k_groups, 256 << 20));
    VZ_ASSIGN(const auto tree, checkpoint::parse_group_tree(text.value_or("")));
    return checkpoint::write_groups(group_folder(stage.work), tree, false);
}

// The limits as NUM.conf has them; and those that were changed since without being saved, unless somebody
// has saved others meanwhile.
Result<void> set_limits(const Stage& stage, const Runtime& runtime) {
    VZ_TRY(enforce_all(stage.container, runtime, stage.out));
    if (!stage.work.same_conf)
        return {};
    VZ_ASSIGN(const auto text, sys::read_file(stage.work.dump + k_groups, 256 << 20));
    VZ_ASSIGN(auto tree, checkpoint::parse_group_tree(text.value_or("")));
    tree.erase(std::remove_if(tree.begin(), tree.end(), [](const auto& group) { return group.path != "."; }),
               tree.end());
    return checkpoint::write_groups(group_folder(stage.work), tree, true);
}

// All processes are there and none of them runs yet.
Result<void> restored(const Stage& stage) {
    const auto start_ticks = process_start_ticks(stage.init);
    if (!start_ticks)
        return fail(Errc::restore, "the container's init (process {}) is gone", stage.init);
    Runtime runtime{stage.init,
                    *start_ticks,
                    {{"", group_folder(stage.work)}},
                    stage.host.paths.ct_run_dir(stage.container.ctid())};
    VZ_TRY(set_limits(stage, runtime));
    VZ_TRY(bring_network_up(stage.host, stage.container, stage.init, Parts::all, {}, stage.out));
    VZ_TRY(save_runtime(stage.host.paths, stage.container.ctid(), runtime));
    // From here on the files change: nobody may restore from this dump again.
    return stage.work.final ? sys::rename_durably(stage.work.dump, stage.work.dump + ".used")
                            : Result<void>();
}

} // namespace

Result<void> hook_checkpoint(const config::Host& host, config::Ctid ctid, const std::string& stage,
                             pid_t init, Reporter& out) {
    const auto work = load_work(host.paths, ctid);
    if (!work)
        return fail(Errc::checkpoint, "no suspend or resume is under way");
    VZ_ASSIGN(const auto container, config::load_container(host, ctid));
    const Stage now{host, container, *work, init, out};
    if (stage == "post-dump")
        return dumped(now);
    if (stage == "post-setup-namespaces")
        return make_groups(now);
    if (stage == "post-restore")
        return restored(now);
    if (stage == "pre-resume")
        checkpoint::watch_pressure_again(group_folder(*work));
    return {};
}

} // namespace vz::ops
