// SPDX-License-Identifier: GPL-2.0-or-later
// Where a container's files lie and how they are mounted. One interface, one class a layout; every layout
// passes the same contract suite (tests/unit/storage_contract_test.cpp).
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/fd.hpp"
#include "vz/sys/userns.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace vz::storage {

// A container's files on this host. Paths are absolute and chosen by the administrator.
struct Volume {
    std::string private_area;  // VE_PRIVATE
    std::string root;          // VE_ROOT: where it is mounted; must exist to mount
    std::string template_tree; // layouts on a shared template: the extracted tree
    sys::IdRange ids;
};

class Storage {
public:
    virtual ~Storage() = default;

    // Whether the files of a template are copied into the private area (else they are shared from its tree).
    virtual bool copies_template() const = 0;

    // Makes an empty private area at `volume.private_area`, which must not exist.
    virtual Result<void> create(const Volume& volume) const = 0;

    // The folder of the private area that holds the container's files with their natural owners, to be filled
    // from an archive. Only for layouts that copy the template.
    virtual Result<std::string> content_folder(const Volume& volume) const = 0;

    // Mounts it on volume.root in one step: it is mounted whole or not at all.
    virtual Result<void> mount(const Volume& volume) const = 0;

    // Unmounts it and whatever was mounted below. Not mounted is fine. Errc::umount if it is in use.
    virtual Result<void> unmount(const Volume& volume) const;
};

// "dir": the private area is the root file system, as simfs was. Its owners on disk are the container's own
// ids.
std::unique_ptr<Storage> make_dir_storage();

// "overlay": the extracted template is the shared, read-only lower layer; the private area holds what
// differs.
std::unique_ptr<Storage> make_overlay_storage();

} // namespace vz::storage
