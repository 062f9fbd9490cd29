// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/consolidate.hpp"

#include "cell.hpp"

#include "vz/sys/userns.hpp"
#include "vz/unpack/backup.hpp"

namespace vz::ops {

Result<backup::Head> consolidate(const Context& context, const backup::Depot& depot, const std::string& id,
                                 std::chrono::milliseconds patience) {
    VZ_TRY(depot.head(id)); // before a lock is made for what is not there
    const auto ctid = backup::parse_backup_id(id).value_or(backup::BackupName()).ctid;
    VZ_ASSIGN(const auto lock, depot.lock(ctid, patience));
    VZ_TRY(depot.sweep(ctid));
    VZ_ASSIGN(auto head, depot.head(id));
    if (backup::is_full(head)) {
        context.out.info(id + " is full already");
        return head;
    }
    VZ_ASSIGN(const auto userns, sys::make_userns(k_nobodys_ids));
    VZ_ASSIGN(const auto cell, make_cell());
    VZ_ASSIGN(auto draft, backup::FullDraft::make(depot, std::move(head)));
    VZ_ASSIGN(const auto parts, unpack::write_full_backup({depot, id, cell, userns, {}, context.out},
                                                          draft.archive(), draft.manifest()));
    return draft.commit(parts);
}

} // namespace vz::ops
