// SPDX-License-Identifier: GPL-2.0-or-later
#include "reader.hpp"

#include "vz/archive/entry_attributes.hpp"

#include "vz/archive/member_reader.hpp"
#include "vz/base/text.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace vz::archive {

namespace {

class Reader {
public:
    Reader(MemberReader members, const Pass& pass, std::uint64_t max_entries)
        : m_members(std::move(members)), m_sink(pass.sink), m_accounts(pass.accounts), m_check(max_entries) {}

    Result<Summary> run() {
        for (;;) {
            VZ_ASSIGN(const bool more, m_members.next());
            if (!more)
                break;
            VZ_TRY(take());
        }
        if (m_check.entries() == 0)
            return fail(Errc::bad_template, "holds no files");
        VZ_TRY(m_members.check_end());
        if (m_sink)
            VZ_TRY(m_sink->finish(m_check));
        return Summary{m_check.entries(), m_members.total()};
    }

    std::uint64_t unknown_names() const { return m_unknown_names; }

private:
    Result<void> take() {
        Entry entry;
        entry.member = m_members.member();
        VZ_ASSIGN(const auto verdict, m_check.admit(entry.member));
        auto attributes = attributes_of(m_members.raw(), m_accounts, m_unknown_names);
        if (!attributes)
            return std::move(attributes)
                .error()
                .context(format("member '{}'", text::printable(m_members.member().path)));
        if (verdict == MemberCheck::Verdict::leave_out || !m_sink)
            return {};
        entry.attributes = *std::move(attributes);
        entry.mode = m_members.mode();
        entry.size = m_members.size();
        entry.mtime = m_members.mtime();
        entry.next_block = [this] { return m_members.next_block(); };
        return m_sink->take(entry).context(format("'{}'", text::printable(entry.member.path)));
    }

    MemberReader m_members;
    Sink* m_sink;
    const Accounts* m_accounts;
    std::uint64_t m_unknown_names = 0;
    MemberCheck m_check;
};

std::uint64_t size_of(int fd) {
    struct stat st {};
    return ::fstat(fd, &st) == 0 ? static_cast<std::uint64_t>(st.st_size) : 0;
}

} // namespace

Result<Summary> read_archive(int fd, const Limits& limits, const Pass& pass, Reporter& reporter) {
    VZ_ASSIGN(auto stream, open_stream(fd));
    const auto show = [&, size = size_of(fd)] {
        const auto at = ::lseek(fd, 0, SEEK_CUR);
        reporter.progress(pass.doing, at < 0 ? 0 : static_cast<std::uint64_t>(at), size);
    };
    Reader reader(MemberReader({std::move(stream), limits.max_bytes, show}), pass, limits.max_entries);
    auto summary = reader.run();
    reporter.progress_done();
    if (summary && pass.accounts && reader.unknown_names() > 0)
        reporter.warning(format("{} entries of ACLs are left out: they name users or groups that are not in "
                                "the archive's etc/passwd and etc/group",
                                reader.unknown_names()));
    return summary;
}

} // namespace vz::archive
