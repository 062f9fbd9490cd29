// SPDX-License-Identifier: GPL-2.0-or-later
// A container of a shared template (overlay) put on another edition of it: what the container changed is kept
// on top of the new one. Both sides having changed the same file is a conflict, which a rule decides or
// nobody.
#pragma once

#include "vz/storage/storage.hpp"

#include <string>
#include <vector>

namespace vz::storage {

// Shell patterns for paths from the container's root ("/etc/motd", "/srv/*"; "*" matches "/" too). They
// decide conflicts: the container's file stays, or the new template's is taken. Behind them stand rules for
// what rewrites itself: logs, caches, names and keys stay.
struct RebaseRules {
    std::vector<std::string> keep;
    std::vector<std::string> take;
};

struct RebasePlan {
    std::vector<std::string> conflicts; // paths that no rule decides; apply only without any
    std::vector<std::string> taken;     // changes of the container that give way
    std::vector<std::string> removed;   // what the container removed or replaced by something of its own
};

// `volume` is not mounted; `new_tree` is the other edition's extracted tree. Reads only.
Result<RebasePlan> plan_rebase(const Volume& volume, const std::string& new_tree, const RebaseRules& rules);

// Repeats the container's changes on `target`, a new overlay volume on the other edition. Durable on return.
// Errc::no_disk_space.
Result<void> apply_rebase(const Volume& source, const Volume& target, const RebasePlan& plan);

} // namespace vz::storage
