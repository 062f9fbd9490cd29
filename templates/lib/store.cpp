// SPDX-License-Identifier: GPL-2.0-or-later
// Finding, listing and verifying; trees are in tree.cpp, new archives in publish.cpp.
#include "vz/templates/store.hpp"

#include "scratch.hpp"
#include "stamp.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"
#include "vz/templates/name.hpp"
#include "vz/unpack/unpack.hpp"

#include <algorithm>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::templates {

namespace {

constexpr std::size_t k_max_manifest = 64 << 20;

std::optional<Manifest> read_manifest(const std::string& path) {
    const auto content = sys::read_file(path, k_max_manifest);
    if (!content || !*content)
        return std::nullopt;
    auto manifest = parse_manifest(**content);
    return manifest ? std::optional(*std::move(manifest)) : std::nullopt;
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
    if (!sys::exists(folder))
        return std::vector<std::string>();
    VZ_ASSIGN(const auto dir, sys::Dir::open(folder));
    return dir.list();
}

Error not_found(const std::string& name) {
    return fail(Errc::template_not_found,
                "template '{}' is not here; see 'vztemplate list', make it with "
                "'vztemplate build' or get it with 'vztemplate fetch'",
                text::printable(name));
}

} // namespace

Store::Store(std::string template_dir) : m_dir(std::move(template_dir)) {}

std::string Store::cache(std::string_view file) const {
    return format("{}/cache/{}", m_dir, file);
}
std::string Store::tree(std::string_view id) const {
    return format("{}/tree/{}", m_dir, id);
}
std::string Store::part_path(const std::string& name) const {
    return cache("." + name + ".part");
}

Result<std::optional<std::string>> Store::archive_of(const std::string& name) const {
    for (const auto suffix : archive_suffixes()) {
        auto path = cache(name + std::string(suffix));
        struct stat st {};
        if (::stat(path.c_str(), &st) != 0)
            continue;
        if (!S_ISREG(st.st_mode))
            return fail(Errc::bad_template, "{}: not a regular file", path);
        return std::optional(std::move(path));
    }
    return std::optional<std::string>();
}

// publish() puts the next manifest beside before it replaces the archive: killed in between, that one fits.
std::optional<Manifest> Store::manifest_for(const std::string& name, const std::string& sha256) const {
    for (const auto& path : {cache(name + ".json"), cache("." + name + ".next.json")}) {
        auto manifest = read_manifest(path);
        if (manifest && manifest->name == name && (sha256.empty() || manifest->sha256 == sha256))
            return manifest;
    }
    return std::nullopt;
}

Template Store::describe(const std::string& name, const std::string& path, const std::string& sha256) const {
    Template out;
    out.name = name;
    out.archive = path;
    out.sha256 = sha256;
    if (!sha256.empty()) {
        out.tree_id = templates::tree_id(name, sha256);
        out.tree_path = tree(out.tree_id);
        out.tree_ready = sys::exists(out.tree_path);
    }
    out.manifest = manifest_for(name, sha256);
    return out;
}

Result<Template> Store::find(const std::string& name, Reporter& reporter) const {
    if (!is_template_name(name))
        return fail(Errc::bad_value, "'{}' is not a template name", text::printable(name));
    VZ_ASSIGN(const auto path, archive_of(name));
    if (!path)
        return not_found(name);
    const auto stamp = cache("." + name + ".stamp");
    auto sha256 = stamped_digest(stamp, *path);
    if (!sha256) {
        VZ_ASSIGN(sha256, unpack::sha256_of_file(*path, reporter));
        write_stamp(stamp, *path, *sha256);
    }
    auto found = describe(name, *path, *sha256);
    if (!found.manifest && sys::exists(cache(name + ".json")))
        return fail(Errc::bad_template,
                    "{}: damaged, or not the archive its manifest {}.json describes; build or "
                    "fetch it again",
                    *path, name);
    return found;
}

