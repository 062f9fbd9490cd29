// SPDX-License-Identifier: GPL-2.0-or-later
#include "volume.hpp"

namespace vz::ops {

std::unique_ptr<storage::Storage> storage_for(config::Layout layout) {
    return layout == config::Layout::overlay ? storage::make_overlay_storage() : storage::make_dir_storage();
}

Result<storage::Volume> volume_of(const config::Container& container) {
    const auto ids = container.id_range();
    if (!ids)
        return fail(Errc::bad_config, "LOCAL_UID and LOCAL_GID must be set, to 65536 or more, in {}",
                    container.host().paths.ct_conf(container.ctid()));
    storage::Volume volume{container.private_area(), container.root(), "", *ids};
    if (!container.template_id().empty())
        volume.template_tree = format("{}/tree/{}", container.host().template_dir(), container.template_id());
    return volume;
}

} // namespace vz::ops
