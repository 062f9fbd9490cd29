// SPDX-License-Identifier: GPL-2.0-or-later
#include "vzdump_archive.hpp"

#include "cell.hpp"
#include "vz/unpack/unpack.hpp"

#include "vz/base/text.hpp"
#include "vz/config/conf_file.hpp"

#include <algorithm>
#include <array>

namespace vz::ops {

namespace {

constexpr std::uint64_t k_pages_per_mb = 256;
constexpr const char* k_vzdump_folder = "etc/vzdump"; // in the archive

// Says something about the old host only, or is as it is here anyway.
constexpr std::array<std::string_view, 9> k_meaningless{
    "arch", "ostype", "unprivileged", "cmode", "console", "tty", "description", "tags", "lock"};

class Translation {
public:
    Dumped run(std::string_view pct) {
        for (const auto& line : text::split(pct, '\n')) {
            if (line.substr(0, 1) == "[")
                break; // the states of snapshots follow
            const auto colon = line.find(':');
            if (line.empty() || line.front() == '#' || colon == std::string::npos)
                continue;
            take(line.substr(0, colon), std::string(text::trim(std::string_view(line).substr(colon + 1))));
        }
        if (!m_addresses.empty())
            set("IP_ADDRESS", text::join(m_addresses, " "));
        m_out.conf = m_conf.text();
        return std::move(m_out);
    }

private:
    void set(const char* key, const std::string& value) {
        if (!m_conf.set(key, value))
            note(key, value);
    }
    void note(const std::string& key, const std::string& value) {
        m_out.notes.push_back(
            format("{}: {} does not come with it", text::printable(key), text::printable(value)));
    }

    void take(const std::string& key, const std::string& value) {
        if (!take_text(key, value) && !take_number(key, value) && !take_device(key, value) &&
            std::find(k_meaningless.begin(), k_meaningless.end(), key) == k_meaningless.end())
            note(key, value);
    }

    bool take_text(const std::string& key, const std::string& value) {
        if (key == "hostname")
            set("HOSTNAME", value);
        else if (key == "nameserver")
            set("NAMESERVER", value);
        else if (key == "searchdomain")
            set("SEARCHDOMAIN", value);
        else if (key == "onboot")
            set("ONBOOT", value == "1" ? "yes" : "no");
        else
            return false;
        return true;
    }

    bool take_number(const std::string& key, const std::string& value) {
        const auto number = text::to_uint(value.substr(0, value.find('.')));
        if (!number || *number > UINT32_MAX)
            return false;
        if (key == "cores")
            set("CPUS", value);
        else if (key == "cpulimit")
            set_cpu_limit(*number, value);
        else if (key == "cpuunits")
            set("CPUUNITS", value);
        else if (key == "memory")
            set("PHYSPAGES", format("0:{}", *number * k_pages_per_mb));
        else if (key == "swap")
            set("SWAPPAGES", format("0:{}", *number * k_pages_per_mb));
        else
            return false;
        return true;
    }

    // "1.5" processors; 0: no limit.
    void set_cpu_limit(std::uint64_t whole, const std::string& value) {
        const auto dot = value.find('.');
        const auto part = dot == std::string::npos ? "00" : (value.substr(dot + 1) + "00").substr(0, 2);
        const auto percent = whole * 100 + text::to_uint(part).value_or(0);
        if (percent > 0)
            set("CPULIMIT", std::to_string(percent));
    }

    bool take_device(const std::string& key, const std::string& value) {
        if (key == "rootfs")
            take_size(field(value, "size"));
        else if (key.size() == 4 && key.substr(0, 3) == "net")
            take_interface(key, value);
        else
            return false;
        return true;
    }

    static std::string field(const std::string& value, std::string_view name) {
        for (const auto& part : text::split(value, ','))
            if (part.substr(0, name.size() + 1) == std::string(name) + "=")
                return part.substr(name.size() + 1);
        return {};
    }

    void take_size(const std::string& size) {
        constexpr std::string_view units = "KMGT";
        const auto unit = size.empty() ? std::string_view::npos : units.find(size.back());
        const auto number = text::to_uint(size.substr(0, size.size() - (unit == units.npos ? 0 : 1)));
        if (unit == std::string_view::npos || !number || *number > UINT32_MAX)
            return;
        const auto kilobytes = *number << (10 * unit);
        set("DISKSPACE", format("{0}:{0}", kilobytes));
    }

    // Static addresses are routed to it, as those of all containers here; there is no bridge to begin with.
    void take_interface(const std::string& key, const std::string& value) {
        bool found = false;
        for (const char* name : {"ip", "ip6"}) {
            const auto address = field(value, name);
            if (address.find_first_of(".:") == std::string::npos)
                continue; // "dhcp", "auto", "manual"
            m_addresses.push_back(address.substr(0, address.find('/')));
            found = true;
        }
        m_out.notes.push_back(
            found ? format("{}: its address is routed to it; the bridge {} is not used", key,
                           text::printable(field(value, "bridge")))
                  : format("{}: {} does not come with it; give it an address with --ip, or an interface with "
                           "`vzctl set --netif_add`",
                           key, text::printable(value)));
    }

    Dumped m_out;
    config::ConfFile m_conf;
    std::vector<std::string> m_addresses;
};

} // namespace

std::optional<config::Ctid> ctid_of_dump(std::string_view file_name) {
    for (const std::string_view prefix : {"vzdump-openvz-", "vzdump-lxc-", "vzdump-"})
        if (file_name.substr(0, prefix.size()) == prefix) {
            const auto rest = file_name.substr(prefix.size());
            return config::Ctid::parse(rest.substr(0, rest.find_first_not_of("0123456789")));
        }
    return std::nullopt;
}

Dumped translate_pct(std::string_view text) {
    return Translation().run(text);
}

Result<Dumped> read_vzdump(const Context& context, const std::string& archive) {
    VZ_ASSIGN(const auto userns, sys::make_userns(k_nobodys_ids));
    VZ_ASSIGN(const auto cell, make_cell());
    VZ_ASSIGN(const auto files, unpack::peek({archive, cell, userns, {}, context.out}, k_vzdump_folder));
    const auto slash = archive.rfind('/');
    const auto ctid = ctid_of_dump(slash == std::string::npos ? archive : archive.substr(slash + 1));
    Dumped out;
    if (const auto pct = files.find("pct.conf"); pct != files.end())
        out = translate_pct(pct->second);
    else if (const auto vps = files.find("vps.conf"); vps != files.end())
        out.conf = vps->second;
    else
        return fail(Errc::failed, "{}: no backup of a container (it holds neither {}/vps.conf nor pct.conf)",
                    archive, k_vzdump_folder);
    out.ctid = ctid.value_or(config::Ctid(0));
    for (const auto& [name, content] : files)
        if (name.substr(0, 4) == "vps." && name != "vps.conf")
            out.scripts.emplace(name.substr(4), content);
    return out;
}

} // namespace vz::ops
