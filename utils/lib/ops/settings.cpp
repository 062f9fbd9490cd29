// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/settings.hpp"

#include "capabilities.hpp"
#include "ct_devices.hpp"
#include "features.hpp"
#include "setting_values.hpp"
#include "switches.hpp"
#include "vz/base/text.hpp"
#include "vz/base/units.hpp"
#include "vz/config/container.hpp"
#include "vz/guest/identity.hpp"
#include "vz/network/firewall.hpp"
#include "vz/ops/restart_policy.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

namespace vz::ops {

namespace {

Error bad(std::string_view what, std::string_view value) {
    return fail(Errc::bad_value, "Bad parameter: {} {}", what, text::printable(value));
}

Result<std::string> free_text(std::string_view s) {
    if (text::has_control(s))
        return bad("text with control characters", s);
    return std::string(s);
}

Result<std::string> yes_no(std::string_view s) {
    if (s != "yes" && s != "no")
        return bad("yes or no expected, not", s);
    return std::string(s);
}

template<std::uint64_t low, std::uint64_t high>
Result<std::string> number(std::string_view s) {
    const auto n = text::to_uint(s);
    if (!n || *n < low || *n > high)
        return fail(Errc::bad_value, "Bad parameter: a number from {} to {} expected, not {}", low, high,
                    text::printable(s));
    return std::to_string(*n);
}

Result<std::string> hostname(std::string_view s) {
    if (!guest::valid_hostname(s))
        return bad("not a host name:", s);
    return std::string(s);
}

Result<std::string> nameserver(std::string_view s) {
    const auto trimmed = text::trim(s);
    // The classic tools take "" or a blank as "no name server".
    if (trimmed.empty() || trimmed == "inherit" || guest::valid_address(trimmed))
        return std::string(trimmed);
    return bad("not an IP address:", s);
}

Result<std::string> search_domain(std::string_view s) {
    const auto trimmed = text::trim(s);
    if (trimmed.empty() || trimmed == "inherit" || guest::valid_domain(trimmed))
        return std::string(trimmed);
    return bad("not a domain name:", s);
}

Result<std::string> name(std::string_view s) {
    if (!s.empty() && !config::is_valid_name(s))
        return fail(Errc::name, "Bad name: {}: letters, digits, blanks and -+_. are allowed, not only digits",
                    text::printable(s));
    return std::string(s);
}

// barrier:limit in plain units.
Result<std::string> count_pair(std::string_view s) {
    VZ_ASSIGN(const auto limit, config::parse_limit(s));
    return config::limit_text(limit);
}

// barrier:limit in pages; suffixes count bytes.
Result<std::string> page_pair(std::string_view s) {
    VZ_ASSIGN(const auto limit, config::parse_limit(s, units::page, units::page));
    return config::limit_text(limit);
}

// One size in bytes ("256M"), stored as the limit in pages.
Result<std::string> bytes_as_pages(std::string_view s) {
    VZ_ASSIGN(const auto bytes, units::parse_size(s));
    const auto pages = bytes >= units::unlimited ? bytes : bytes / units::page;
    return config::limit_text({0, pages});
}

Result<std::string> ram(std::string_view s) {
    VZ_ASSIGN(const auto bytes, units::parse_size(s));
    // Less than this and not even an init starts; the classic tools warn, a kernel kills.
    if (bytes < 4 << 20)
        return bad("less than 4M of memory:", s);
    return bytes_as_pages(s);
}

// soft:hard in KB unless a suffix says otherwise.
Result<std::string> kilobyte_pair(std::string_view s) {
    VZ_ASSIGN(const auto limit, config::parse_limit(s, 1024, 1024));
    return config::limit_text(limit);
}

Result<std::string> path(std::string_view s) {
    if (s.empty() || s[0] != '/' || text::has_control(s) || s.find("/../") != s.npos)
        return bad("an absolute path expected, not", s);
    return std::string(s);
}

Result<std::string> template_name(std::string_view s) {
    if (s.empty() || s[0] == '.' || s.find('/') != s.npos || text::has_control(s))
        return bad("not a template name:", s);
    return std::string(s);
}

Result<std::string> restart(std::string_view s) {
    if (!parse_restart_policy(s))
        return bad("no, on-failure or always expected, not", s);
    return std::string(s);
}

Result<std::string> firewall_rules(std::string_view s) {
    VZ_ASSIGN(const auto rules, network::parse_rules(s));
    return network::rules_text(rules);
}

Result<std::string> firewall_policy(std::string_view s) {
    VZ_TRY(network::parse_policy(s));
    return std::string(text::trim(s));
}

constexpr auto k_now = Applies::now;
constexpr auto k_later = Applies::next_start;
constexpr auto k_saved = Applies::saved_only;

constexpr std::array k_settings = std::to_array<Setting>({
    {"hostname", "HOSTNAME", "NAME", "host name inside", k_now, false, hostname},
    {"nameserver", "NAMESERVER", "ADDRESS", "name server, or inherit; repeat for several; replaces all",
     k_now, true, nameserver},
    {"searchdomain", "SEARCHDOMAIN", "DOMAIN", "search domain, or inherit; repeat for several; replaces all",
     k_now, true, search_domain},
    {"name", "NAME", "NAME", "a name to use instead of the CTID", k_saved, false, name},
    {"description", "DESCRIPTION", "TEXT", "free text", k_now, false, free_text},
    {"onboot", "ONBOOT", "yes|no", "start it when the host boots", k_now, false, yes_no},
    {"bootorder", "BOOTORDER", "N", "higher numbers start first", k_now, false, number<0, 2147483647>},
    {"disabled", "DISABLED", "yes|no", "refuse to start it", k_now, false, yes_no},
    {"restart", "RESTART", "no|on-failure|always", "start it again when it ends by itself", k_now, false,
     restart},
    {"console", "CONSOLE", "yes|no", "a console of its own, from its next start on", k_later, false, yes_no},
    {"checkpoint", "CHECKPOINT", "yes|no", "whether it can be suspended, from its next start on", k_later,
     false, yes_no},
    {"ostemplate", "OSTEMPLATE", "NAME", "the template it was made from", k_saved, false, template_name},
    {"stop-timeout", "STOP_TIMEOUT", "SECONDS", "how long it may take to halt", k_saved, false,
     number<1, 86400>},
    {"root", "VE_ROOT", "PATH", "where it is mounted", k_later, false, path},
    {"private", "VE_PRIVATE", "PATH", "where its files are", k_later, false, path},
    {"firewall", "FIREWALL", "RULES", "who may connect to it, as \"tcp:80,443 tcp:22@192.0.2.0/24 icmp\"",
     k_now, true, firewall_rules},
    {"firewall_policy", "FIREWALL_POLICY", "drop|accept", "what happens to others", k_now, false,
     firewall_policy},
    {"firewall_out", "FIREWALL_OUT", "RULES", "to whom it may connect", k_now, true, firewall_rules},
    {"firewall_out_policy", "FIREWALL_OUT_POLICY", "drop|accept", "what happens to the rest of that", k_now,
     false, firewall_policy},
    {"ram", "PHYSPAGES", "SIZE", "memory, e.g. 512M", k_now, false, ram},
    {"swap", "SWAPPAGES", "SIZE", "swap besides memory, e.g. 1G", k_now, false, bytes_as_pages},
    {"cpulimit", "CPULIMIT", "PERCENT", "CPU time at most; 100 is one CPU, 0 no limit", k_now, false,
     cpu_limit_value},
    {"cpus", "CPUS", "N", "CPU time at most, in CPUs", k_now, false, number<0, 4096>},
    {"cpuunits", "CPUUNITS", "N", "share of the CPUs when they are busy, 8 to 500000; 1000 is usual", k_now,
     false, number<8, 500000>},
    {"numproc", "NUMPROC", "N", "processes and threads at most", k_now, false, count_pair},
    {"numfile", "NUMFILE", "B:L", "open files of one process", k_now, false, count_pair},
    {"numpty", "NUMPTY", "N", "terminals", k_now, false, count_pair},
    {"physpages", "PHYSPAGES", "B:L", "", k_now, false, page_pair},
    {"cpuweight", "CPUWEIGHT", "N", "the same as the kernel counts, 1 to 10000; 100 is usual", k_now, false,
     number<1, 10000>},
    {"cpumask", "CPUMASK", "LIST|all|auto", "processors it may use, e.g. 0,3,5-7; auto: those of its nodes",
     k_now, false, cpu_mask_value},
    {"nodemask", "NODEMASK", "LIST|all", "memory nodes it may use; needs a cpumask", k_now, false,
     node_mask_value},
    {"ioprio", "IOPRIO", "0..7", "its share of busy disks; more is more, 4 is usual", k_now, false,
     number<0, 7>},
    {"iolimit", "IOLIMIT", "N", "megabytes per second it may read and write, or with B, K, M, G; 0 no limit",
     k_now, false, io_limit_value},
    {"iopslimit", "IOPSLIMIT", "N", "disk operations per second; 0 no limit", k_now, false,
     number<0, 2147483647>},
    {"capability", "CAPABILITY", "NAME:on|off,…", "rights of its root, as in capabilities(7)", k_later, true,
     capability_words, merge_switches},
    {"features", "FEATURES", "NAME:on|off,…",
     "parts of the kernel: tun, fuse, ppp, sit, ipip, ipgre, bridge, …", k_later, true, feature_words,
     merge_switches},
    {"devnodes", "DEVNODES", "NAME:[r][w]|none", "a device of the host, e.g. net/tun:rw; may be repeated",
     k_now, true, devnode_words, merge_devnodes},
    {"devices", "DEVICES", "c|b:MAJOR:MINOR|all:[r][w]|none", "the same by number; may be repeated", k_now,
     true, device_words, merge_devices},
    {"meminfo", "MEMINFO", "none|pages:N|privvmpages:N", "none: its /proc/meminfo shows the host's memory",
     k_later, false, meminfo_value},
    {"mount_opts", "MOUNT_OPTS", "OPTION,…", "of the mount of its files, e.g. noatime,nosuid", k_later, false,
     mount_options_value},
    {"swappages", "SWAPPAGES", "B:L", "", k_now, false, page_pair},
    {"privvmpages", "PRIVVMPAGES", "B:L", "", k_now, false, page_pair},
    {"vmguarpages", "VMGUARPAGES", "B:L", "", k_now, false, page_pair},
    {"oomguarpages", "OOMGUARPAGES", "B:L", "", k_now, false, page_pair},
    {"lockedpages", "LOCKEDPAGES", "B:L", "", k_now, false, page_pair},
    {"shmpages", "SHMPAGES", "B:L", "", k_now, false, page_pair},
    {"numsiginfo", "NUMSIGINFO", "B:L", "", k_now, false, count_pair},
    {"diskquota", "DISK_QUOTA", "yes|no", "whether disk limits are enforced", k_now, false, yes_no},
    {"diskspace", "DISKSPACE", "SIZE",
     "disk space at most, in KB or with a suffix; soft:hard, the hard one counts", k_now, false,
     kilobyte_pair},
    {"diskinodes", "DISKINODES", "N", "files and folders at most; soft:hard, the hard one counts", k_now,
     false, count_pair},
    // Kept for old scripts; the kernel has no such limits.
    {"kmemsize", "KMEMSIZE", "B:L", "", k_now, false, count_pair, nullptr, true},
    {"tcpsndbuf", "TCPSNDBUF", "B:L", "", k_now, false, count_pair, nullptr, true},
    {"tcprcvbuf", "TCPRCVBUF", "B:L", "", k_now, false, count_pair, nullptr, true},
    {"othersockbuf", "OTHERSOCKBUF", "B:L", "", k_now, false, count_pair, nullptr, true},
    {"dgramrcvbuf", "DGRAMRCVBUF", "B:L", "", k_now, false, count_pair, nullptr, true},
    {"dcachesize", "DCACHESIZE", "B:L", "", k_now, false, count_pair, nullptr, true},
    {"numtcpsock", "NUMTCPSOCK", "B:L", "", k_now, false, count_pair, nullptr, true},
    {"numothersock", "NUMOTHERSOCK", "B:L", "", k_now, false, count_pair, nullptr, true},
    {"numflock", "NUMFLOCK", "B:L", "", k_now, false, count_pair, nullptr, true},
    {"numiptent", "NUMIPTENT", "B:L", "", k_now, false, count_pair, nullptr, true},
    {"avnumproc", "AVNUMPROC", "B:L", "", k_now, false, count_pair, nullptr, true},
    {"vm_overcommit", "VM_OVERCOMMIT", "FACTOR", "", k_now, false, overcommit_value, nullptr, true},
    {"netfilter", "NETFILTER", "LEVEL", "", k_now, false, netfilter_value, nullptr, true},
    {"iptables", "IPTABLES", "NAME,…", "", k_now, false, free_text, nullptr, true},
    {"quotatime", "QUOTATIME", "SECONDS", "", k_now, false, number<0, 4294967295>},
    {"quotaugidlimit", "QUOTAUGIDLIMIT", "N", "", k_now, false, number<0, 4294967295>, nullptr, true},
});

} // namespace

Result<void> merge_changes(const ValueOf& now, Changes& changes) {
    for (auto& [key, value] : changes)
        if (const auto* setting = setting_for_key(key); setting && setting->merge) {
            VZ_ASSIGN(value, setting->merge(now(key), value));
        }
    return {};
}

std::vector<std::string> without_effect(const Changes& changes) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : changes)
        if (const auto* setting = setting_for_key(key); setting && setting->without_effect)
            keys.push_back(key);
    return keys;
}

std::span<const Setting> settings() {
    return k_settings;
}

const Setting* setting_for_key(std::string_view key) {
    const auto found =
        std::find_if(k_settings.begin(), k_settings.end(), [&](const Setting& s) { return s.key == key; });
    return found == k_settings.end() ? nullptr : &*found;
}

} // namespace vz::ops
