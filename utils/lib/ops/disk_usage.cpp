// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/usage.hpp"

#include "volume.hpp"

namespace vz::ops {

namespace {

std::optional<storage::DiskUsage> usage_of(const config::Container& container) {
    const auto volume = volume_of(container);
    const auto usage = volume ? storage_for(container.layout())->usage(*volume)
                              : Result<std::optional<storage::DiskUsage>>(volume.error());
    return usage ? *usage : std::nullopt;
}

} // namespace

std::optional<std::uint64_t> disk_bytes_held(const config::Container& container) {
    const auto usage = usage_of(container);
    return usage ? std::optional(usage->bytes) : std::nullopt;
}

std::optional<std::uint64_t> inodes_held(const config::Container& container) {
    const auto usage = usage_of(container);
    return usage ? usage->inodes : std::nullopt;
}

} // namespace vz::ops
