// SPDX-License-Identifier: GPL-2.0-or-later
// Trees of the store: made aside, named when complete, removed by first losing their name.
#include "vz/templates/store.hpp"

#include "scratch.hpp"

#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"
#include "vz/templates/name.hpp"
#include "vz/unpack/unpack.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <sys/stat.h>

namespace vz::templates {

namespace {

constexpr std::string_view k_unfinished = ".tmp-";    // + tree id
constexpr std::string_view k_doomed = ".gone-";       // + tree id
constexpr std::string_view k_lock = ".lock-";         // + tree id
constexpr auto k_patience = std::chrono::minutes(30); // another process unpacks a big archive on a slow disk

// A program by one of its usual names, links followed inside the tree.
Result<bool> has_program(const sys::Dir& root, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        auto st = root.stat_following(name);
        if (!st && st.error().sys_errno == ELOOP) // links in a circle lead to no program
            continue;
        if (!st)
            return std::move(st).error();
        if (*st && S_ISREG((*st)->st_mode) && ((*st)->st_mode & 0111) != 0)
            return true;
    }
    return false;
}

Result<void> check_bootable(const std::string& path) {
    VZ_ASSIGN(const auto root, sys::Dir::open(path));
    VZ_ASSIGN(const bool init, has_program(root, {"sbin/init", "usr/lib/systemd/systemd",
                                                  "lib/systemd/systemd", "etc/init", "bin/init", "init"}));
    if (!init)
        return fail(Errc::bad_template, "holds no init program (sbin/init)");
    VZ_ASSIGN(const bool shell, has_program(root, {"bin/sh"}));
    return shell ? Result<void>() : fail(Errc::bad_template, "holds no shell (bin/sh)");
}

Result<sys::FileLock> lock_tree(const std::string& path, const std::string& id) {
    VZ_ASSIGN(auto lock, sys::FileLock::acquire(path, "tree", k_patience));
    if (!lock)
        return fail(Errc::locked, "tree {}: another process does not finish with it", id);
    return *std::move(lock);
}

std::string_view prefix_of_leftover(std::string_view name) {
    for (const auto prefix : {k_unfinished, k_doomed, k_lock})
        if (name.substr(0, prefix.size()) == prefix)
            return prefix;
    return {};
}

} // namespace

Result<Template> Store::ensure_tree(const Template& wanted, Reporter& reporter) const {
    VZ_TRY(make_folders());
    VZ_ASSIGN(const auto lock, lock_tree(tree(".lock-" + wanted.tree_id), wanted.tree_id));
    if (!sys::exists(wanted.tree_path)) {
        VZ_TRY(sweep_trees());
        VZ_TRY(make_tree(wanted.archive, wanted.tree_id, reporter));
        // The archive may have been replaced between the reading of its digest and now.
        const auto again = find(wanted.name, reporter);
        if (!again || again->tree_id != wanted.tree_id)
            return fail(Errc::bad_template, "{}: changed while it was unpacked; try again", wanted.archive);
        VZ_TRY(sys::rename_durably(tree(std::string(k_unfinished) + wanted.tree_id), wanted.tree_path));
    }
    auto out = wanted;
    out.tree_ready = true;
    return out;
}

// Leaves the tree under its unfinished name. The caller holds the tree's lock.
Result<void> Store::make_tree(const std::string& archive, const std::string& id, Reporter& reporter) const {
    const auto name = std::string(k_unfinished) + id;
    VZ_ASSIGN(const auto trees, sys::Dir::open(m_dir + "/tree"));
    VZ_TRY(trees.remove_tree(name));
    VZ_TRY(trees.make_dirs(name));
    Cleanup undo([&] { (void)trees.remove_tree(name); });
    {
        VZ_ASSIGN(const auto scratch, Scratch::open(tree(name)));
        VZ_TRY(unpack::extract({archive, scratch.dir, scratch.userns, {}, reporter}));
    }
    VZ_TRY(check_bootable(tree(name)).context(archive));
    undo.dismiss();
    return {};
}

