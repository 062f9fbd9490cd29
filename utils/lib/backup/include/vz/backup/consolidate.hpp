// SPDX-License-Identifier: GPL-2.0-or-later
// Makes a full backup of one that goes on from others: one archive instead of theirs, everything else as it
// was, its id too. Whatever goes on from it still does.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/backup/restore.hpp"

#include <memory>

namespace vz::backup {

// It goes on from nothing, and its own archive holds all.
bool is_full(const Head& head);

struct FullParts {
    Part archive; // both without names
    Part manifest;
};

// Confined, like all of vz/backup/restore.hpp; call vz/unpack/backup.hpp instead. Writes the two parts to
// open files, durable on return; the target is only where the process is locked in. Each file is compared
// with the manifest while it is copied.
Result<FullParts> write_full(const ReadRequest& request, const sys::Fd& archive, const sys::Fd& manifest);

// The two files, on the host's side, and how they take the place of those that were.
class FullDraft {
public:
    // `depot` is under its lock and swept.
    static Result<FullDraft> make(const Depot& depot, Head head);
    FullDraft(FullDraft&&) noexcept;
    ~FullDraft(); // removes what was not committed

    const sys::Fd& archive() const;
    const sys::Fd& manifest() const;

    // Archive, manifest, head; then what nothing needs any more goes. Killed before the head is there, the
    // backup is what it was.
    Result<Head> commit(const FullParts& parts);

private:
    struct State;
    explicit FullDraft(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

} // namespace vz::backup
