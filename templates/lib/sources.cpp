// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/templates/sources.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>

namespace vz::templates {

namespace {

constexpr std::size_t k_max_file = 1 << 20;

bool is_debian_suite(std::string_view suite) {
    constexpr std::array<std::string_view, 13> known{
        "buster", "bullseye", "bookworm", "trixie",    "forky",        "duke",    "sid",
        "stable", "testing",  "unstable", "oldstable", "oldoldstable", "rc-buggy"};
    return std::find(known.begin(), known.end(), suite) != known.end();
}

// Third parties use Debian's suite names too, but sign with keys of their own.
bool is_signed_by_debian(const Source& source) {
    const auto name = source.signed_by.substr(source.signed_by.rfind('/') + 1);
    return source.signed_by.empty() || name.compare(0, 15, "debian-archive-") == 0;
}

enum class Pocket { none, base, updates, security };

Pocket pocket_of(std::string_view suite) {
    const auto slash = suite.find('/');
    const auto dash = suite.find('-');
    const auto base = suite.substr(0, std::min(slash, dash));
    if (!is_debian_suite(base))
        return is_debian_suite(suite) ? Pocket::base : Pocket::none;
    const auto rest = suite.substr(base.size());
    if (rest.empty())
        return Pocket::base;
    if (rest == "-updates")
        return Pocket::updates;
    return rest == "-security" || rest == "/updates" ? Pocket::security : Pocket::none;
}

bool has(const std::vector<std::string>& list, std::string_view item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

const Source* find_pocket(const std::vector<Source>& host, Pocket wanted, bool debian_key) {
    for (const auto& source : host)
        if (has(source.components, "main") && is_signed_by_debian(source) == debian_key)
            for (const auto& suite : source.suites)
                if (pocket_of(suite) == wanted)
                    return &source;
    return nullptr;
}

const Source* find_pocket(const std::vector<Source>& host, Pocket wanted) {
    const auto* first = find_pocket(host, wanted, true);
    return first ? first : find_pocket(host, wanted, false);
}

std::vector<std::string> mirror_list(std::string_view text) {
    std::vector<std::string> out;
    for (const auto& raw : text::split(text, '\n')) {
        const auto words = text::words(raw); // "URI<TAB>priority:1"
        if (!words.empty() && words[0][0] != '#' && words[0].find("://") != std::string::npos)
            out.push_back(words[0]);
    }
    return out;
}

Result<void> resolve_mirror_lists(const std::string& root, Source& source) {
    std::vector<std::string> out;
    for (const auto& uri : source.uris) {
        constexpr std::string_view scheme = "mirror+file:";
        if (uri.compare(0, scheme.size(), scheme) != 0) {
            out.push_back(uri);
            continue;
        }
        auto path = uri.substr(scheme.size());
        if (path.compare(0, 2, "//") == 0)
            path.erase(0, 2);
        VZ_ASSIGN(const auto content, sys::read_file(root + path, k_max_file));
        const auto mirrors = mirror_list(content.value_or(""));
        out.insert(out.end(), mirrors.begin(), mirrors.end());
    }
    source.uris = std::move(out);
    return {};
}

bool ends_with(std::string_view s, std::string_view end) {
    return s.size() >= end.size() && s.substr(s.size() - end.size()) == end;
}

} // namespace

Result<std::vector<Source>> derive_sources(const std::vector<Source>& host, const std::string& suite,
                                           const std::vector<std::string>& components) {
    struct Wanted {
        Pocket pocket;
        const char* suffix;
    };
    std::vector<Source> out;
    for (const auto& wanted : {Wanted{Pocket::base, ""}, Wanted{Pocket::updates, "-updates"},
                               Wanted{Pocket::security, "-security"}}) {
        const auto* found = find_pocket(host, wanted.pocket);
        if (!found && wanted.pocket == Pocket::base)
            return fail(Errc::failed,
                        "this host's apt sources name no Debian mirror; give one with --mirror");
        if (!found || (wanted.pocket != Pocket::base && (suite == "sid" || suite == "unstable")))
            continue;
        auto source = *found;
        source.suites = {suite + wanted.suffix};
        source.components = components;
        // One paragraph for what differs in the suite only.
        if (!out.empty() && out.back().uris == source.uris && out.back().signed_by == source.signed_by)
            out.back().suites.push_back(source.suites[0]);
        else
            out.push_back(std::move(source));
    }
    return out;
}

std::vector<Source> only_suite(const std::string& suite, std::vector<Source> sources) {
    std::vector<Source> out;
    for (auto& source : sources)
        if (has(source.suites, suite)) {
            source.suites = {suite};
            out.push_back(std::move(source));
        }
    return out;
}

Result<std::vector<Source>> read_host_sources(const std::string& root) {
    std::vector<Source> out;
    const auto append = [&](std::vector<Source> more) {
        out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    };
    const auto folder = root + "/etc/apt/sources.list.d";
    VZ_ASSIGN(const auto main_list, sys::read_file(root + "/etc/apt/sources.list", k_max_file));
    append(parse_one_line(main_list.value_or("")));
    if (sys::exists(folder)) {
        VZ_ASSIGN(const auto dir, sys::Dir::open(folder));
        VZ_ASSIGN(const auto names, dir.list());
        for (const auto& name : names) {
            const bool one_line = ends_with(name, ".list");
            if (!one_line && !ends_with(name, ".sources"))
                continue;
            VZ_ASSIGN(const auto text, sys::read_file(folder + "/" + name, k_max_file));
            append(one_line ? parse_one_line(text.value_or("")) : parse_deb822(text.value_or("")));
        }
    }
    for (auto& source : out)
        VZ_TRY(resolve_mirror_lists(root, source));
    out.erase(std::remove_if(out.begin(), out.end(), [](const auto& source) { return source.uris.empty(); }),
              out.end());
    return out;
}

std::string without_credentials(std::string_view uri) {
    const auto scheme = uri.find("://");
    if (scheme == std::string_view::npos)
        return std::string(uri);
    const auto host = scheme + 3;
    const auto slash = std::min(uri.find('/', host), uri.size());
    const auto at = uri.substr(host, slash - host).rfind('@');
    if (at == std::string_view::npos)
        return std::string(uri);
    return std::string(uri.substr(0, host)) + std::string(uri.substr(host + at + 1));
}

std::string shown_uri(std::string_view uri) {
    return text::printable(without_credentials(uri));
}

std::int64_t release_date(std::string_view release) {
    constexpr std::string_view key = "Date:";
    for (const auto& line : text::split(release, '\n')) {
        if (line.compare(0, key.size(), key) != 0)
            continue;
        // "Sat, 06 Sep 2025 10:19:31 UTC"; a library would read the month in the user's language.
        const auto words = text::words(std::string_view(line).substr(key.size()));
        constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        if (words.size() < 5)
            return 0;
        const auto month = std::find(months.begin(), months.end(), words[2]);
        const auto clock = text::split(words[4], ':');
        const auto day = text::to_uint(words[1]);
        const auto year = text::to_uint(words[3]);
        if (month == months.end() || clock.size() != 3 || !day || !year || *day > 31 || *year < 1990 ||
            *year > 2200)
            return 0;
        std::tm time{};
        time.tm_year = static_cast<int>(*year) - 1900;
        time.tm_mon = static_cast<int>(month - months.begin());
        time.tm_mday = static_cast<int>(*day);
        time.tm_hour = static_cast<int>(text::to_uint(clock[0]).value_or(0) % 24);
        time.tm_min = static_cast<int>(text::to_uint(clock[1]).value_or(0) % 60);
        time.tm_sec = static_cast<int>(text::to_uint(clock[2]).value_or(0) % 61);
        return ::timegm(&time);
    }
    return 0;
}

} // namespace vz::templates