Result<std::vector<Template>> Store::list() const {
    VZ_ASSIGN(const auto files, names_in(m_dir + "/cache"));
    std::set<std::string> names;
    for (const auto& file : files)
        if (auto name = name_of_archive(file))
            names.insert(*std::move(name));
    std::vector<Template> out;
    for (const auto& name : names) {
        const auto path = archive_of(name);
        if (!path || !*path)
            continue;
        auto sha256 = stamped_digest(cache("." + name + ".stamp"), **path);
        if (const auto manifest = manifest_for(name, ""); !sha256 && manifest)
            sha256 = manifest->sha256;
        out.push_back(describe(name, **path, sha256.value_or("")));
    }
    return out;
}

Result<void> Store::verify(const std::string& name, Reporter& reporter) const {
    if (!is_template_name(name))
        return fail(Errc::bad_value, "'{}' is not a template name", text::printable(name));
    VZ_ASSIGN(const auto path, archive_of(name));
    if (!path)
        return not_found(name);
    VZ_ASSIGN(const auto sha256, unpack::sha256_of_file(*path, reporter)); // never from the stamp
    const auto found = describe(name, *path, sha256);
    if (!found.manifest && sys::exists(cache(name + ".json")))
        return fail(Errc::bad_template, "{}: sha256 {} is not that of the manifest", *path, sha256);
    if (!found.manifest)
        reporter.info(format("{}: no manifest, checking the archive alone", name));
    VZ_ASSIGN(const auto scratch, Scratch::open(found.tree_ready ? found.tree_path : m_dir + "/cache"));
    const archive::ExtractRequest request{*path, scratch.dir, scratch.userns, {}, reporter};
    if (!found.tree_ready)
        return [&]() -> Result<void> {
            VZ_TRY(unpack::check(request));
            return {};
        }();
    VZ_TRY(unpack::compare(request).context(found.tree_path));
    return {};
}

Result<sys::FileLock> Store::lock(const std::string& name) const {
    if (!is_template_name(name))
        return fail(Errc::bad_value, "'{}' is not a template name", text::printable(name));
    VZ_TRY(make_folders());
    const auto path = format("{}/.lock-{}", m_dir, name);
    VZ_ASSIGN(auto lock, sys::FileLock::acquire(path, "template"));
    if (!lock)
        return fail(Errc::locked, "template '{}' is being worked on by another process ({})", name,
                    sys::lock_holder(path).value_or(sys::LockHolder{}).pid);
    VZ_TRY(sweep_cache(name));
    return *std::move(lock);
}

// Temporary files of an atomic write that was killed.
Result<void> Store::sweep_cache(const std::string& name) const {
    VZ_ASSIGN(const auto folder, sys::Dir::open(m_dir + "/cache"));
    VZ_ASSIGN(const auto files, folder.list());
    for (const auto& file : files)
        if (text::matches_glob("." + name + ".*.tmp", file) || text::matches_glob(name + ".json.*.tmp", file))
            VZ_TRY(folder.remove(file));
    return {};
}

Result<void> Store::abandon(const std::string& name) const {
    // As long as the archive has not left its work name, the next manifest fits nothing.
    if (sys::exists(part_path(name))) {
        ::unlink(cache("." + name + ".next.json").c_str());
        ::unlink(part_path(name).c_str());
    }
    VZ_TRY(sweep_cache(name));
    return sweep_trees();
}

Result<void> Store::make_folders() const {
    VZ_TRY(sys::make_dirs(m_dir + "/cache").as(Errc::no_template_dir));
    // Set-user-id files of all templates are in the trees: nobody but root may reach them on the host.
    VZ_TRY(sys::make_dirs(m_dir + "/tree", 0700).as(Errc::no_template_dir));
    if (::chmod((m_dir + "/tree").c_str(), 0700) != 0)
        return sys_fail(errno, Errc::no_template_dir, "chmod {}/tree", m_dir);
    return {};
}

} // namespace vz::templates
