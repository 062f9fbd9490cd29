// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/templates/build.hpp"

#include "http.hpp"

#include "vz/archive/digest.hpp"
#include "vz/archive/pack.hpp"
#include "vz/base/build.hpp"
#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/interrupts.hpp"
#include "vz/sys/process.hpp"
#include "vz/templates/apt_errors.hpp"
#include "vz/templates/clean.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace vz::templates {

namespace {

constexpr std::string_view k_work = ".build-"; // + template name
constexpr const char* k_debian_keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
constexpr std::size_t k_max_release = 4 << 20;
constexpr std::size_t k_max_status = 64 << 20;

// A folder that is gone afterwards. One that a killed build left is cleared first: we hold the template's
// lock.
class WorkFolder {
public:
    static Result<WorkFolder> make(const Store& store, const std::string& name) {
        VZ_ASSIGN(auto parent, sys::Dir::open(store.folder()));
        VZ_TRY(sweep(store, parent));
        const auto folder = std::string(k_work) + name;
        VZ_TRY(parent.remove_tree(folder));
        // Nobody but root passes: the tree below has set-user-id programs that nobody updates.
        VZ_TRY(parent.make_dirs(folder, 0700));
        return WorkFolder(std::move(parent), folder, store.folder() + "/" + folder);
    }

    WorkFolder(WorkFolder&& other) noexcept
        : m_parent(std::move(other.m_parent)), m_name(std::exchange(other.m_name, "")),
          m_path(std::move(other.m_path)) {}
    WorkFolder& operator=(WorkFolder&&) = delete;
    ~WorkFolder() {
        if (!m_name.empty())
            (void)m_parent.remove_tree(m_name);
    }

    std::string path(std::string_view name) const { return format("{}/{}", m_path, name); }

private:
    WorkFolder(sys::Dir parent, std::string name, std::string path)
        : m_parent(std::move(parent)), m_name(std::move(name)), m_path(std::move(path)) {}

    // Builds of other templates that were killed; those still at work hold their lock.
    static Result<void> sweep(const Store& store, const sys::Dir& parent) {
        VZ_ASSIGN(const auto names, parent.list());
        for (const auto& name : names)
            if (name.compare(0, k_work.size(), k_work) == 0)
                if (auto lock = store.lock(name.substr(k_work.size())))
                    VZ_TRY(parent.remove_tree(name));
        return {};
    }

    sys::Dir m_parent;
    std::string m_name;
    std::string m_path;
};

// A proxy that the host's apt is set to use.
std::string apt_setting(const std::string& key) {
    const auto value = sys::run_checked(sys::Command({"apt-config", "dump", "--format", "%v%n", key}));
    return value ? std::string(text::trim(*value)) : std::string();
}

std::string trimmed_slash(std::string uri) {
    while (!uri.empty() && uri.back() == '/')
        uri.pop_back();
    return uri;
}

// The same state of the package archive gives the same date, and so the same bytes.
Result<std::int64_t> newest_release(const std::vector<Source>& sources, const std::string& proxy) {
    std::int64_t newest = 0;
    for (const auto& source : sources)
        for (const auto& suite : source.suites)
            for (const char* file : {"InRelease", "Release"}) {
                const auto url = format("{}/dists/{}/{}", trimmed_slash(source.uris[0]), suite, file);
                VZ_ASSIGN(const auto text, http_get(url, k_max_release, proxy));
                newest = std::max(newest, release_date(text.value_or("")));
                if (text)
                    break;
            }
    if (newest == 0)
        return fail(Errc::failed, "no Release file of {} found", text::join(sources.front().suites, ", "));
    return newest;
}

// "I: installing essential packages..." as one line of progress; what apt and dpkg print besides is for the
// error.
class Watcher {
public:
    explicit Watcher(Reporter& reporter) : m_reporter(reporter) {}

