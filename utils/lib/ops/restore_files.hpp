// SPDX-License-Identifier: GPL-2.0-or-later
// A backup's files, on their way into the storage of a container that is being made.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/config/container.hpp"
#include "vz/ops/context.hpp"
#include "vz/ops/restore.hpp"
#include "vz/storage/storage.hpp"
#include "vz/templates/store.hpp"

namespace vz::ops {

struct RestoreOrigin {
    RestoreSource source;
    std::optional<backup::Head> head;               // of a backup
    std::optional<templates::Template> on_template; // that the files lie, or will lie, on
};

// The template that a backup lies on: this host's, or the archive that is kept beside the backup, which is
// proven. With `shared` it has to be one of the store, and is imported there if it is missing.
// Errc::bad_template: the store has another one of this name.
Result<templates::Template> template_of(const Context& context, const backup::Depot& depot,
                                        const backup::OnTemplate& wanted, bool shared);

// Makes `volume`, new or not yet there, of all that the origin holds. Errc as Storage::create(); failed:
// damaged.
Result<void> make_volume(const Context& context, const config::Container& container,
                         const storage::Volume& volume, const RestoreOrigin& origin);
// The same for one that exists and is empty but for the template's files.
Result<void> fill_volume(const Context& context, const config::Container& container,
                         const storage::Volume& volume, const RestoreOrigin& origin);

} // namespace vz::ops
