// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/set.hpp"

#include "census.hpp"
#include "ct_limits.hpp"
#include "sample.hpp"
#include "set_live.hpp"
#include "set_plan.hpp"
#include "volume.hpp"
#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/guest/users.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/ops/start.hpp"
#include "vz/sys/file.hpp"

#include <optional>

namespace vz::ops {

namespace {

// For stopped containers too: a limit that cannot be had is told by the command that asks for it. A sample's
// is only warned of.
Result<void> apply_disk_limits(const Context& context, const config::Container& wanted,
                               const SetRequest& request, const Changes& given) {
    if (!changes_any(request.changes, {"DISKSPACE", "DISKINODES", "DISK_QUOTA"}) ||
        !sys::exists(wanted.private_area()))
        return {};
    auto limits = disk_limits_of(wanted);
    limits.insist = changes_any(given, {"DISKSPACE", "DISKINODES"});
    limits.insist_on_inodes = changes_any(given, {"DISKINODES"});
    limits.may_shrink_offline = request.offline_resize;
    if (limits.insist && wanted.get_or("DISK_QUOTA", "yes") == "no")
        context.out.warning("DISK_QUOTA=no: the limits are not enforced");
    VZ_ASSIGN(const auto volume, volume_of(wanted));
    auto done = storage_for(wanted.layout())->set_limits(volume, limits, context.out);
    if (done || limits.insist)
        return done;
    context.out.warning(done.error().what);
    return {};
}

Result<void> set_passwords(const Context& context, const config::Container& container,
                           const SetRequest& request) {
    if (request.passwords.empty())
        return {};
    std::vector<Credentials> all;
    for (const auto& text : request.passwords) {
        VZ_ASSIGN(auto one, parse_credentials(text));
        all.push_back(std::move(one));
    }
    const bool was_mounted = is_mounted(container);
    if (!was_mounted)
        VZ_TRY(mount(context, container));
    const auto hashing = request.crypted_passwords ? guest::Hashing::crypted : guest::Hashing::clear;
    auto done = in_guest_files(container, [&](const sys::Dir& root) -> Result<void> {
        for (const auto& one : all)
            VZ_TRY(guest::set_password(root, one.user, one.password, hashing));
        return {};
    });
    for (auto& one : all)
        guest::wipe(one.password);
    if (!was_mounted) {
        auto unmounted = unmount(context, container);
        if (done && !unmounted)
            return unmounted;
    }
    return std::move(done).as(Errc::password);
}

Result<void> save(const Context& context, config::Container& container) {
    VZ_TRY(container.save());
    VZ_TRY(config::link_name(context.host.paths, container.ctid(), container.name()));
    context.out.info(format("CT configuration saved to {}", context.host.paths.ct_conf(container.ctid())));
    return {};
}

// The settings of the sample come first, those that were asked for one by one override them.
Result<void> add_sample(const config::Host& host, SetRequest& request) {
    if (!request.sample)
        return {};
    VZ_ASSIGN(auto changes, sample_changes(host, *request.sample));
    request.changes.insert(request.changes.begin(), changes.begin(), changes.end());
    return {};
}

// Held while addresses or a name are found free and then taken.
Result<std::optional<sys::FileLock>> lock_census_for(const Context& context, const SetRequest& request) {
    if (request.ip_add.empty() && !changes_any(request.changes, {"NAME"}))
        return std::optional<sys::FileLock>();
    VZ_ASSIGN(auto lock, lock_census(context.host));
    return std::optional(std::move(lock));
}

Result<config::Container> with_changes(config::Container container, const Changes& changes) {
    for (const auto& [key, value] : changes)
        VZ_TRY(container.conf().set(key, value));
    VZ_TRY(config::check_folders(container).as(Errc::bad_value));
    VZ_TRY(check_limits(container, changes));
    return container;
}

// --force turns a failure into a warning.
Result<void> judge(const Context& context, const SetRequest& request, Result<void> applied) {
    if (applied || !request.save)
        return applied;
    if (!request.save_although_not_applied) {
        context.out.warning("failed to apply some parameters, not saving configuration file!");
        return applied;
    }
    context.out.warning(format("saved although not applied: {}", applied.error().what));
    return {};
}

Result<void> keep(const Context& context, config::Container& wanted, const SetRequest& request) {
    if (request.changes.empty())
        return {};
    if (request.save)
        return save(context, wanted);
    context.out.warning("WARNING: Settings were not saved to config (use --save flag)");
    return {};
}

// True if the container is to be restarted with its new settings.
Result<bool> set_locked(const Context& context, config::Ctid ctid, SetRequest& request) {
    VZ_ASSIGN(const auto before, config::load_container(context.host, ctid));
    const auto runtime = load_runtime(context.host.paths, ctid);
    const auto given = request.changes;
    VZ_TRY(merge_changes([&](auto key) { return before.get_or(key, ""); }, request.changes));
    const auto only_kept = without_effect(request.changes);
    VZ_TRY(add_sample(context.host, request));
    VZ_ASSIGN(const auto census, lock_census_for(context, request));
    VZ_TRY(complete_and_check(context, before, request, runtime.has_value()));
    bool restart_it = false;
    if (runtime) {
        VZ_ASSIGN(restart_it, check_next_start(context, before, request));
    }
    VZ_ASSIGN(auto wanted, with_changes(before, request.changes));
    auto applied =
        runtime && !restart_it ? apply_live(context, before, wanted, *runtime, request) : Result<void>();
    if (applied)
        applied = apply_disk_limits(context, wanted, request, given);
    VZ_TRY(judge(context, request, std::move(applied)));
    VZ_TRY(set_passwords(context, wanted, request));
    if (!only_kept.empty())
        context.out.info("kept, but without effect on this kernel: " + text::join(only_kept, ", "));
    VZ_TRY(keep(context, wanted, request));
    return restart_it;
}
} // namespace

Result<Credentials> parse_credentials(const std::string& text) {
    const auto colon = text.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == text.size())
        return fail(Errc::bad_value, "--userpasswd: USER:PASSWORD expected");
    if (text::has_control(text))
        return fail(Errc::bad_value, "--userpasswd: control characters are not allowed");
    Credentials credentials{text.substr(0, colon), text.substr(colon + 1)};
    if (!guest::valid_user_name(credentials.user))
        return fail(Errc::bad_value, "--userpasswd: bad user name: {}", text::printable(credentials.user));
    return credentials;
}

Result<void> set(const Context& context, config::Ctid ctid, SetRequest request) {
    bool restart_it = false;
    {
        VZ_ASSIGN(const auto lock, lock_container(context, ctid, "changing settings"));
        VZ_ASSIGN(restart_it, set_locked(context, ctid, request));
    }
    return restart_it ? restart(context, ctid, {}, {}) : Result<void>();
}

} // namespace vz::ops
