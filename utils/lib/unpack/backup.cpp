// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/unpack/backup.hpp"

#include "ask.hpp"
#include "vz/base/digest_text.hpp"
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

// `out`: descriptors that are written to; -1: none.
Result<std::string> answer_to(std::string verb, const backup::ReadRequest& request,
                              const std::vector<int>& out) {
    std::vector<int> fds{request.target.fd(), request.userns.get()};
    std::vector<std::string> words{std::move(verb), request.depot.folder(), request.id,
                                   std::to_string(fds[0]), std::to_string(fds[1])};
    for (const int fd : out) {
        words.push_back(std::to_string(fd));
        if (fd >= 0)
            fds.push_back(fd);
    }
    words.insert(words.end(), request.only.begin(), request.only.end());
    return ask(std::move(words), fds, request.reporter);
}

Result<backup::Restored> work_on(std::string verb, const backup::ReadRequest& request, int out) {
    VZ_ASSIGN(const auto answer, answer_to(std::move(verb), request, {out}));
    return read_answer(answer).context(request.id);
}

// "SIZE SHA256".
Result<backup::Part> part_in(std::string_view line) {
    const auto fields = text::words(line);
    const auto size = fields.size() == 2 ? text::to_uint(fields[0]) : std::nullopt;
    if (!size || !text::is_sha256(fields[1]))
        return fail(Errc::internal, "bad answer of vz-unpack");
    return backup::Part{{}, *size, fields[1]};
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

Result<backup::FullParts> write_full_backup(const backup::ReadRequest& request, const sys::Fd& archive,
                                            const sys::Fd& manifest) {
    VZ_ASSIGN(const auto answer, answer_to("backup-full", request, {archive.get(), manifest.get()}));
    const auto lines = text::split(answer, '\n');
    VZ_ASSIGN(auto content, part_in(lines[0]));
    VZ_ASSIGN(auto names, part_in(lines.size() > 1 ? lines[1] : ""));
    return backup::FullParts{std::move(content), std::move(names)};
}

Result<backup::Listed> list_backup_files(const backup::ReadRequest& request, const sys::Fd& out) {
    VZ_ASSIGN(const auto answer, answer_to("backup-list", request, {out.get()}));
    const auto lines = text::split(answer, '\n');
    VZ_ASSIGN(auto part, part_in(lines[0]));
    return backup::Listed{std::move(part), text::to_uint(lines.size() > 1 ? lines[1] : "").value_or(0)};
}

} // namespace vz::unpack
