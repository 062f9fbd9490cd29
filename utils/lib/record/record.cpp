// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/record/record.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/fd.hpp"
#include "vz/sys/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

namespace vz::record {

namespace {

// The group adm reads logs on Debian.
void give_to_readers(int fd) {
    char buffer[16384];
    group entry{};
    group* adm = nullptr;
    if (::getgrnam_r("adm", &entry, buffer, sizeof buffer, &adm) == 0 && adm)
        (void)!::fchown(fd, static_cast<uid_t>(-1), adm->gr_gid);
}

Result<sys::Fd> open_journal(const std::string& path) {
    constexpr int k_flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    sys::Fd fd(::open(path.c_str(), k_flags));
    if (!fd && errno == ENOENT) {
        fd = sys::Fd(::open(path.c_str(), k_flags | O_CREAT, 0640));
        if (fd)
            give_to_readers(fd.get());
    }
    struct stat st {};
    if (!fd || ::fstat(fd.get(), &st) != 0)
        return sys_fail(errno, Errc::system, "open {}", path);
    if (!S_ISREG(st.st_mode))
        return fail(Errc::system, "{} is not a regular file", path);
    return fd;
}

// Whoever was killed, or found the disk full, in the middle of a line must not spoil the next one.
bool ends_in_half_a_line(int fd) {
    struct stat st {};
    char last = '\n';
    return ::fstat(fd, &st) == 0 && st.st_size > 0 && ::pread(fd, &last, 1, st.st_size - 1) == 1 &&
           last != '\n';
}

Result<void> write_line(const std::string& path, std::string line, Sync sync) {
    VZ_ASSIGN(const auto fd, open_journal(path));
    if (ends_in_half_a_line(fd.get()))
        line.insert(line.begin(), '\n');
    const auto written = ::write(fd.get(), line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size()))
        return sys_fail(written < 0 ? errno : ENOSPC, Errc::system, "write to {}", path);
    if (sync == Sync::yes && ::fdatasync(fd.get()) != 0)
        return sys_fail(errno, Errc::system, "sync {}", path);
    return {};
}

void tell_system_log(const Entry& entry) {
    const auto tool = entry.command.empty() ? std::string("vzhistory")
                                            : entry.command[0].substr(entry.command[0].rfind('/') + 1);
    auto text = format("{}{} ({}): {}", entry.ctid ? format("CT {}: ", *entry.ctid) : "", who_text(entry.who),
                       where_text(entry.who), what_text(entry));
    constexpr std::size_t k_longest = 1500; // what every collector takes
    if (text.size() > k_longest)
        text = text::printable(text.substr(0, k_longest)) + "...";
    ::openlog(tool.c_str(), LOG_PID, LOG_AUTHPRIV);
    ::syslog(entry.status == 0 ? LOG_NOTICE : LOG_WARNING, "%s: status %d", text.c_str(), entry.status);
    ::closelog();
}

} // namespace

std::int64_t now() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string journal_path(const config::HostPaths& paths) {
    return paths.log_dir() + "/history.jsonl";
}

Result<void> append(const config::HostPaths& paths, const Entry& entry, Sync sync) {
    if (paths.prefix.empty())
        tell_system_log(entry);
    VZ_TRY(sys::make_dirs(paths.log_dir()));
    return write_line(journal_path(paths), to_line(entry), sync);
}

std::vector<std::string> own_command() {
    auto words = text::split(sys::read_kernel_file("/proc/self/cmdline").value_or("?"), '\0');
    if (words.size() > 1)
        words.pop_back(); // each word ends in NUL
    words[0] = words[0].substr(words[0].rfind('/') + 1);
    return words;
}

Action::Action(const config::HostPaths& paths, std::vector<std::string> command)
    : m_paths(paths), m_begin(std::chrono::steady_clock::now()) {
    m_entry.time = now();
    m_entry.who = find_who();
    m_entry.command = without_secrets(std::move(command));
}

Result<void> Action::finish(int status, std::string_view error) {
    using namespace std::chrono;
    const auto took = duration_cast<milliseconds>(steady_clock::now() - m_begin).count();
    m_entry.seconds = static_cast<double>(took) / 1000;
    m_entry.status = status;
    m_entry.error = error;
    return append(m_paths, m_entry, m_sync);
}

void Action::end(const Error* error, int status, Reporter& out) {
    if (error && (error->code == Errc::bad_syntax || error->code == Errc::usage))
        return;
    const auto kept = finish(error ? exit_code(error->code) : status, error ? error->what : "");
    if (!kept && !error && status == 0)
        out.warning("this action could not be recorded: " + kept.error().what);
}

} // namespace vz::record
