// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/consolidate.hpp"

#include "archived.hpp"
#include "manifest_writer.hpp"
#include "opened.hpp"
#include "tar.hpp"

#include <algorithm>

namespace vz::backup {

namespace {

Error astray() {
    return fail(Errc::failed, "has content where its list of holes has none");
}

// What is between the holes, as a member of a tar archive tells it.
std::vector<Extent> pieces_of(const std::vector<Content::Extent>& found, std::uint64_t size) {
    std::vector<Extent> out;
    for (const auto& [offset, length] : found) {
        if (!out.empty() && out.back().offset + out.back().size == offset)
            out.back().size += length;
        else if (length > 0)
            out.push_back({offset, length});
    }
    if (out.empty() || out.back().offset + out.back().size < size)
        out.push_back({size, 0}); // it ends in a hole
    return out;
}

// A file's content behind its header.
class FileMember {
public:
    FileMember(FrameWriter& out, const Entry& entry, std::vector<Extent> pieces)
        : m_out(out), m_entry(entry),
          m_pieces(entry.holes ? std::move(pieces) : std::vector<Extent>{{0, entry.size}}) {}

    Result<void> begin() {
        VZ_TRY(m_out.cut_if_full());
        return m_out.write(tar_header(m_entry, m_entry.holes ? &m_pieces : nullptr));
    }

    Result<void> add(const archive::Block& block) {
        if (block.data.empty())
            return {};
        while (m_piece < m_pieces.size() && m_at == m_pieces[m_piece].size) {
            ++m_piece;
            m_at = 0;
        }
        if (m_piece == m_pieces.size())
            return astray();
        const auto& piece = m_pieces[m_piece];
        if (block.offset < piece.offset + m_at || block.offset - piece.offset > piece.size ||
            block.data.size() > piece.size - (block.offset - piece.offset))
            return astray();
        VZ_TRY(fill(block.offset - piece.offset));
        m_at += block.data.size();
        m_stored += block.data.size();
        return m_out.write(block.data);
    }

    Result<void> end() {
        for (; m_piece < m_pieces.size(); ++m_piece, m_at = 0)
            VZ_TRY(fill(m_pieces[m_piece].size));
        return m_out.write(tar_padding(m_stored));
    }

private:
    // Zeros up to there: archivers may leave them out.
    Result<void> fill(std::uint64_t up_to) {
        static const std::string zeros(64 << 10, '\0');
        while (m_at < up_to) {
            const auto size = std::min<std::uint64_t>(up_to - m_at, zeros.size());
            VZ_TRY(m_out.write(std::string_view(zeros).substr(0, size)));
            m_at += size;
            m_stored += size;
        }
        return {};
    }

    FrameWriter& m_out;
    const Entry& m_entry;
    std::vector<Extent> m_pieces;
    std::size_t m_piece = 0;
    std::uint64_t m_at = 0; // in that piece
    std::uint64_t m_stored = 0;
};

// Content in the order in which it comes, folders first and links last.
class FullArchive : public Receiver {
public:
    FullArchive(const ReadRequest& request, const Opened& opened, int out)
        : m_request(request), m_opened(opened), m_progress(opened.plan, opened.parts.archives.size()),
          m_out(out) {}

    Result<Part> run() {
        VZ_TRY(put_all([](const Entry& entry) { return entry.type == Type::folder; }));
        VZ_TRY(put_all([](const Entry& entry) {
            return entry.type != Type::folder && entry.type != Type::symlink &&
                   entry.type != Type::hard_link && !(entry.type == Type::file && entry.size > 0);
        }));
        for (m_current = 0; m_current < m_opened.parts.archives.size(); ++m_current)
            if (const auto& members = m_opened.plan.members(m_current); !members.empty())
                VZ_TRY(read_contents(m_opened.parts.archives[m_current], m_opened.plan, members, *this,
                                     m_request.reporter));
        VZ_TRY(m_progress.check(m_opened.parts));
        VZ_TRY(put_all([](const Entry& entry) { return entry.type == Type::hard_link; }));
        // GNU tar sets a folder's time when it has gone on to the next: so folders come once more behind all
        // files. It makes symbolic links at its very end, and then sets the times of those folders which were
        // just before them.
        VZ_TRY(put_all(
            [](const Entry& entry) { return entry.type == Type::folder || entry.type == Type::symlink; }));
        VZ_TRY(m_out.write(tar_end()));
        return m_out.finish();
    }

    bool wants(std::uint32_t entry) const override { return !m_progress.is_done(entry); }
    bool has_all() const override { return m_progress.left(m_current) == 0; }

    Result<void> take(std::uint32_t index, Content content) override {
        const auto& entry = m_opened.plan.entries()[index];
        const bool good = is_content_of(content, entry);
        m_progress.took(index, good);
        if (!good)
            return {};
        FileMember member(m_out, entry, pieces_of(content.extents, entry.size));
        VZ_TRY(member.begin());
        VZ_TRY(content.each([&](const auto& block) { return member.add(block); }));
        return member.end();
    }

    // Of two members of one name the one that fits is meant, here and in what is written.
    Result<void> stream(std::uint32_t index, const LargeContent& content) override {
        const auto& entry = m_opened.plan.entries()[index];
        ContentSum sum(entry);
        FileMember member(m_out, entry, pieces_of(content.extents, entry.size));
        VZ_TRY(member.begin());
        for (;;) {
            VZ_ASSIGN(const auto block, content.next());
            if (!block)
                break;
            sum.add(*block);
            VZ_TRY(member.add(*block));
        }
        m_progress.took(index, sum.matches());
        return member.end();
    }

private:
    template<class Chosen>
    Result<void> put_all(const Chosen& chosen) {
        for (const auto& entry : m_opened.plan.entries())
            if (chosen(entry)) {
                VZ_TRY(m_out.cut_if_full());
                VZ_TRY(m_out.write(tar_header(entry)));
            }
        return {};
    }

    const ReadRequest& m_request;
    const Opened& m_opened;
    Progress m_progress;
    FrameWriter m_out;
    std::size_t m_current = 0;
};

Result<Part> write_manifest_of_full(const Plan& plan, int fd) {
    ManifestWriter out(fd);
    for (auto entry : plan.entries()) {
        entry.archive = 0;
        entry.member.clear();
        VZ_TRY(out.add(entry));
    }
    return out.finish();
}

} // namespace

Result<FullParts> write_full(const ReadRequest& request, const sys::Fd& archive, const sys::Fd& manifest) {
    VZ_ASSIGN(const auto opened, open_and_prove(request));
    VZ_ASSIGN(auto content, FullArchive(request, opened, archive.get()).run());
    VZ_ASSIGN(auto lines, write_manifest_of_full(opened.plan, manifest.get()));
    return FullParts{std::move(content), std::move(lines)};
}

} // namespace vz::backup
