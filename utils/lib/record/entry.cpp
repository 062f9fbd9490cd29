// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/record/entry.hpp"

#include "vz/base/text.hpp"
#include "vz/base/time_text.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace vz::record {

namespace {

// In bytes, before JSON may double them; together below k_longest_line.
constexpr std::size_t k_longest_command = 4500;
constexpr std::size_t k_longest_word = 1000;
constexpr std::size_t k_longest_note = 2000;
constexpr std::size_t k_longest_error = 600;
constexpr std::size_t k_longest_name = 120;

// Printable and not longer than `most`, without half a character at its end.
std::string cut(std::string_view s, std::size_t most) {
    auto out = text::printable(s.substr(0, most));
    if (out.size() <= most && s.size() <= most)
        return out;
    out.resize(std::min(out.size(), most));
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xc0U) == 0x80)
        out.pop_back();
    if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xc0)
        out.pop_back();
    return out + "...";
}

std::vector<std::string> cut_words(const std::vector<std::string>& words) {
    std::vector<std::string> out;
    std::size_t used = 0;
    for (const auto& word : words) {
        auto shown = cut(word, k_longest_word);
        used += shown.size() + 4;
        if (used > k_longest_command) {
            out.emplace_back("...");
            break;
        }
        out.push_back(std::move(shown));
    }
    return out;
}

Json name_or_null(const std::string& name) {
    return name.empty() ? Json() : Json(cut(name, k_longest_name));
}

Result<std::string> text_member(const Json& object, std::string_view key) {
    const Json* member = object.find(key);
    if (!member || member->is_null())
        return std::string();
    if (!member->as_string())
        return fail(Errc::bad_value, "\"{}\" is not text", key);
    return *member->as_string();
}

Result<std::optional<std::uint32_t>> id_member(const Json& object, std::string_view key) {
    const Json* member = object.find(key);
    if (!member || member->is_null())
        return std::optional<std::uint32_t>();
    const auto value = member->as_uint(~0ULL);
    if (value > 0xfffffffeULL)
        return fail(Errc::bad_value, "\"{}\" is not an id", key);
    return std::optional(static_cast<std::uint32_t>(value));
}

Result<std::vector<std::string>> command_member(const Json& object) {
    std::vector<std::string> out;
    const Json* member = object.find("command");
    if (!member || member->is_null())
        return out;
    if (!member->as_array())
        return fail(Errc::bad_value, "\"command\" is not a list");
    for (const auto& word : *member->as_array()) {
        if (!word.as_string())
            return fail(Errc::bad_value, "\"command\" holds more than words");
        out.push_back(*word.as_string());
    }
    return out;
}

Result<Who> parse_who(const Json& object) {
    Who who;
    VZ_ASSIGN(who.uid, id_member(object, "uid"));
    VZ_ASSIGN(who.user, text_member(object, "user"));
    VZ_ASSIGN(who.tty, text_member(object, "tty"));
    VZ_ASSIGN(who.from, text_member(object, "from"));
    VZ_ASSIGN(who.service, text_member(object, "service"));
    return who;
}

bool holds_password(std::string_view option) {
    constexpr std::array k_names = {"userpasswd", "userpass", "password", "passwd", "passphrase"};
    return std::find(k_names.begin(), k_names.end(), option) != k_names.end();
}

// "anna:secret" becomes "anna:***"; "-" means standard input and is no secret.
std::string masked(std::string_view value) {
    if (value == "-")
        return "-";
    const auto colon = value.find(':');
    return colon == value.npos ? "***" : std::string(value.substr(0, colon)) + ":***";
}

// "https://user:secret@host/x" without "user:secret".
std::string without_url_secret(const std::string& word) {
    const auto start = word.find("://");
    if (start == word.npos)
        return word;
    const auto host = start + 3;
    const auto at = word.substr(0, word.find_first_of("/?#", host)).rfind('@');
    return at == word.npos || at < host ? word : word.substr(0, host) + "***" + word.substr(at);
}

std::string quoted(const std::string& word) {
    const auto is_plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0 ||
               std::string_view("-+_.,:/=@%*").find(c) != std::string_view::npos;
    };
    const auto shown = text::printable(word);
    if (!shown.empty() && std::all_of(shown.begin(), shown.end(), is_plain))
        return shown;
    std::string out = "'";
    for (const char c : shown)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

} // namespace

