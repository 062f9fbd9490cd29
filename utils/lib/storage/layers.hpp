// SPDX-License-Identifier: GPL-2.0-or-later
// Frozen layers of overlays: what a container had changed when it was cloned or kept as a snapshot becomes a
// read-only layer that original and copies share, so that no size is copied. Beside the private areas lie
//   .layers/ID/upper  a layer; nobody changes it any more
// and in a container's area, or in one of its snapshots,
//   layers            the layers below its upper, newest first: "ID UID GID COUNT", whose ids own the files
//   freezing          the id of the layer that its upper is about to become
// A layer stays as long as one of these files, in an area of the same folder, names it. No lock is needed:
// what is copied names its layers already, and keeps naming them while the copy is made.
#pragma once

#include "vz/storage/storage.hpp"

#include <string>
#include <vector>

namespace vz::storage::layers {

struct Layer {
    std::string path; // of its files
    sys::IdRange owners;
};

// The layers below the upper of `folder`, which is the volume's area or one of its snapshots; newest first.
Result<std::vector<Layer>> below(const Volume& volume, const std::string& folder);

// Whether a copy of `folder` would cost so much that its upper is worth a layer, and can become one. Looks at
// a bounded number of files only.
bool is_worth_freezing(const Volume& volume, const std::string& folder);

// Makes the upper of `folder`, which nobody has mounted, its newest layer. Killed in between, settle() ends
// it. An error whose sys_errno is EXDEV: it cannot be one (folders with quota projects of somebody else's),
// and nothing has changed.
Result<void> freeze(const Volume& volume, const std::string& folder);
Result<void> settle(const Volume& volume, const std::string& folder);

bool has_any(const std::string& folder);

// Puts the layers of `from` below `to`, an area of the same folder or a snapshot in one.
Result<void> share(const std::string& from, const std::string& to);

// Upper and work of an overlay without changes.
Result<void> make_empty(const std::string& folder, const sys::IdRange& ids);

// The root folder of a container has its attributes in the topmost layer: from one upper to another.
Result<void> copy_root_attributes(const std::string& from, const sys::IdRange& owner, const std::string& to,
                                  const sys::IdRange& new_owner);

// Removes the layers beside the volume's area that nobody names any more.
Result<void> sweep(const Volume& volume);

} // namespace vz::storage::layers
