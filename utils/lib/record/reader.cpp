// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/record/reader.hpp"

#include "vz/base/text.hpp"
#include "vz/record/record.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/fd.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <thread>
#include <tuple>
#include <unistd.h>
#include <zlib.h>

namespace vz::record {

namespace {

constexpr std::string_view k_name = "history.jsonl";

// Bytes in, whole lines out. A line that is too long is one broken line, however long.
class Lines {
public:
    template<class OnLine>
    void feed(std::string_view bytes, OnLine& on_line) {
        while (!bytes.empty()) {
            const auto end = bytes.find('\n');
            const auto part = bytes.substr(0, end);
            if (m_line.size() + part.size() <= k_longest_line)
                m_line += part;
            else
                m_line.resize(k_longest_line); // too long is refused by parse_line()
            if (end == bytes.npos)
                return;
            on_line(m_line);
            m_line.clear();
            bytes.remove_prefix(end + 1);
        }
    }
    bool holds_rest() const { return !m_line.empty(); }
    std::string take_rest() { return std::exchange(m_line, {}); }

private:
    std::string m_line;
};

// Parses lines and counts what is broken.
class Sieve {
public:
    Sieve(const Filter& filter, const Visit& visit) : m_filter(filter), m_visit(visit) {}
    void operator()(const std::string& line) {
        ++m_number;
        if (text::trim(line).empty())
            return;
        const auto entry = parse_line(line);
        if (!entry && m_broken++ == 0)
            m_first = m_number;
        if (entry && matches(m_filter, *entry))
            m_visit(*entry);
    }
    void tell(const std::string& path, Reporter& out) {
        if (m_broken > 0)
            out.warning(
                format("{}: {} broken line(s) skipped, the first is line {}", path, m_broken, m_first));
        m_broken = 0;
    }

private:
    const Filter& m_filter;
    const Visit& m_visit;
    std::size_t m_number = 0;
    std::size_t m_broken = 0;
    std::size_t m_first = 0;
};

struct CloseGz {
    void operator()(gzFile file) const { ::gzclose_r(file); }
};
using GzFile = std::unique_ptr<gzFile_s, CloseGz>;

Result<sys::Fd> open_for_reading(const std::string& path) {
    sys::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat st {};
    if (!fd || ::fstat(fd.get(), &st) != 0)
        return sys_fail(errno, errno == EACCES ? Errc::no_permission : Errc::system, "open {}", path);
    if (!S_ISREG(st.st_mode))
        return fail(Errc::system, "{} is not a regular file", path);
    return fd;
}

// gzread(3) takes what is not compressed as it is.
Result<void> read_one(const std::string& path, const Filter& filter, Reporter& out, const Visit& visit) {
    auto fd = open_for_reading(path);
    if (!fd && fd.error().sys_errno == ENOENT) // rotated away meanwhile
        return {};
    if (!fd)
        return std::move(fd).error();
    GzFile file(::gzdopen(fd->get(), "rb"));
    if (!file)
        return fail(Errc::no_resources, "read {}: no memory", path);
    (void)fd->release(); // gzclose_r() closes it
    Lines lines;
    Sieve sieve(filter, visit);
    char buffer[65536];
    int n = 0;
    while ((n = ::gzread(file.get(), buffer, sizeof buffer)) > 0)
        lines.feed({buffer, static_cast<std::size_t>(n)}, sieve);
    if (n < 0)
        out.warning(format("{}: damaged; what could be read is shown", path));
    if (lines.holds_rest())
        sieve(lines.take_rest());
    sieve.tell(path, out);
    return {};
}

// Newest last: "history.jsonl-20261123" by date, then "history.jsonl.2.gz", ".1", then the journal itself.
std::optional<std::tuple<int, std::int64_t, std::string>> rank(const std::string& name) {
    if (name == k_name)
        return std::tuple(2, std::int64_t(0), name);
    if (name.rfind(k_name, 0) != 0 || name.size() < k_name.size() + 2)
        return std::nullopt;
    auto rest = name.substr(k_name.size() + 1);
    if (rest.size() > 3 && rest.compare(rest.size() - 3, 3, ".gz") == 0)
        rest.resize(rest.size() - 3);
    const auto number = text::to_uint(rest);
    const char separator = name[k_name.size()];
    if (!number || *number > 99999999999999ULL || (separator != '.' && separator != '-'))
        return std::nullopt;
    const auto value = static_cast<std::int64_t>(*number);
    return separator == '-' ? std::tuple(0, value, name) : std::tuple(1, -value, name);
}

Result<std::vector<std::string>> files(const config::HostPaths& paths) {
    const auto dir = sys::Dir::open(paths.log_dir());
    if (!dir && dir.error().sys_errno == ENOENT)
        return std::vector<std::string>{};
    if (!dir)
        return Error(dir.error()).as(dir.error().sys_errno == EACCES ? Errc::no_permission : Errc::system);
    VZ_ASSIGN(auto names, dir->list());
    return in_order(std::move(names));
}

std::optional<std::int64_t> local_time(const std::vector<int>& parts, bool utc) {
    std::tm tm{};
    tm.tm_year = parts[0] - 1900;
    tm.tm_mon = parts[1] - 1;
    tm.tm_mday = parts[2];
    tm.tm_hour = parts[3];
    tm.tm_min = parts[4];
    tm.tm_sec = parts[5];
    tm.tm_isdst = -1;
    const std::tm wanted = tm;
    const auto time = utc ? ::timegm(&tm) : ::mktime(&tm);
    const bool same = tm.tm_mon == wanted.tm_mon && tm.tm_mday == wanted.tm_mday;
    return time == static_cast<std::time_t>(-1) || !same
               ? std::nullopt
               : std::optional(static_cast<std::int64_t>(time) * 1000);
}

std::int64_t midnight(std::int64_t now, int days_before) {
    const std::time_t seconds = now / 1000;
    std::tm tm{};
    ::localtime_r(&seconds, &tm);
    return *local_time({tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, 0, 0, 0}, false) -
           std::int64_t(days_before) * 86400000;
}

std::optional<std::int64_t> parse_ago(std::string_view text, std::int64_t now) {
    constexpr std::string_view k_units = "smhdw";
    constexpr std::int64_t k_seconds[] = {1, 60, 3600, 86400, 604800};
    const auto unit = text.empty() ? k_units.npos : k_units.find(text.back());
    const auto count = text::to_uint(text.substr(0, text.empty() ? 0 : text.size() - 1));
    if (unit == k_units.npos || !count || *count > 100000000)
        return std::nullopt;
    return now - static_cast<std::int64_t>(*count) * k_seconds[unit] * 1000;
}

// "2026-11-23[ 09:30[:15]][Z]", blank or "T" between.
std::optional<std::int64_t> parse_date(std::string text) {
    const bool utc = !text.empty() && text.back() == 'Z';
    if (utc)
        text.pop_back();
    constexpr std::string_view k_form = "0000-00-00T00:00:00";
    if (text.size() != 10 && text.size() != 16 && text.size() != 19)
        return std::nullopt;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (k_form[i] == '0' ? !digit : text[i] != k_form[i] && !(i == 10 && text[i] == ' '))
            return std::nullopt;
    }
    text += std::string(k_form.substr(text.size()));
    std::vector<int> parts;
    for (const std::size_t at : {0, 5, 8, 11, 14, 17})
        parts.push_back(std::stoi(text.substr(at, at == 0 ? 4 : 2)));
    if (parts[1] < 1 || parts[1] > 12 || parts[2] < 1 || parts[3] > 23 || parts[4] > 59 || parts[5] > 59)
        return std::nullopt;
    return local_time(parts, utc);
}

struct FileId {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const FileId&) const = default;
};

