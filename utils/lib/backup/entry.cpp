// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/entry.hpp"

#include "line_scanner.hpp"

#include "vz/base/base64.hpp"
#include "vz/base/digest_text.hpp"
#include "vz/base/text.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <fmt/format.h>
#include <iterator>
#include <optional>

namespace vz::backup {

namespace {

constexpr std::uint32_t k_max_id = 65535; // a container has the ids 0 … 65535
constexpr std::uint32_t k_billion = 1'000'000'000;

struct TypeWord {
    Type type;
    std::string_view word;
};
constexpr std::array k_types{
    TypeWord{Type::file, "file"},
    TypeWord{Type::folder, "folder"},
    TypeWord{Type::symlink, "symlink"},
    TypeWord{Type::hard_link, "hard_link"},
    TypeWord{Type::fifo, "fifo"},
    TypeWord{Type::char_device, "char_device"},
    TypeWord{Type::block_device, "block_device"},
    TypeWord{Type::removed, "removed"},
};

bool is_device(Type type) {
    return type == Type::char_device || type == Type::block_device;
}

// Plain text stays readable; what JSON or a terminal could not carry is written in base 64 under another key.
bool is_plain(std::string_view value) {
    return text::printable(value) == value;
}

void put_bytes(std::string& out, std::string_view key, std::string_view value) {
    const bool quick = std::all_of(value.begin(), value.end(),
                                   [](char c) { return c >= ' ' && c < '\x7f' && c != '"' && c != '\\'; });
    if (quick) {
        fmt::format_to(std::back_inserter(out), "\"{}\":\"{}\"", key, value);
        return;
    }
    if (!is_plain(value)) {
        fmt::format_to(std::back_inserter(out), "\"{}64\":\"{}\"", key, to_base64(value));
        return;
    }
    fmt::format_to(std::back_inserter(out), "\"{}\":\"", key);
    for (const char c : value) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    out += '"';
}

void put_time(std::string& out, std::string_view key, const Time& time) {
    fmt::format_to(std::back_inserter(out), ",\"{}\":\"{}.{:09}\"", key, time.seconds, time.nanoseconds);
}

void put_attributes(std::string& out, const Attributes& attributes) {
    if (attributes.empty())
        return;
    out += ",\"attributes\":{";
    for (const auto& [name, value] : attributes) {
        out += &name == &attributes.front().first ? "\"" : ",\"";
        out += to_base64(name) + "\":\"" + to_base64(value) + '"';
    }
    out += '}';
}

void put_content(std::string& out, const Entry& entry) {
    auto to = std::back_inserter(out);
    fmt::format_to(to, ",\"size\":{},\"archive\":{}", entry.size, entry.archive);
    if (!entry.sha256.empty())
        fmt::format_to(to, ",\"sha256\":\"{}\"", entry.sha256);
    if (!entry.member.empty()) {
        out += ',';
        put_bytes(out, "member", entry.member);
    }
}

// Relative, of names only, as the walk writes them; so it cannot lead out of a folder.
bool is_sound_path(std::string_view path) {
    if (path == ".")
        return true;
    if (path.empty() || path.size() >= PATH_MAX || path.find('\0') != std::string_view::npos)
        return false;
    for (std::size_t at = 0; at <= path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        const auto name = path.substr(at, end - at);
        if (name.empty() || name == "." || name == ".." || name.size() > NAME_MAX)
            return false;
        at = end + 1;
    }
    return true;
}

// "SECONDS.NANOSECONDS", as in struct timespec: the second number counts up, also behind a minus.
std::optional<Time> time_of(std::string_view word) {
    const bool negative = word.substr(0, 1) == "-";
    word.remove_prefix(negative ? 1 : 0);
    const auto dot = word.find('.');
    if (dot == std::string_view::npos)
        return std::nullopt;
    const auto seconds = text::to_uint(word.substr(0, dot)).value_or(UINT64_MAX);
    const auto fraction = text::to_uint(word.substr(dot + 1)).value_or(UINT64_MAX);
    if (seconds > INT64_MAX || fraction >= k_billion)
        return std::nullopt;
    const auto count = static_cast<std::int64_t>(seconds);
    return Time{negative ? -count : count, static_cast<std::uint32_t>(fraction)};
}

class Parser {
public:
    explicit Parser(std::string_view line) : m_scanner(line) {}

    Result<Entry> run() {
        VZ_TRY(m_scanner.object([this](std::string_view key) { return member(key); }));
        VZ_TRY(m_scanner.end());
        VZ_TRY(check());
        return std::move(m_entry);
    }

private:
    Result<void> member(std::string_view key) {
        auto& entry = m_entry;
        if (key == "type")
            return type();
        if (key == "mode")
            return mode();
        if (key == "mtime" || key == "ctime")
            return time(key == "mtime" ? entry.mtime : entry.ctime);
        if (key == "attributes")
            return attributes();
        for (const auto& [name, value] : {std::pair("path", &entry.path), std::pair("link", &entry.link),
                                          std::pair("member", &entry.member)})
            if (key.substr(0, std::string_view(name).size()) == name)
                return bytes(key.substr(std::string_view(name).size()), *value);
        if (key == "sha256") {
            VZ_ASSIGN(entry.sha256, m_scanner.string());
            return {};
        }
        for (const auto& [name, value] :
             {std::pair("opaque", &entry.opaque), std::pair("holes", &entry.holes),
              std::pair("unsettled", &entry.unsettled)})
            if (key == name) {
                VZ_ASSIGN(*value, m_scanner.boolean());
                return {};
            }
        return number(key);
    }

