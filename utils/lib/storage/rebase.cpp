// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/storage/rebase.hpp"

#include "layers.hpp"
#include "overlay_marks.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/tree_copy.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::storage {

namespace {

// The day of the last change of passwords is that of the template's making: no difference worth a conflict.
std::string without_days(const std::string& shadow) {
    std::string out;
    for (const auto& line : text::split(shadow, '\n')) {
        auto fields = text::split(line, ':'); // shadow(5)
        if (fields.size() > 2)
            fields[2].clear();
        out += text::join(fields, ":") + "\n";
    }
    return out;
}

struct Tree {
    const sys::Dir& dir;
    sys::IdRange owners; // of what lies in it
};

bool same_owner(const Tree& a, const struct stat& one, const Tree& b, const struct stat& other) {
    return one.st_uid - a.owners.uid_base == other.st_uid - b.owners.uid_base &&
           one.st_gid - a.owners.gid_base == other.st_gid - b.owners.gid_base;
}

Result<bool> same_file(const Tree& a, const Tree& b, const std::string& path, off_t size) {
    if (path == "etc/shadow") {
        VZ_ASSIGN(const auto one, a.dir.read_file(path));
        VZ_ASSIGN(const auto other, b.dir.read_file(path));
        return one && other && without_days(*one) == without_days(*other);
    }
    VZ_ASSIGN(const auto one, a.dir.open_at(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    VZ_ASSIGN(const auto other, b.dir.open_at(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    return sys::same_content(one.get(), other.get(), size);
}

// Both are there or both are not, of the same kind and content. Of folders only that they are folders.
Result<bool> same(const Tree& a, const Tree& b, const std::string& path) {
    VZ_ASSIGN(const auto one, a.dir.stat(path));
    VZ_ASSIGN(const auto other, b.dir.stat(path));
    if (!one || !other)
        return !one && !other;
    if ((one->st_mode & S_IFMT) != (other->st_mode & S_IFMT))
        return false;
    if (S_ISDIR(one->st_mode))
        return true;
    if ((one->st_mode & 07777) != (other->st_mode & 07777) || !same_owner(a, *one, b, *other))
        return false;
    if (S_ISREG(one->st_mode))
        return path == "etc/shadow" || one->st_size == other->st_size ? same_file(a, b, path, one->st_size)
                                                                      : false;
    if (!S_ISLNK(one->st_mode))
        return one->st_rdev == other->st_rdev;
    VZ_ASSIGN(const auto target, a.dir.read_symlink(path));
    VZ_ASSIGN(const auto other_target, b.dir.read_symlink(path));
    return target == other_target;
}

bool matches(const std::vector<std::string>& patterns, const std::string& path) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return text::matches_glob(pattern, "/" + path); });
}

enum class Side { keep, take };

std::optional<Side> ruled(const RebaseRules& rules, const std::string& path) {
    if (matches(rules.take, path))
        return Side::take;
    return matches(rules.keep, path) ? std::optional(Side::keep) : std::nullopt;
}

// What rewriting itself is not worth a question: logs, caches, names and keys that we or the system write.
const RebaseRules k_default_rules{{"/var/log/*", "/var/cache/*", "/var/tmp/*", "/tmp/*", "/run/*", "/root/.*",
                                   "/home/*", "/var/lib/systemd/*", "/var/lib/apt/lists/*",
                                   "/var/lib/dbus/machine-id", "/etc/machine-id", "/etc/hostname",
                                   "/etc/hosts", "/etc/resolv.conf", "/etc/ssh/ssh_host_*", "/etc/.pwd.lock"},
                                  {"/etc/ld.so.cache", "/etc/.updated", "/var/.updated"}};

// What a container has above its template: its upper, then the layers that it shares with copies of it.
using Stack = std::vector<Tree>;

Result<bool> is_hidden(const Stack& stack, std::size_t level, const std::string& path) {
    for (std::size_t above = 0; above < level; ++above) {
        VZ_ASSIGN(const bool hidden, hides(stack[above].dir, path));
        if (hidden)
            return true;
    }
    return false;
}

class Planner {
public:
    Planner(Tree old_tree, Tree new_tree, const Stack& stack, const RebaseRules& rules)
        : m_old(old_tree), m_new(new_tree), m_stack(stack), m_rules(rules) {}

    Result<RebasePlan> run() {
        for (m_level = 0; m_level < m_stack.size(); ++m_level)
            VZ_TRY(walk("."));
        return std::move(m_plan);
    }

private:
    const Tree& upper() const { return m_stack[m_level]; }

    Result<void> walk(const std::string& folder) {
        VZ_ASSIGN(const auto names, upper().dir.list(folder));
        for (const auto& name : names) {
            const auto path = folder == "." ? name : folder + "/" + name;
            VZ_ASSIGN(const bool hidden, is_hidden(m_stack, m_level, path));
            if (hidden)
                continue;
            VZ_ASSIGN(const auto st, upper().dir.stat(path));
            if (st)
                VZ_TRY(visit(path, *st));
        }
        return {};
    }

    Result<void> visit(const std::string& path, const struct stat& st) {
        if (is_whiteout(st)) {
            m_plan.removed.push_back(path);
            return {};
        }
        if (!S_ISDIR(st.st_mode))
            return visit_file(path);
        VZ_ASSIGN(const auto there, m_new.dir.stat(path));
        if (is_opaque(upper().dir, path)) {
            m_plan.removed.push_back(path); // all below is the container's own
            return {};
        }
        if (there && !S_ISDIR(there->st_mode)) {
            decide(path);
            return {};
        }
        return walk(path);
    }

    Result<void> visit_file(const std::string& path) {
        VZ_ASSIGN(const bool untouched, same(m_old, m_new, path));
        if (untouched)
            return {};
        VZ_ASSIGN(const bool alike, same(upper(), m_new, path));
        if (alike)
            m_plan.taken.push_back(path); // shared again
        else
            decide(path);
        return {};
    }

    void decide(const std::string& path) {
        auto side = ruled(m_rules, path);
        if (!side)
            side = ruled(k_default_rules, path);
        if (!side)
            m_plan.conflicts.push_back("/" + path);
        else if (*side == Side::take)
            m_plan.taken.push_back(path);
        else
            m_plan.removed.push_back(path); // makes room for what is kept
    }

    Tree m_old;
    Tree m_new;
    const Stack& m_stack;
    std::size_t m_level = 0;
    const RebaseRules& m_rules;
    RebasePlan m_plan;
};

// Keeps the folders open that a stack is made of.
struct Opened {
    std::vector<sys::Dir> folders;
    Stack stack;
};

Result<Opened> open_stack(const Volume& volume) {
    VZ_ASSIGN(auto all, layers::below(volume, volume.private_area));
    all.insert(all.begin(), {volume.private_area + "/upper", volume.ids});
    Opened out;
    for (const auto& layer : all) {
        VZ_ASSIGN(auto folder, sys::Dir::open(layer.path).as(Errc::no_private));
        out.folders.push_back(std::move(folder));
    }
    for (std::size_t i = 0; i < all.size(); ++i)
        out.stack.push_back({out.folders[i], all[i].owners});
    return out;
}

using Paths = std::set<std::string, std::less<>>;

// What one layer adds to the new container: not what is hidden, taken from the template, or a mark of
// something removed.
Result<void> copy_level(const Stack& stack, std::size_t level, const Files& files, const Paths& taken,
                        const Paths& removed) {
    std::optional<Error> failed;
    sys::TreeCopy copy{stack[level].dir, files.root, stack[level].owners, files.owners};
    copy.additive = true;
    copy.wants = [&](std::string_view path, mode_t mode) {
        const auto hidden = is_hidden(stack, level, std::string(path));
        if (!hidden)
            failed = hidden.error();
        const bool is_mark = S_ISCHR(mode) && removed.count(path) > 0;
        return hidden && !*hidden && !is_mark && taken.count(path) == 0;
    };
    VZ_TRY(sys::copy_tree(copy));
    return failed ? Result<void>(std::move(*failed)) : Result<void>();
}

Result<void> sync(const sys::Dir& dir) {
    const sys::Fd fd(::openat(dir.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::syncfs(fd.get()) != 0)
        return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system,
                        "write the copied files");
    return {};
}

} // namespace

Result<RebasePlan> plan_rebase(const Volume& volume, const std::string& new_tree, const RebaseRules& rules) {
    const sys::IdRange natural{0, 0, volume.ids.count};
    VZ_ASSIGN(const auto old_dir, sys::Dir::open(volume.template_tree).as(Errc::template_not_found));
    VZ_ASSIGN(const auto new_dir, sys::Dir::open(new_tree).as(Errc::template_not_found));
    VZ_ASSIGN(const auto opened, open_stack(volume));
    return Planner({old_dir, natural}, {new_dir, natural}, opened.stack, rules).run();
}

Result<void> apply_rebase(const Volume& source, const Volume& target, const RebasePlan& plan) {
    const auto overlay = make_overlay_storage();
    VZ_ASSIGN(const auto opened, open_stack(source));
    VZ_ASSIGN(const auto files, overlay->files(target));
    for (const auto& path : plan.removed)
        VZ_TRY(files.root.remove_tree(path));
    const Paths taken(plan.taken.begin(), plan.taken.end());
    const Paths removed(plan.removed.begin(), plan.removed.end());
    // The oldest first: folders that several have get the attributes of the newest.
    for (auto level = opened.stack.size(); level-- > 0;)
        VZ_TRY(copy_level(opened.stack, level, files, taken, removed));
    return sync(files.root);
}

} // namespace vz::storage