FileId id_of(int fd) {
    struct stat st {};
    return ::fstat(fd, &st) == 0 ? FileId{st.st_dev, st.st_ino} : FileId{};
}

} // namespace

bool matches(const Filter& filter, const Entry& entry) {
    const auto& ctids = filter.ctids;
    if (!ctids.empty() && (!entry.ctid || std::find(ctids.begin(), ctids.end(), *entry.ctid) == ctids.end()))
        return false;
    if ((filter.since && entry.time < *filter.since) || (filter.until && entry.time >= *filter.until))
        return false;
    if (filter.who.empty())
        return true;
    const auto& who = entry.who;
    const auto uid = who.uid ? std::to_string(*who.uid) : "";
    for (const auto& name : {who.user, uid, who.from, who.tty, who.service})
        if (!name.empty() && text::matches_glob(filter.who, name))
            return true;
    return false;
}

Result<std::int64_t> parse_moment(std::string_view text, std::int64_t now) {
    if (text == "now")
        return now;
    if (text == "today" || text == "yesterday")
        return midnight(now, text == "today" ? 0 : 1);
    if (const auto ago = parse_ago(text, now))
        return *ago;
    if (const auto date = parse_date(std::string(text)))
        return *date;
    return fail(Errc::bad_value, "not a time: {} (2026-11-23, \"2026-11-23 09:30\", today, 2h and 7d are)",
                text::printable(text));
}

std::vector<std::string> in_order(std::vector<std::string> names) {
    names.erase(std::remove_if(names.begin(), names.end(), [](const auto& name) { return !rank(name); }),
                names.end());
    std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return *rank(a) < *rank(b); });
    return names;
}

Result<void> read_journal(const config::HostPaths& paths, const Filter& filter, Reporter& out,
                          const Visit& visit) {
    VZ_ASSIGN(const auto names, files(paths));
    for (const auto& name : names)
        VZ_TRY(read_one(paths.log_dir() + "/" + name, filter, out, visit));
    return {};
}

Result<void> follow_journal(const config::HostPaths& paths, const Filter& filter, Reporter& out,
                            const Visit& visit, const std::function<bool()>& stop) {
    const auto path = journal_path(paths);
    Lines lines;
    Sieve sieve(filter, visit);
    sys::Fd fd;
    bool first = true; // what is there already has been shown
    while (!stop()) {
        if (!fd) {
            auto opened = open_for_reading(path);
            if (!opened && opened.error().sys_errno != ENOENT)
                return std::move(opened).error();
            if (opened)
                fd = *std::move(opened);
            if (fd && first)
                ::lseek(fd.get(), 0, SEEK_END);
        }
        first = false;
        char buffer[65536];
        ssize_t n = 0;
        while (fd && (n = ::read(fd.get(), buffer, sizeof buffer)) > 0)
            lines.feed({buffer, static_cast<std::size_t>(n)}, sieve);
        sieve.tell(path, out);
        const sys::Fd now(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
        if (fd && now && id_of(fd.get()) != id_of(now.get()))
            fd.reset(); // read to its end above; the next one from its beginning
        else
            std::this_thread::sleep_for(std::chrono::milliseconds(250));
    }
    return {};
}

} // namespace vz::record
