// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs.hpp"

#include "snapshot_verbs.hpp"
#include "vz/base/text.hpp"
#include "vz/ops/console.hpp"
#include "vz/ops/convert.hpp"
#include "vz/ops/create.hpp"
#include "vz/ops/exec.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/set.hpp"
#include "vz/ops/settings.hpp"
#include "vz/ops/start.hpp"
#include "vz/ops/status.hpp"

#include <algorithm>
#include <array>
#include <istream>
#include <ostream>

namespace vz::vzctl {

namespace {

using cli::Option;
using cli::Takes;
using ops::Needs;

Result<int> ok(Result<void> done) {
    if (!done)
        return std::move(done).error();
    return 0;
}

std::vector<Option> no_options() {
    return {};
}

std::vector<Option> start_options() {
    return {{"wait", 0, Takes::nothing, "", "return when its services are up"},
            {"wait-timeout", 0, Takes::value, "SECONDS", "with --wait: for so long at most, not an hour"},
            {"force", 0, Takes::nothing, "", "although it is DISABLED"},
            {"skip-fsck", 0, Takes::nothing, "", ""},
            {"skip-remount", 0, Takes::nothing, "", "do not mount again what is mounted"}};
}

std::vector<Option> stop_options() {
    return {{"fast", 0, Takes::nothing, "", "kill it, do not ask it to halt"},
            {"skip-umount", 0, Takes::nothing, "", "leave it mounted"}};
}

std::vector<Option> restart_options() {
    auto options = start_options();
    const auto more = stop_options();
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

std::vector<Option> address_options() {
    return {{"ipadd|ip", 0, Takes::values, "ADDRESS", "add an IPv4 or IPv6 address; may be repeated"}};
}

std::vector<Option> interface_options() {
    return {{"netif_add", 0, Takes::values, "NAME[,MAC[,HOST_NAME[,HOST_MAC[,BRIDGE]]]]",
             "add a bridged interface"},
            {"netif_del", 0, Takes::values, "NAME|all", "take a bridged interface away"},
            {"ifname", 0, Takes::value, "NAME",
             "the bridged interface that the following are about, and --ipadd, --ipdel"},
            {"mac", 0, Takes::value, "MAC", "its MAC address inside"},
            {"host_ifname", 0, Takes::value, "NAME", "its name on the host"},
            {"host_mac", 0, Takes::value, "MAC", "its MAC address on the host"},
            {"bridge", 0, Takes::value, "BRIDGE|none", "the bridge it is on"},
            {"vlan", 0, Takes::value, "N|none", "its VLAN on a bridge that knows them"},
            {"mac_filter", 0, Takes::value, "on|off",
             "whether it may send only from its own MAC and IP addresses"},
            {"gw", 0, Takes::value, "ADDRESS|none", "the gateway behind it"},
            {"dhcp", 0, Takes::value, "yes|no", "whether it gets its addresses by DHCP"},
            {"netdev_add", 0, Takes::values, "DEVICE", "move a network device of the host into it"},
            {"netdev_del", 0, Takes::values, "DEVICE", "move it back"}};
}

std::vector<Option> set_options() {
    auto options = address_options();
    for (auto& option : interface_options())
        options.push_back(std::move(option));
    options.push_back({"ipdel", 0, Takes::values, "ADDRESS|all", "take an address away"});
    options.push_back({"bindmount_add|bindmount-add", 0, Takes::values, "[SRC:]DST[,ro]",
                       "share a folder of the host; more options: noexec, suid"});
    options.push_back(
        {"bindmount_del|bindmount-del", 0, Takes::values, "DST|all", "take a shared folder away"});
    options.push_back(
        {"userpasswd", 0, Takes::values, "USER:PASSWORD",
         "set a password, making the user if needed; \"-\" reads the line from standard input"});
    options.push_back({"crypted", 0, Takes::nothing, "", "the password is given in its crypt(5) form"});
    options.push_back({"reset_ub", 0, Takes::nothing, "", "apply all limits of the configuration again"});
    options.push_back({"applyconfig", 0, Takes::value, "SAMPLE",
                       "take the settings of ve-SAMPLE.conf-sample; what makes it this container stays"});
    options.push_back({"save", 0, Takes::nothing, "", "keep the change in the configuration"});
    options.push_back({"offline-resize", 0, Takes::nothing, "",
                       "--diskspace may make the volume of a stopped container smaller"});
    options.push_back({"force", 0, Takes::nothing, "",
                       "with --save: save also what could not be applied to the running container"});
    options.push_back({"setmode", 0, Takes::value, "restart|ignore",
                       "for settings that need a restart: restart it (with --save), or do nothing (32)"});
    const auto more = setting_options();
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

std::vector<Option> create_options() {
    auto options = address_options();
    options.push_back({"config", 0, Takes::value, "SAMPLE", "begin with ve-SAMPLE.conf-sample"});
    options.push_back({"layout", 0, Takes::value, "dir|overlay|btrfs|lvm|lvmthin", "how its files are kept"});
    options.push_back({"local_uid", 0, Takes::value, "ID", "first of its 65536 user ids on the host"});
    options.push_back({"local_gid", 0, Takes::value, "ID", "first of its group ids on the host"});
    const auto more = setting_options();
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

std::vector<Option> convert_options() {
    return {{"layout", 0, Takes::value, "dir|overlay|btrfs|lvm|lvmthin", "how its files are to be kept"}};
}

Result<ops::StartRequest> start_request(const cli::Parsed& parsed) {
    ops::StartRequest request;
    request.wait = parsed.has("wait");
    request.force = parsed.has("force");
    request.skip_remount = parsed.has("skip-remount");
    if (const auto given = parsed.value("wait-timeout")) {
        const auto seconds = text::to_uint(*given);
        if (!seconds || *seconds == 0 || *seconds > 86400)
            return fail(Errc::bad_value, "--wait-timeout: a number from 1 to 86400 expected, not {}",
                        text::printable(*given));
        request.wait_seconds = static_cast<unsigned>(*seconds);
    }
    return request;
}

ops::StopRequest stop_request(const cli::Parsed& parsed) {
    return {parsed.has("fast"), parsed.has("skip-umount")};
}

Result<int> run_start(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("start"), call.arguments));
    VZ_ASSIGN(const auto request, start_request(parsed));
    return ok(ops::start(call.context, call.ctid, request));
}

Result<int> run_stop(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("stop"), call.arguments));
    return ok(ops::stop(call.context, call.ctid, stop_request(parsed)));
}

Result<int> run_restart(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("restart"), call.arguments));
    VZ_ASSIGN(const auto request, start_request(parsed));
    return ok(ops::restart(call.context, call.ctid, request, stop_request(parsed)));
}