    Result<void> number(std::string_view key) {
        auto& entry = m_entry;
        for (const auto& [name, value] : {std::pair("size", &entry.size), std::pair("inode", &entry.inode)})
            if (key == name) {
                VZ_ASSIGN(*value, m_scanner.number(INT64_MAX));
                return {};
            }
        for (const auto& [name, value, most] :
             {std::tuple("uid", &entry.uid, k_max_id), std::tuple("gid", &entry.gid, k_max_id),
              std::tuple("archive", &entry.archive, 100'000U), std::tuple("major", &entry.major, 4095U),
              std::tuple("minor", &entry.minor, (1U << 20) - 1)})
            if (key == name) {
                VZ_ASSIGN(const auto read, m_scanner.number(most));
                *value = static_cast<std::uint32_t>(read);
                return {};
            }
        return m_scanner.skip();
    }

    Result<void> type() {
        VZ_ASSIGN(const auto word, m_scanner.string());
        for (const auto& known : k_types)
            if (known.word == word) {
                m_entry.type = known.type;
                m_has_type = true;
                return {};
            }
        return fail(Errc::failed, "damaged line: unknown type {}", text::printable(word));
    }

    Result<void> mode() {
        VZ_ASSIGN(const auto word, m_scanner.string());
        std::uint32_t mode = 0;
        for (const char c : word) {
            if (c < '0' || c > '7' || word.size() > 4)
                return fail(Errc::failed, "damaged line: mode {}", text::printable(word));
            mode = mode << 3 | static_cast<std::uint32_t>(c - '0');
        }
        m_entry.mode = mode;
        return {};
    }

    Result<void> time(Time& time) {
        VZ_ASSIGN(const auto word, m_scanner.string());
        auto parsed = time_of(word);
        if (!parsed)
            return fail(Errc::failed, "damaged line: time {}", text::printable(word));
        time = *parsed;
        return {};
    }

    Result<void> bytes(std::string_view suffix, std::string& out) {
        if (!suffix.empty() && suffix != "64")
            return m_scanner.skip();
        VZ_ASSIGN(out, m_scanner.string());
        if (suffix.empty())
            return {};
        auto decoded = from_base64(out);
        if (!decoded)
            return fail(Errc::failed, "damaged line: no base 64");
        out = *std::move(decoded);
        return {};
    }

    Result<void> attributes() {
        return m_scanner.object([this](std::string_view key) -> Result<void> {
            VZ_ASSIGN(const auto text, m_scanner.string());
            auto name = from_base64(key);
            auto value = from_base64(text);
            if (!name || name->empty() || name->find('\0') != std::string::npos || !value)
                return fail(Errc::failed, "damaged line: an attribute");
            m_entry.attributes.emplace_back(*std::move(name), *std::move(value));
            return {};
        });
    }

    Result<void> check() const {
        const auto& entry = m_entry;
        const bool links = entry.type == Type::symlink || entry.type == Type::hard_link;
        const bool sound =
            m_has_type && is_sound_path(entry.path) && (entry.path != "." || entry.type == Type::folder) &&
            (entry.member.empty() || is_sound_path(entry.member)) && links == !entry.link.empty() &&
            (entry.type != Type::hard_link || is_sound_path(entry.link)) && entry.link.size() < PATH_MAX &&
            entry.link.find('\0') == std::string::npos &&
            (entry.type == Type::file && entry.size > 0 ? text::is_sha256(entry.sha256)
                                                        : entry.sha256.empty()) &&
            std::is_sorted(entry.attributes.begin(), entry.attributes.end());
        return sound ? Result<void>()
                     : fail(Errc::failed, "damaged line: '{}'", text::printable(entry.path.substr(0, 200)));
    }

    LineScanner m_scanner;
    Entry m_entry;
    bool m_has_type = false;
};

} // namespace

std::string_view type_name(Type type) {
    return k_types[static_cast<std::size_t>(type)].word;
}

void append_line(std::string& out, const Entry& entry) {
    auto to = std::back_inserter(out);
    out += '{';
    put_bytes(out, "path", entry.path);
    fmt::format_to(to, ",\"type\":\"{}\"", type_name(entry.type));
    if (entry.type != Type::removed) {
        fmt::format_to(to, ",\"mode\":\"{:04o}\",\"uid\":{},\"gid\":{}", entry.mode, entry.uid, entry.gid);
        put_time(out, "mtime", entry.mtime);
        put_time(out, "ctime", entry.ctime);
        fmt::format_to(to, ",\"inode\":{}", entry.inode);
    }
    if (entry.type == Type::file)
        put_content(out, entry);
    if (!entry.link.empty()) {
        out += ',';
        put_bytes(out, "link", entry.link);
    }
    if (is_device(entry.type))
        fmt::format_to(to, ",\"major\":{},\"minor\":{}", entry.major, entry.minor);
    put_attributes(out, entry.attributes);
    out += entry.holes ? ",\"holes\":true" : "";
    out += entry.opaque ? ",\"opaque\":true" : "";
    out += entry.unsettled ? ",\"unsettled\":true" : "";
    out += "}\n";
}

Result<Entry> parse_line(std::string_view line) {
    return Parser(line).run();
}

} // namespace vz::backup
