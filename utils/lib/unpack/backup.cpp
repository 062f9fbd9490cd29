// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/unpack/backup.hpp"

#include "ask.hpp"
#include "vz/base/text.hpp"

namespace vz::unpack {

namespace {

// "ENTRIES BYTES", then a line for each entry that is left to us, as manifests have them.
Result<backup::Restored> read_answer(const std::string& answer) {
    const auto lines = text::split(answer, '\n');
    const auto fields = text::words(lines[0]);
    if (fields.size() != 2)
        return fail(Errc::internal, "bad answer of vz-unpack");
    backup::Restored out{text::to_uint(fields[0]).value_or(0), text::to_uint(fields[1]).value_or(0), {}};
    for (std::size_t i = 1; i < lines.size(); ++i) {
        if (lines[i].empty())
            continue;
        VZ_ASSIGN(auto entry, backup::parse_line(lines[i]));
        out.left.push_back(std::move(entry));
    }
    return out;
}

Result<backup::Restored> work_on(std::string verb, const backup::ReadRequest& request, int out) {
    const int target = request.target.fd();
    const int userns = request.userns.get();
    std::vector<std::string> words{std::move(verb),        request.depot.folder(), request.id,
                                   std::to_string(target), std::to_string(userns), std::to_string(out)};
    words.insert(words.end(), request.only.begin(), request.only.end());
    std::vector<int> fds{target, userns};
    if (out >= 0)
        fds.push_back(out);
    VZ_ASSIGN(const auto answer, ask(std::move(words), fds, request.reporter));
    return read_answer(answer).context(request.id);
}

} // namespace

Result<backup::Restored> restore_backup(const backup::ReadRequest& request) {
    return work_on("restore", request, -1);
}

Result<backup::Restored> verify_backup(const backup::ReadRequest& request) {
    return work_on("verify-backup", request, -1);
}

Result<backup::Restored> write_backup_tar(const backup::ReadRequest& request, const sys::Fd& out) {
    return work_on("backup-tar", request, out.get());
}

} // namespace vz::unpack