Result<int> run_status(const Call& call) {
    VZ_TRY(parse_options(*find_verb("status"), call.arguments));
    call.io.out << ops::status_line(call.ctid, ops::status(call.context.host, call.ctid)) << '\n';
    return 0;
}

Result<int> run_mount(const Call& call) {
    VZ_TRY(parse_options(*find_verb("mount"), call.arguments));
    return ok(ops::mount_command(call.context, call.ctid));
}

Result<int> run_umount(const Call& call) {
    VZ_TRY(parse_options(*find_verb("umount"), call.arguments));
    return ok(ops::umount_command(call.context, call.ctid));
}

Result<int> run_destroy(const Call& call) {
    VZ_TRY(parse_options(*find_verb("destroy"), call.arguments));
    return ok(ops::destroy(call.context, call.ctid));
}

// "exec" hides the command's status behind one code of its own, "exec2" passes it on.
Result<int> run_exec(const Call& call) {
    VZ_ASSIGN(const int status, ops::exec(call.context, call.ctid, ops::ExecMode::shell, call.arguments));
    return status == 0 ? 0 : exit_code(Errc::command_failed);
}

Result<int> run_exec2(const Call& call) {
    return ops::exec(call.context, call.ctid, ops::ExecMode::shell, call.arguments);
}

