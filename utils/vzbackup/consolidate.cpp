// SPDX-License-Identifier: GPL-2.0-or-later
// Full backups out of chains.
#include "verbs.hpp"

#include "vz/ops/consolidate.hpp"
#include "vz/ops/lxc_setup.hpp"

#include <ostream>

namespace vz::vzbackup {

int consolidate(const Call& call) {
    const auto patience = patience_of(call.given);
    if (!patience)
        return cli::report_usage(k_tool, patience.error(), call.io.err);
    int status = 0;
    const auto engine = ops::make_engine(call.host);
    for (const auto& word : call.words) {
        const auto id = call.depot.resolve(word);
        const auto head = id ? ops::consolidate({call.host, *engine, call.out}, call.depot, *id, *patience)
                             : Result<backup::Head>(id.error());
        if (head) {
            call.io.out << head->id << '\n' << std::flush;
            continue;
        }
        const int one = cli::report(k_tool, head.error(), call.io.err);
        status = call.words.size() == 1 ? one : exit_code(Errc::system);
    }
    return status;
}

} // namespace vz::vzbackup
