// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/guest/identity_text.hpp"

#include "vz/base/text.hpp"

#include <algorithm>
#include <arpa/inet.h>

namespace vz::guest {

namespace {

constexpr std::string_view k_mark = "# set by vzctl"; // at the end of our lines of /etc/hosts
constexpr std::string_view k_loopback = "127.0.0.1\tlocalhost";

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool valid_label(std::string_view label, std::string_view extra) {
    const auto allowed = [&](char c) { return is_alnum(c) || c == '-' || extra.find(c) != extra.npos; };
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), allowed);
}

bool valid_labels(std::string_view name, std::string_view extra) {
    const auto labels = text::split(name, '.');
    return std::all_of(labels.begin(), labels.end(),
                       [&](const auto& label) { return valid_label(label, extra); });
}

// Lines without their newline; a last newline does not start another line.
std::vector<std::string> lines_of(std::string_view s) {
    if (s.empty())
        return {};
    if (s.back() == '\n')
        s.remove_suffix(1);
    return text::split(s, '\n');
}

std::string text_of(const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines)
        out += line + '\n';
    return out;
}

std::vector<std::string> words_before_comment(std::string_view line) {
    return text::words(line.substr(0, line.find('#')));
}

std::string names_of(std::string_view hostname) {
    const std::string alias = short_name(hostname);
    return alias == hostname ? alias : format("{} {}", hostname, alias);
}

bool is_ours(const std::string& line, std::string_view names, const std::vector<std::string>& addresses) {
    if (text::trim(line).ends_with(k_mark))
        return true;
    // The same line without our mark was written by a classic tool.
    const auto fields = words_before_comment(line);
    return !fields.empty() && line.find('#') == std::string::npos &&
           text::words(names).size() + 1 == fields.size() &&
           text::join({fields.begin() + 1, fields.end()}, " ") == names &&
           std::find(addresses.begin(), addresses.end(), fields[0]) != addresses.end();
}

bool maps_localhost(const std::string& line) {
    const auto fields = words_before_comment(line);
    return fields.size() > 1 && fields[0] == "127.0.0.1" &&
           std::find(fields.begin() + 1, fields.end(), "localhost") != fields.end();
}

bool starts_with_word(const std::string& line, std::string_view word) {
    const auto fields = text::words(line);
    return !fields.empty() && fields[0] == word;
}

} // namespace

bool valid_hostname(std::string_view name) {
    return name.size() <= 64 && valid_labels(name, "") && !valid_address(name);
}

bool valid_domain(std::string_view name) {
    if (name == ".")
        return true;
    if (name.ends_with('.'))
        name.remove_suffix(1);
    return name.size() <= 253 && valid_labels(name, "_");
}

bool valid_address(std::string_view address) {
    unsigned char binary[16];
    const std::string text(address);
    return text.find('\0') == std::string::npos && (::inet_pton(AF_INET, text.c_str(), binary) == 1 ||
                                                    ::inet_pton(AF_INET6, text.c_str(), binary) == 1);
}

std::string short_name(std::string_view hostname) {
    return std::string(hostname.substr(0, hostname.find('.')));
}

std::string edit_hosts(std::string_view old, std::string_view hostname,
                       const std::vector<std::string>& addresses) {
    const std::vector<std::string> effective =
        addresses.empty() ? std::vector<std::string>{"127.0.1.1"} : addresses;
    const std::string names = names_of(hostname);
    std::vector<std::string> lines = lines_of(old);
    if (lines.empty())
        lines = {std::string(k_loopback), "::1\tlocalhost ip6-localhost ip6-loopback",
                 "ff02::1\tip6-allnodes", "ff02::2\tip6-allrouters"};
    std::erase_if(lines, [&](const auto& line) { return is_ours(line, names, effective); });
    if (std::none_of(lines.begin(), lines.end(), maps_localhost))
        lines.insert(lines.begin(), std::string(k_loopback));

    // Directly after localhost, before foreign lines: the first line with a name gives its canonical form.
    auto at = std::find_if(lines.begin(), lines.end(), maps_localhost) + 1;
    for (const auto& address : effective)
        at = lines.insert(at, format("{}\t{}\t{}", address, names, k_mark)) + 1;
    return text_of(lines);
}

std::string edit_resolver(std::string_view old, const std::vector<std::string>& nameservers,
                          const std::vector<std::string>& search_domains, Empty empty) {
    const bool new_servers = !nameservers.empty() || empty == Empty::clear;
    const bool new_domains = !search_domains.empty() || empty == Empty::clear;
    std::vector<std::string> lines;
    if (!search_domains.empty())
        lines.push_back("search " + text::join(search_domains, " "));
    for (const auto& server : nameservers)
        lines.push_back("nameserver " + server);
    for (const auto& line : lines_of(old)) {
        const bool replaced =
            (new_servers && starts_with_word(line, "nameserver")) ||
            (new_domains && (starts_with_word(line, "search") || starts_with_word(line, "domain")));
        if (!replaced)
            lines.push_back(line);
    }
    return text_of(lines);
}

} // namespace vz::guest
