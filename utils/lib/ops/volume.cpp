// SPDX-License-Identifier: GPL-2.0-or-later
#include "volume.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/random.hpp"

namespace vz::ops {

namespace {

constexpr std::uint64_t k_kilobyte = 1024; // what bare numbers of DISKSPACE count

std::uint64_t hard_limit(const config::Container& container, std::string_view key, std::uint64_t unit) {
    const auto text = container.get(key);
    const auto limit =
        text && !text->empty() ? config::parse_limit(*text, unit) : Result<config::Limit>(Error{});
    return limit ? limit->limit : units::unlimited;
}

bool is_on_btrfs(const std::string& path) {
    for (auto at = path; at.size() > 1; at = at.substr(0, at.rfind('/'))) {
        if (sys::exists(at))
            return storage::is_on_btrfs(at);
    }
    return false;
}

} // namespace

std::unique_ptr<storage::Storage> storage_for(config::Layout layout) {
    switch (layout) {
    case config::Layout::overlay:
        return storage::make_overlay_storage();
    case config::Layout::btrfs:
        return storage::make_btrfs_storage();
    case config::Layout::lvm:
        return storage::make_lvm_storage();
    case config::Layout::lvmthin:
        return storage::make_lvmthin_storage();
    default:
        return storage::make_dir_storage();
    }
}

Result<storage::Volume> volume_of(const config::Container& container) {
    const auto ids = container.id_range();
    if (!ids)
        return fail(Errc::bad_config, "LOCAL_UID and LOCAL_GID must be set, to 65536 or more, in {}",
                    container.host().paths.ct_conf(container.ctid()));
    storage::Volume volume;
    volume.private_area = container.private_area();
    volume.root = container.root();
    volume.ids = *ids;
    volume.number = container.ctid().value();
    volume.uuid = container.uuid();
    volume.volume_group = container.get_or("VE_VOLUME_GROUP", "");
    volume.thin_pool = container.get_or("VE_THIN_POOL", "");
    if (!container.template_id().empty())
        volume.template_tree = format("{}/tree/{}", container.host().template_dir(), container.template_id());
    return volume;
}

Result<config::Layout> choose_layout(const config::Container& container, std::string_view word) {
    if (const auto layout = config::parse_layout(word))
        return *layout;
    if (!config::is_layout_word(word))
        return fail(Errc::unknown_mount_type, "unknown layout {}: known are {}", text::printable(word),
                    config::layout_words());
    if (!container.get_or("VE_THIN_POOL", "").empty())
        return config::Layout::lvmthin;
    return is_on_btrfs(container.private_area()) ? config::Layout::btrfs : config::Layout::overlay;
}

Result<void> write_down_storage(config::Container& container) {
    if (container.uuid().empty())
        VZ_TRY(container.conf().set("VE_UUID", sys::random_uuid()));
    if (!storage_for(container.layout())->traits().own_device)
        return {};
    for (const char* key : {"VE_VOLUME_GROUP", "VE_THIN_POOL"})
        if (const auto value = container.get_or(key, ""); !value.empty())
            VZ_TRY(container.conf().set(key, value));
    return {};
}

storage::DiskLimits disk_limits_of(const config::Container& container) {
    storage::DiskLimits limits;
    if (container.get_or("DISK_QUOTA", "yes") == "no")
        return limits;
    limits.bytes = hard_limit(container, "DISKSPACE", k_kilobyte);
    limits.inodes = hard_limit(container, "DISKINODES", 1);
    return limits;
}

Result<void> apply_disk_limits(const config::Container& container, Reporter& out) {
    VZ_ASSIGN(const auto volume, volume_of(container));
    auto done = storage_for(container.layout())->set_limits(volume, disk_limits_of(container), out);
    // That there are no quotas at all was said when the limit was set; each mount need not repeat it.
    const bool known = !done && done.error().code == Errc::quota_set && done.error().sys_errno == 0;
    if (!done && !known)
        out.warning(done.error().what);
    return {};
}

} // namespace vz::ops
