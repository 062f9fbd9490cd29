// SPDX-License-Identifier: GPL-2.0-or-later
#include "settings_verbs.hpp"

#include "vz/base/text.hpp"
#include "vz/making/making.hpp"
#include "vz/ops/set.hpp"
#include "vz/ops/settings.hpp"

#include <istream>
#include <optional>

namespace vz::vzctl {

namespace {

std::vector<cli::Option> address_options() {
    return {{"ipadd|ip", 0, cli::Takes::values, "ADDRESS", "add an IPv4 or IPv6 address; may be repeated"}};
}

std::vector<cli::Option> interface_options() {
    return {{"netif_add", 0, cli::Takes::values, "NAME[,MAC[,HOST_NAME[,HOST_MAC[,BRIDGE]]]]",
             "add a bridged interface"},
            {"netif_del", 0, cli::Takes::values, "NAME|all", "take a bridged interface away"},
            {"ifname", 0, cli::Takes::value, "NAME",
             "the bridged interface that the following are about, and --ipadd, --ipdel"},
            {"mac", 0, cli::Takes::value, "MAC", "its MAC address inside"},
            {"host_ifname", 0, cli::Takes::value, "NAME", "its name on the host"},
            {"host_mac", 0, cli::Takes::value, "MAC", "its MAC address on the host"},
            {"bridge", 0, cli::Takes::value, "BRIDGE|none", "the bridge it is on"},
            {"vlan", 0, cli::Takes::value, "N|none", "its VLAN on a bridge that knows them"},
            {"mac_filter", 0, cli::Takes::value, "on|off",
             "whether it may send only from its own MAC and IP addresses"},
            {"gw", 0, cli::Takes::value, "ADDRESS|none", "the gateway behind it"},
            {"dhcp", 0, cli::Takes::value, "yes|no", "whether it gets its addresses by DHCP"},
            {"netdev_add", 0, cli::Takes::values, "DEVICE", "move a network device of the host into it"},
            {"netdev_del", 0, cli::Takes::values, "DEVICE", "move it back"}};
}

Result<std::optional<sys::IdRange>> id_range(const cli::Parsed& parsed) {
    const auto uid = parsed.value("local_uid");
    const auto gid = parsed.value("local_gid");
    if (!uid && !gid)
        return std::optional<sys::IdRange>{};
    const auto uid_base = text::to_uint(uid.value_or(gid.value_or("")));
    const auto gid_base = text::to_uint(gid.value_or(uid.value_or("")));
    const auto good = [](const std::optional<std::uint64_t>& base) {
        return base && *base >= 65536 && *base < 0xffffffffULL - 65536;
    };
    if (!good(uid_base) || !good(gid_base))
        return fail(Errc::bad_value, "--local_uid and --local_gid need numbers from 65536 up");
    return std::optional(
        sys::IdRange{static_cast<std::uint32_t>(*uid_base), static_cast<std::uint32_t>(*gid_base)});
}

Result<ops::CreateRequest> create_request(const cli::Parsed& parsed, config::Ctid ctid) {
    VZ_ASSIGN(auto request, making::create_request(parsed, "ostemplate", "ipadd"));
    request.ctid = ctid;
    VZ_ASSIGN(request.ids, id_range(parsed));
    return request;
}

Result<std::vector<std::string>> passwords(const cli::Parsed& parsed, std::istream& in) {
    auto given = parsed.values("userpasswd");
    for (auto& one : given)
        if (one == "-" && !std::getline(in, one))
            return fail(Errc::bad_value, "--userpasswd -: nothing on standard input");
    return given;
}

ops::InterfaceRequest interface_request(const cli::Parsed& parsed) {
    ops::InterfaceRequest request;
    request.add = parsed.values("netif_add");
    request.del = parsed.values("netif_del");
    request.ifname = parsed.value("ifname").value_or("");
    for (const char* key : {"mac", "host_ifname", "host_mac", "bridge", "vlan", "mac_filter", "gw", "dhcp"})
        if (const auto value = parsed.value(key))
            request.values.emplace_back(key, *value);
    request.device_add = parsed.values("netdev_add");
    request.device_del = parsed.values("netdev_del");
    return request;
}

Result<ops::SetRequest::NextStart> set_mode(const cli::Parsed& parsed) {
    using Mode = ops::SetRequest::NextStart;
    const auto given = parsed.value("setmode");
    if (!given)
        return Mode::tell;
    if (*given != "restart" && *given != "ignore")
        return fail(Errc::bad_value, "--setmode: restart or ignore expected, not {}",
                    text::printable(*given));
    return *given == "restart" ? Mode::restart : Mode::refuse;
}

} // namespace

std::vector<cli::Option> create_options() {
    auto options = address_options();
    options.push_back({"config", 0, cli::Takes::value, "SAMPLE", "begin with ve-SAMPLE.conf-sample"});
    options.push_back(
        {"layout", 0, cli::Takes::value, "LAYOUT", "how its files are kept: " + config::layout_words()});
    options.push_back({"local_uid", 0, cli::Takes::value, "ID", "first of its 65536 user ids on the host"});
    options.push_back({"local_gid", 0, cli::Takes::value, "ID", "first of its group ids on the host"});
    const auto more = making::setting_options();
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

std::vector<cli::Option> set_options() {
    auto options = address_options();
    for (auto& option : interface_options())
        options.push_back(std::move(option));
    options.push_back({"ipdel", 0, cli::Takes::values, "ADDRESS|all", "take an address away"});
    options.push_back({"bindmount_add|bindmount-add", 0, cli::Takes::values, "[SRC:]DST[,ro]",
                       "share a folder of the host; more options: noexec, suid"});
    options.push_back(
        {"bindmount_del|bindmount-del", 0, cli::Takes::values, "DST|all", "take a shared folder away"});
    options.push_back(
        {"userpasswd", 0, cli::Takes::values, "USER:PASSWORD",
         "set a password, making the user if needed; \"-\" reads the line from standard input"});
    options.push_back({"crypted", 0, cli::Takes::nothing, "", "the password is given in its crypt(5) form"});
    options.push_back(
        {"reset_ub", 0, cli::Takes::nothing, "", "apply all limits of the configuration again"});
    options.push_back({"applyconfig", 0, cli::Takes::value, "SAMPLE",
                       "take the settings of ve-SAMPLE.conf-sample; what makes it this container stays"});
    options.push_back({"save", 0, cli::Takes::nothing, "", "keep the change in the configuration"});
    options.push_back({"offline-resize", 0, cli::Takes::nothing, "",
                       "--diskspace may make the volume of a stopped container smaller"});
    options.push_back({"force", 0, cli::Takes::nothing, "",
                       "with --save: save also what could not be applied to the running container"});
    options.push_back({"setmode", 0, cli::Takes::value, "restart|ignore",
                       "for settings that need a restart: restart it (with --save), or do nothing (32)"});
    const auto more = making::setting_options();
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

Result<int> run_create(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("create"), call.arguments));
    VZ_ASSIGN(const auto request, create_request(parsed, call.ctid));
    VZ_TRY(ops::create(call.context, request));
    return 0;
}

Result<int> run_set(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("set"), call.arguments));
    ops::SetRequest request;
    VZ_ASSIGN(request.changes, ops::collect_changes([&](auto name) { return parsed.values(name); }));
    request.ip_add = parsed.values("ipadd");
    request.ip_del = parsed.values("ipdel");
    request.bind_add = parsed.values("bindmount_add");
    request.bind_del = parsed.values("bindmount_del");
    request.interfaces = interface_request(parsed);
    VZ_ASSIGN(request.passwords, passwords(parsed, call.io.in));
    request.crypted_passwords = parsed.has("crypted");
    request.reset_limits = parsed.has("reset_ub");
    request.offline_resize = parsed.has("offline-resize");
    request.sample = parsed.value("applyconfig");
    request.save = parsed.has("save");
    request.save_although_not_applied = parsed.has("force");
    VZ_ASSIGN(request.next_start, set_mode(parsed));
    const bool nothing = request.changes.empty() && request.ip_add.empty() && request.ip_del.empty() &&
                         request.bind_add.empty() && request.bind_del.empty() && request.interfaces.empty() &&
                         request.passwords.empty() && !request.reset_limits && !request.sample;
    if (nothing)
        return fail(Errc::too_few_parameters, "nothing to set; vzctl set --help lists what can be set");
    return ok(ops::set(call.context, call.ctid, std::move(request)));
}

} // namespace vz::vzctl