Result<int> run_exec3(const Call& call) {
    return ops::exec(call.context, call.ctid, ops::ExecMode::direct, call.arguments);
}

Result<int> run_enter(const Call& call) {
    std::vector<std::string> command = call.arguments;
    if (!command.empty() && command[0] != "--exec")
        return fail(Errc::bad_syntax, "Invalid option {}", text::printable(command[0]));
    if (!command.empty())
        command.erase(command.begin());
    return ops::enter(call.context, call.ctid, command);
}

Result<int> run_console(const Call& call) {
    VZ_ASSIGN(const auto parsed, cli::parse({}, call.arguments, Errc::bad_syntax));
    if (parsed.operands().size() > 1)
        return fail(Errc::bad_syntax, "Too many arguments");
    VZ_ASSIGN(const int tty, ops::parse_tty(parsed.operands().empty() ? "" : parsed.operands()[0]));
    return ok(ops::console(call.context, call.ctid, tty));
}

Result<int> run_runscript(const Call& call) {
    if (call.arguments.empty())
        return fail(Errc::bad_syntax, "No script is specified");
    if (call.arguments.size() > 1)
        return fail(Errc::bad_syntax, "Too many arguments");
    return ops::runscript(call.context, call.ctid, call.arguments[0]);
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
    ops::CreateRequest request;
    request.ctid = ctid;
    request.template_name = parsed.value("ostemplate").value_or("");
    request.sample = parsed.value("config");
    request.layout = parsed.value("layout");
    if (request.layout && !config::is_layout_word(*request.layout))
        return fail(Errc::bad_value, "unknown layout {}: known are {}", text::printable(*request.layout),
                    config::layout_words());
    VZ_ASSIGN(request.changes, ops::collect_changes([&](auto name) { return parsed.values(name); }));
    request.ip_add = parsed.values("ipadd");
    VZ_ASSIGN(request.ids, id_range(parsed));
    return request;
}

Result<int> run_create(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("create"), call.arguments));
    VZ_ASSIGN(const auto request, create_request(parsed, call.ctid));
    VZ_TRY(ops::create(call.context, request));
    return 0;
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

Result<std::string> layout_word(const cli::Parsed& parsed) {
    const auto layout = parsed.value("layout");
    if (!layout)
        return fail(Errc::bad_syntax, "--layout is missing");
    if (!config::is_layout_word(*layout))
        return fail(Errc::bad_value, "unknown layout {}: known are {}", text::printable(*layout),
                    config::layout_words());
    return *layout;
}

Result<int> run_convert(const Call& call) {
    VZ_ASSIGN(const auto parsed, parse_options(*find_verb("convert"), call.arguments));
    VZ_ASSIGN(const auto layout, layout_word(parsed));
    return ok(ops::convert(call.context, call.ctid, layout));
}

Result<int> run_quotaon(const Call& call) {
    VZ_TRY(parse_options(*find_verb("quotaon"), call.arguments));
    return ok(ops::quota_on(call.context, call.ctid));
}

Result<int> run_quotaoff(const Call& call) {
    VZ_TRY(parse_options(*find_verb("quotaoff"), call.arguments));
    return ok(ops::quota_off(call.context, call.ctid));
}

Result<int> run_quotainit(const Call& call) {
    VZ_TRY(parse_options(*find_verb("quotainit"), call.arguments));
    return ok(ops::quota_init(call.context, call.ctid));
}