// What killed runs left. Whoever holds a tree's lock is still at work on it.
Result<void> Store::sweep_trees() const {
    if (!sys::exists(m_dir + "/tree"))
        return {};
    VZ_ASSIGN(const auto trees, sys::Dir::open(m_dir + "/tree"));
    VZ_ASSIGN(const auto names, trees.list());
    for (const auto& name : names) {
        const auto prefix = prefix_of_leftover(name);
        if (prefix.empty())
            continue;
        // A lock file goes away with the lock that is taken on it here.
        auto lock = sys::FileLock::acquire(tree(std::string(k_lock) + name.substr(prefix.size())), "tree");
        if (lock && *lock && prefix != k_lock)
            VZ_TRY(trees.remove_tree(name));
    }
    return {};
}

Result<std::vector<std::string>> Store::trees_of(const std::string& name) const {
    std::vector<std::string> out;
    if (!sys::exists(m_dir + "/tree"))
        return out;
    VZ_ASSIGN(const auto trees, sys::Dir::open(m_dir + "/tree"));
    VZ_ASSIGN(const auto entries, trees.list());
    for (const auto& entry : entries)
        if (name_of_tree(entry) == name)
            out.push_back(entry);
    return out;
}

// The question is asked under the lock, and ensure_tree() takes the same lock after a container's
// configuration names the tree: so either we see the container, or it sees that the tree is gone.
Result<void> Store::remove_tree(const std::string& id, const InUse& in_use) const {
    VZ_ASSIGN(const auto lock, lock_tree(tree(".lock-" + id), id));
    VZ_ASSIGN(const auto used, in_use());
    if (std::find(used.begin(), used.end(), id) != used.end())
        return fail(Errc::failed, "tree {} is in use by a container", id);
    if (!sys::exists(tree(id)))
        return {};
    const auto doomed = std::string(k_doomed) + id;
    VZ_ASSIGN(const auto trees, sys::Dir::open(m_dir + "/tree"));
    VZ_TRY(trees.remove_tree(doomed));
    VZ_TRY(sys::rename_durably(tree(id), tree(doomed)));
    return trees.remove_tree(doomed);
}

Result<std::vector<std::string>> Store::remove(const std::string& name, const InUse& in_use,
                                               DryRun dry_run) const {
    if (!is_template_name(name))
        return fail(Errc::bad_value, "'{}' is not a template name", text::printable(name));
    VZ_ASSIGN(const auto ids, trees_of(name));
    std::vector<std::string> files;
    for (const auto suffix : archive_suffixes())
        files.push_back(cache(name + std::string(suffix)));
    for (const auto& file :
         {name + ".json", "." + name + ".next.json", "." + name + ".stamp", "." + name + ".part"})
        files.push_back(cache(file));
    files.erase(
        std::remove_if(files.begin(), files.end(), [](const auto& file) { return !sys::exists(file); }),
        files.end());
    if (files.empty() && ids.empty())
        return fail(Errc::template_not_found, "template '{}' is not here", name);
    VZ_ASSIGN(const auto used, in_use());
    for (const auto& id : ids)
        if (std::find(used.begin(), used.end(), id) != used.end())
            return fail(Errc::failed, "template '{}' is in use: a container runs on tree {}", name, id);
    auto removed = files;
    for (const auto& id : ids)
        removed.push_back(tree(id));
    if (dry_run == DryRun::yes)
        return removed;
    VZ_ASSIGN(const auto lock, this->lock(name));
    // Trees first: as long as the archive is there, each state in between is a template that can be used.
    for (const auto& id : ids)
        VZ_TRY(remove_tree(id, in_use));
    VZ_ASSIGN(const auto folder, sys::Dir::open(m_dir + "/cache"));
    for (const auto& file : files)
        VZ_TRY(folder.remove(file.substr(file.rfind('/') + 1)));
    VZ_TRY(sys::fsync_dir(m_dir + "/cache"));
    VZ_TRY(sweep_trees());
    return removed;
}

Result<std::vector<std::string>> Store::prune(const std::string& name, const InUse& in_use) const {
    VZ_ASSIGN(const auto current, find(name));
    VZ_ASSIGN(const auto ids, trees_of(name));
    VZ_ASSIGN(const auto used, in_use());
    std::vector<std::string> removed;
    for (const auto& id : ids) {
        if (id == current.tree_id || std::find(used.begin(), used.end(), id) != used.end())
            continue;
        VZ_TRY(remove_tree(id, in_use));
        removed.push_back(tree(id));
    }
    return removed;
}

} // namespace vz::templates