Json to_json(const Entry& entry) {
    Json out;
    out.set("time", utc_text(entry.time));
    out.set("seconds", entry.seconds ? Json(*entry.seconds) : Json());
    out.set("ctid", entry.ctid ? Json(*entry.ctid) : Json());
    out.set("uid", entry.who.uid ? Json(*entry.who.uid) : Json());
    out.set("user", name_or_null(entry.who.user));
    out.set("tty", name_or_null(entry.who.tty));
    out.set("from", name_or_null(entry.who.from));
    out.set("service", name_or_null(entry.who.service));
    out.set("command", entry.command.empty() ? Json() : Json::strings(cut_words(entry.command)));
    out.set("note", entry.note.empty() ? Json() : Json(cut(entry.note, k_longest_note)));
    out.set("status", entry.status);
    out.set("error", entry.error.empty() ? Json() : Json(cut(entry.error, k_longest_error)));
    return out;
}

std::string to_line(const Entry& entry) {
    return to_json(entry).dump() + "\n";
}

Result<Entry> parse_line(std::string_view line) {
    if (line.size() >= k_longest_line)
        return fail(Errc::bad_value, "too long");
    VZ_ASSIGN(const auto json, Json::parse(line));
    if (!json.as_object())
        return fail(Errc::bad_value, "not an object");
    Entry entry;
    const auto time = parse_utc(json.string_or("time"));
    if (!time)
        return fail(Errc::bad_value, "no time");
    entry.time = *time;
    if (const Json* seconds = json.find("seconds"); seconds && seconds->is_number())
        entry.seconds = seconds->as_double();
    VZ_ASSIGN(entry.ctid, id_member(json, "ctid"));
    VZ_ASSIGN(entry.who, parse_who(json));
    VZ_ASSIGN(entry.command, command_member(json));
    VZ_ASSIGN(entry.note, text_member(json, "note"));
    VZ_ASSIGN(entry.error, text_member(json, "error"));
    const Json* status = json.find("status");
    if (!status || status->as_uint(256) > 255)
        return fail(Errc::bad_value, "no status");
    entry.status = static_cast<int>(status->as_uint());
    if (entry.command.empty() && entry.note.empty())
        return fail(Errc::bad_value, "neither command nor note");
    return entry;
}

std::string utc_text(std::int64_t time) {
    const auto text = text::utc_time(time / 1000);
    return format("{}.{:03}Z", text.substr(0, text.size() - 1), time % 1000);
}

std::optional<std::int64_t> parse_utc(std::string_view text) {
    constexpr std::string_view k_form = "0000-00-00T00:00:00.000Z";
    if (text.size() != k_form.size())
        return std::nullopt;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (k_form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != k_form[i])
            return std::nullopt;
    const auto number = [&](std::size_t at, std::size_t length) {
        return static_cast<int>(text::to_uint(text.substr(at, length)).value_or(0));
    };
    std::tm parts{};
    parts.tm_year = number(0, 4) - 1900;
    parts.tm_mon = number(5, 2) - 1;
    parts.tm_mday = number(8, 2);
    parts.tm_hour = number(11, 2);
    parts.tm_min = number(14, 2);
    parts.tm_sec = number(17, 2);
    const auto time = static_cast<std::int64_t>(::timegm(&parts)) * 1000 + number(20, 3);
    // timegm(3) takes the 40th of a month for the 10th of the next.
    return time >= 0 && utc_text(time) == text ? std::optional(time) : std::nullopt;
}

std::vector<std::string> without_secrets(std::vector<std::string> words) {
    bool is_password = false;
    for (auto& word : words) {
        if (is_password) {
            word = masked(word);
            is_password = false;
            continue;
        }
        const auto name = std::string_view(word).substr(std::min(word.find_first_not_of('-'), word.size()));
        const auto equals = name.find('=');
        if (word.rfind("--", 0) == 0 && holds_password(name.substr(0, equals))) {
            is_password = equals == name.npos;
            if (!is_password)
                word = word.substr(0, word.find('=') + 1) + masked(name.substr(equals + 1));
        } else {
            word = without_url_secret(word);
        }
    }
    return words;
}

std::string what_text(const Entry& entry) {
    std::string out;
    for (const auto& word : entry.command)
        out += (out.empty() ? "" : " ") + quoted(word);
    if (!entry.note.empty())
        out += (out.empty() ? "note: " : " # ") + text::printable(entry.note);
    if (!entry.error.empty())
        out += " # " + text::printable(entry.error);
    return out;
}

std::string who_text(const Who& who) {
    if (!who.user.empty())
        return text::printable(who.user);
    return who.uid ? std::to_string(*who.uid) : "-";
}

std::string where_text(const Who& who) {
    for (const auto& place : {who.from, who.tty, who.service})
        if (!place.empty())
            return text::printable(place);
    return "-";
}

} // namespace vz::record