    void see(std::string_view piece) {
        m_line += piece;
        for (auto end = m_line.find('\n'); end != std::string::npos; end = m_line.find('\n')) {
            see_line(std::string_view(m_line).substr(0, end));
            m_line.erase(0, end + 1);
        }
    }

private:
    void see_line(std::string_view line) {
        constexpr std::uint64_t usual_steps = 12;
        m_reporter.debug(text::printable(line));
        if (line.substr(0, 3) != "I: ")
            return;
        const auto step = text::printable(line.substr(3, line.find("...") - 3));
        m_reporter.progress(step, std::min(++m_steps, usual_steps), usual_steps);
    }

    Reporter& m_reporter;
    std::string m_line;
    std::uint64_t m_steps = 0;
};

std::vector<std::string> mmdebstrap_arguments(const Recipe& recipe, const std::string& root,
                                              const std::string& list) {
    // In a PID and a mount namespace of its own: whatever kills us ends all of its processes, and with them
    // go the mounts it makes below its root.
    std::vector<std::string> argv{
        "unshare",
        "--mount",
        "--propagation=private",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        "--format=directory",
        "--architectures=" + recipe.architecture,
        "--dpkgopt=force-unsafe-io", // the work folder is thrown away after a crash anyway
        "--aptopt=Acquire::Retries \"3\"",
        "--aptopt=Acquire::Languages \"none\""};
#if defined(__x86_64__)
    if (recipe.architecture ==
        "i386") // this processor runs it; mmdebstrap would ask for arch-test to know that
        argv.emplace_back("--skip=check/qemu");
#endif
    if (!recipe.packages.empty())
        argv.push_back("--include=" + text::join(recipe.packages, ","));
    for (const char* key : {"Acquire::http::Proxy", "Acquire::https::Proxy"})
        if (const auto value = apt_setting(key); !value.empty())
            argv.push_back(format("--aptopt={} \"{}\"", key, value));
    argv.insert(argv.end(), {recipe.suite, root, list});
    return argv;
}

Result<void> install(const BuildRequest& request, const WorkFolder& work, std::int64_t date,
                     Reporter& reporter) {
    const auto list = work.path("host.sources");
    VZ_TRY(sys::write_file_atomic(list, deb822_text(request.sources)));
    VZ_TRY(sys::make_dirs(work.path("tmp"), 01777));
    Watcher watcher(reporter);
    sys::Command command(mmdebstrap_arguments(request.recipe, work.path("root"), list));
    command.environment = {format("SOURCE_DATE_EPOCH={}", date), "TMPDIR=" + work.path("tmp")};
    command.dies_with_us = true;
    command.out = sys::Command::Output::discard;
    command.on_stderr = [&](std::string_view piece) { watcher.see(piece); };
    VZ_ASSIGN(const auto exited, sys::run(command));
    reporter.progress_done();
    if (exited.status != 0)
        return fail(Errc::failed, "{}", explain_failure(exited.status, exited.err));
    return {};
}

std::string file_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

bool is_key_file(const Source& source) {
    return !source.signed_by.empty() && source.signed_by[0] == '/';
}

// The container's apt gets the same mirror; keys that Debian does not ship come along.
Result<std::vector<Source>> guest_sources(const sys::Dir& root, std::vector<Source> sources) {
    for (auto& source : sources) {
        if (source.signed_by.empty())
            source.signed_by = k_debian_keyring;
        if (!is_key_file(source))
            continue;
        VZ_ASSIGN(const auto there, root.stat_following(source.signed_by));
        if (there)
            continue;
        VZ_ASSIGN(const auto key, sys::read_file(source.signed_by, 1 << 20));
        if (!key)
            return fail(Errc::failed, "keyring {} is missing", source.signed_by);
        source.signed_by = "/etc/apt/keyrings/" + file_name(source.signed_by);
        VZ_TRY(root.make_dirs("etc/apt/keyrings"));
        VZ_TRY(root.write_file(source.signed_by, *key));
    }
    return sources;
}

std::vector<std::string> described(const std::vector<Source>& sources) {
    std::vector<std::string> out;
    for (const auto& source : sources)
        for (const auto& uri : source.uris)
            out.push_back(format("{} {} {}", without_credentials(uri), text::join(source.suites, " "),
                                 text::join(source.components, " ")));
    return out;
}

Result<Manifest> make_manifest(const BuildRequest& request, const sys::Dir& root, std::int64_t date) {
    const auto& recipe = request.recipe;
    VZ_ASSIGN(const auto status, root.read_file("var/lib/dpkg/status", k_max_status));
    Manifest out;
    out.name = recipe.name;
    out.origin = "build";
    out.distribution = recipe.distribution;
    out.suite = recipe.suite;
    out.architecture = recipe.architecture;
    out.recipe_sha256 = archive::sha256_of(canonical_text(recipe));
    out.date = date;
    out.tool = "vztemplate " VZ_VERSION;
    out.sources = described(request.sources);
    out.packages = parse_dpkg_status(status.value_or(""));
    return out;
}

Result<void> pack_root(const Store& store, const std::string& name, const sys::Dir& root, std::int64_t date,
                       Reporter& reporter) {
    const auto part = store.part_path(name);
    ::unlink(part.c_str());
    const sys::Fd out(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!out)
        return sys_fail(errno, Errc::system, "create {}", part);
    return archive::pack({root, out, date, reporter});
}

Result<void> check_host() {
    if (::geteuid() != 0)
        return fail(Errc::no_permission, "building a template needs root");
    if (::access("/usr/bin/mmdebstrap", X_OK) != 0)
        return fail(Errc::failed, "mmdebstrap is missing; install it with 'apt install mmdebstrap'");
    return {};
}

Result<Manifest> build_in(const WorkFolder& work, const Store& store, const BuildRequest& request,
                          Reporter& reporter) {
    const auto& name = request.recipe.name;
    auto date = request.date;
    if (!date) {
        VZ_ASSIGN(date, newest_release(request.sources, apt_setting("Acquire::http::Proxy")));
    }
    VZ_TRY(install(request, work, *date, reporter).context(name));
    VZ_ASSIGN(const auto root, sys::Dir::open(work.path("root")));
    VZ_ASSIGN(auto manifest, make_manifest(request, root, *date));
    VZ_ASSIGN(const auto sources,
              guest_sources(root, request.guest_sources.empty() ? request.sources : request.guest_sources));
    VZ_TRY(clean(root, {request.recipe.masked, request.recipe.removed, deb822_text(sources), *date})
               .context(name));
    Cleanup undo([&] { ::unlink(store.part_path(name).c_str()); });
    VZ_TRY(pack_root(store, name, root, *date, reporter).context(name));
    VZ_ASSIGN(manifest, store.prepare(std::move(manifest), reporter));
    undo.dismiss();
    return manifest;
}

} // namespace

bool is_current(const Template& existing, const Recipe& recipe) {
    return existing.manifest &&
           existing.manifest->recipe_sha256 == archive::sha256_of(canonical_text(recipe));
}

Result<Template> build(const Store& store, const BuildRequest& request, Reporter& reporter) {
    const auto& name = request.recipe.name;
    VZ_TRY(check_host());
    sys::Interrupts interrupts; // before lock and folder, which must be gone when a signal ends us
    VZ_ASSIGN(const auto lock, store.lock(name));
    VZ_ASSIGN(const auto work, WorkFolder::make(store, name));
    const auto text = interrupts.run(
        [&]() -> Result<std::string> {
            VZ_ASSIGN(const auto manifest, build_in(work, store, request, reporter));
            return manifest_text(manifest);
        },
        [&] {
            reporter.progress("cleaning up", 0, 0);
            (void)store.abandon(name);
            reporter.progress_done();
            reporter.warning(format("interrupted: {} was not built", name));
        });
    if (!text)
        return text.error();
    VZ_ASSIGN(const auto manifest, parse_manifest(*text));
    auto made = store.commit(manifest, reporter);
    interrupts.drop();
    return made;
}

} // namespace vz::templates
