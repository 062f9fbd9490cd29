// SPDX-License-Identifier: GPL-2.0-or-later
// How a finished archive gets its name.
#include "vz/templates/store.hpp"

#include "stamp.hpp"

#include "vz/archive/digest.hpp"
#include "vz/archive/kind.hpp"
#include "vz/archive/pack.hpp"
#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/interrupts.hpp"
#include "vz/templates/name.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::templates {

namespace {

Result<sys::Fd> open_part(const std::string& path) {
    ::unlink(path.c_str());
    sys::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd)
        return sys_fail(errno, Errc::system, "create {}", path);
    return fd;
}

Result<void> copy_file(const std::string& from, const std::string& to, Reporter& reporter) {
    const sys::Fd in(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat st {};
    if (!in || ::fstat(in.get(), &st) != 0)
        return sys_fail(errno, Errc::system, "open {}", from);
    if (!S_ISREG(st.st_mode))
        return fail(Errc::bad_template, "{}: neither a file nor a folder", from);
    VZ_ASSIGN(const auto out, open_part(to));
    std::string buffer(1 << 20, '\0');
    std::uint64_t done = 0;
    for (;;) {
        const ssize_t n = ::read(in.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sys_fail(errno, Errc::system, "read {}", from);
        if (n == 0)
            break;
        VZ_TRY(sys::write_all(out.get(), std::string_view(buffer.data(), static_cast<std::size_t>(n))));
        done += static_cast<std::uint64_t>(n);
        reporter.progress("copy", done, static_cast<std::uint64_t>(st.st_size));
    }
    reporter.progress_done();
    if (::fsync(out.get()) != 0)
        return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system, "fsync {}", to);
    return {};
}

Result<std::string> name_for(const std::string& path, const std::string& name) {
    auto wanted = name;
    if (wanted.empty()) {
        auto trimmed = path;
        while (trimmed.size() > 1 && trimmed.back() == '/')
            trimmed.pop_back();
        const auto last = trimmed.substr(trimmed.rfind('/') + 1);
        wanted = name_of_archive(last).value_or(last);
    }
    if (!is_template_name(wanted))
        return fail(Errc::bad_value, "'{}' is not a template name; give one with --name",
                    text::printable(wanted));
    return wanted;
}

// An archive from another host may come with its manifest beside it.
Manifest manifest_beside(const std::string& path, const std::string& sha256) {
    const auto suffix = path.rfind(".tar");
    if (suffix == std::string::npos)
        return {};
    const auto content = sys::read_file(path.substr(0, suffix) + ".json", 64 << 20);
    if (!content || !*content)
        return {};
    auto manifest = parse_manifest(**content);
    return manifest && manifest->sha256 == sha256 ? *std::move(manifest) : Manifest{};
}

std::uint64_t file_size(const std::string& path) {
    struct stat st {};
    return ::stat(path.c_str(), &st) == 0 ? static_cast<std::uint64_t>(st.st_size) : 0;
}

} // namespace

Result<Template> Store::import(const std::string& path, const std::string& name, Reporter& reporter) const {
    VZ_ASSIGN(const auto wanted, name_for(path, name));
    sys::Interrupts interrupts; // before the lock, which must be gone when a signal ends us
    VZ_ASSIGN(const auto lock, this->lock(wanted));
    VZ_ASSIGN(const auto text, interrupts.run(
                                   [&]() -> Result<std::string> {
                                       VZ_ASSIGN(const auto manifest, import_as(wanted, path, reporter));
                                       return manifest_text(manifest);
                                   },
                                   [&] {
                                       (void)abandon(wanted);
                                       reporter.warning(format("interrupted: {} was not imported", wanted));
                                   }));
    VZ_ASSIGN(const auto manifest, parse_manifest(text));
    auto made = commit(manifest, reporter);
    interrupts.drop();
    return made;
}

Result<Manifest> Store::import_as(const std::string& wanted, const std::string& path,
                                  Reporter& reporter) const {
    const auto part = part_path(wanted);
    Cleanup undo([&] { ::unlink(part.c_str()); });
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0)
        return sys_fail(errno, Errc::failed, "{}", path);
    Manifest manifest;
    if (S_ISDIR(st.st_mode)) {
        VZ_ASSIGN(const auto root, sys::Dir::open(path));
        VZ_ASSIGN(const auto out, open_part(part));
        VZ_TRY(archive::pack({root, out, {}, reporter}).context(path));
    } else {
        VZ_TRY(copy_file(path, part, reporter));
        VZ_ASSIGN(const auto sha256, archive::sha256_of_file(part, reporter));
        manifest = manifest_beside(path, sha256);
    }
    manifest.name = wanted;
    manifest.origin = "import " + text::printable(path.substr(0, 1000));
    if (manifest.date == 0)
        manifest.date = st.st_mtim.tv_sec;
    VZ_ASSIGN(manifest, prepare(std::move(manifest), reporter));
    undo.dismiss();
    return manifest;
}

Result<Template> Store::publish(Manifest manifest, Reporter& reporter) const {
    VZ_ASSIGN(manifest, prepare(std::move(manifest), reporter));
    return commit(manifest, reporter);
}

Result<Manifest> Store::prepare(Manifest manifest, Reporter& reporter) const {
    const auto& name = manifest.name;
    const auto part = part_path(name);
    VZ_ASSIGN(const auto suffix, archive::archive_suffix(part));
    VZ_ASSIGN(manifest.sha256, archive::sha256_of_file(part, reporter));
    manifest.archive = name + suffix;
    manifest.size = file_size(part);
    const auto id = templates::tree_id(name, manifest.sha256);
    VZ_ASSIGN(const auto lock, sys::FileLock::acquire(tree(".lock-" + id), "tree", std::chrono::minutes(30)));
    if (!lock)
        return fail(Errc::locked, "tree {}: another process does not finish with it", id);
    VZ_TRY(sweep_trees());
    if (!sys::exists(tree(id))) {
        VZ_TRY(make_tree(part, id, reporter));
        VZ_TRY(sys::rename_durably(tree(".tmp-" + id), tree(id)));
    }
    return manifest;
}

Result<Template> Store::commit(const Manifest& manifest, Reporter& reporter) const {
    const auto& name = manifest.name;
    const auto part = part_path(name);
    const auto suffix = manifest.archive.substr(name.size());
    // The archive's rename (or the removal of one with a better suffix) is the moment at which the new
    // template is there; manifest_for() finds the fitting manifest before and after it.
    const auto next = cache("." + name + ".next.json");
    const auto archive = cache(manifest.archive);
    VZ_TRY(sys::write_file_atomic(next, manifest_text(manifest)));
    VZ_TRY(sys::rename_durably(part, archive));
    for (const auto other : archive_suffixes())
        if (other != suffix)
            ::unlink(cache(name + std::string(other)).c_str());
    VZ_TRY(sys::rename_durably(next, cache(name + ".json")));
    write_stamp(cache("." + name + ".stamp"), archive, manifest.sha256);
    return find(name, reporter);
}

} // namespace vz::templates