const std::array k_verbs = std::to_array<Verb>({
    {"create", "", "[options]", "make a container from a template", Needs::lock, false, false, create_options,
     run_create},
    {"destroy", "delete", "", "remove a stopped container and its files", Needs::conf_and_lock, false, false,
     no_options, run_destroy},
    {"start", "", "[--wait] [--force]", "start it", Needs::conf_and_lock, false, false, start_options,
     run_start},
    {"stop", "", "[--fast] [--skip-umount]", "stop it", Needs::conf_and_lock, false, false, stop_options,
     run_stop},
    {"restart", "", "[--wait]", "stop it if it runs, then start it", Needs::conf_and_lock, false, false,
     restart_options, run_restart},
    {"status", "", "", "print \"CTID N exist|deleted mounted|unmounted running|down\"", Needs::nothing, false,
     false, no_options, run_status},
    {"mount", "", "", "mount its files on VE_ROOT", Needs::conf_and_lock, false, false, no_options,
     run_mount},
    {"umount", "", "", "unmount them", Needs::conf_and_lock, false, false, no_options, run_umount},
    {"set", "", "[options] [--save]", "change settings, live and (with --save) for good",
     Needs::conf_and_lock, true, false, set_options, run_set},
    {"convert", "", "--layout LAYOUT", "move the files of a stopped one to another layout",
     Needs::conf_and_lock, false, false, convert_options, run_convert},
    {"quotaon", "", "", "enforce DISKSPACE and DISKINODES", Needs::conf_and_lock, false, false, no_options,
     run_quotaon},
    {"quotaoff", "", "", "lift them until the next mount", Needs::conf_and_lock, false, false, no_options,
     run_quotaoff},
    {"quotainit", "", "", "put files from before there were quotas under them", Needs::conf_and_lock, false,
     false, no_options, run_quotainit},
    {"snapshot", "", "[--id UUID] [--name NAME]", "keep a state to come back to", Needs::conf_and_lock, false,
     false, snapshot_options, run_snapshot},
    {"snapshot-switch", "", "--id UUID", "go back to a state; what it is now is lost", Needs::conf_and_lock,
     false, false, snapshot_switch_options, run_snapshot_switch},
    {"snapshot-delete", "", "--id UUID", "forget a state", Needs::conf_and_lock, false, false,
     snapshot_delete_options, run_snapshot_delete},
    {"snapshot-mount", "", "--id UUID --target FOLDER", "look at the files of a state", Needs::conf_and_lock,
     false, false, snapshot_mount_options, run_snapshot_mount},
    {"snapshot-umount", "", "--id UUID", "end that", Needs::conf_and_lock, false, false,
     snapshot_delete_options, run_snapshot_umount},
    {"snapshot-list", "", "[-H] [-o FIELD,...]", "list the states", Needs::conf, false, false,
     snapshot_list_options, run_snapshot_list},
    {"enter", "", "[--exec COMMAND...]", "open a shell in it", Needs::conf, false, true, no_options,
     run_enter},
    {"console", "", "[ttyN]", "join its console; Esc . leaves it", Needs::conf, false, false, no_options,
     run_console},
    {"exec", "", "COMMAND...|-", "run a shell command in it; 8 if that fails", Needs::conf, false, true,
     no_options, run_exec},
    {"exec2", "", "COMMAND...|-", "the same; the exit status is the command's", Needs::conf, false, true,
     no_options, run_exec2},
    {"exec3", "", "COMMAND...", "the same without a shell", Needs::conf, false, true, no_options, run_exec3},
    {"runscript", "", "FILE", "run a script of the host in it", Needs::conf, false, true, no_options,
     run_runscript},
});

} // namespace

std::span<const Verb> verbs() {
    return k_verbs;
}

const Verb* find_verb(std::string_view name) {
    const auto found = std::find_if(k_verbs.begin(), k_verbs.end(), [&](const Verb& verb) {
        return verb.name == name || (!verb.alias.empty() && verb.alias == name);
    });
    return found == k_verbs.end() ? nullptr : &*found;
}

Result<cli::Parsed> parse_options(const Verb& verb, const std::vector<std::string>& arguments) {
    VZ_ASSIGN(auto parsed, cli::parse(verb.options(), arguments, Errc::bad_syntax));
    if (!parsed.operands().empty())
        return fail(Errc::bad_syntax, "Invalid argument {}; vzctl {} --help lists the options",
                    text::printable(parsed.operands()[0]), verb.name);
    return parsed;
}

std::vector<cli::Option> setting_options() {
    std::vector<Option> options;
    for (const auto& setting : ops::settings())
        options.push_back({std::string(setting.option), 0, Takes::values, std::string(setting.argument),
                           std::string(setting.help)});
    return options;
}

} // namespace vz::vzctl
