// SPDX-License-Identifier: GPL-2.0-or-later
#include "archived.hpp"

#include "vz/archive/member_reader.hpp"

#include <algorithm>
#include <unistd.h>

namespace vz::backup {

namespace {

constexpr std::uint64_t k_small = 8 << 20;                     // what is kept in memory
constexpr std::uint64_t k_most_bytes = std::uint64_t{1} << 46; // of one unpacked archive

std::string_view name_in_archive(const std::string& path) {
    std::string_view name = path;
    if (name.substr(0, 2) == "./")
        name.remove_prefix(2);
    return name;
}

// Blocks of the member at hand, none of which reaches beyond the size that the manifest says.
Result<std::optional<archive::Block>> bounded_block(archive::MemberReader& reader, std::uint64_t size) {
    VZ_ASSIGN(const auto block, reader.next_block());
    if (block && (block->offset > size || block->data.size() > size - block->offset))
        return fail(Errc::failed, "content beyond the end of the file");
    return block;
}

Result<Content> load(archive::MemberReader& reader, std::uint64_t size) {
    Content out;
    for (;;) {
        VZ_ASSIGN(const auto block, bounded_block(reader, size));
        if (!block)
            return out;
        if (out.data.size() + block->data.size() > size)
            return fail(Errc::failed, "more content than its size");
        if (out.data.empty() && block->offset == 0)
            out.data.reserve(size); // as a rule without holes
        out.data += block->data;
        out.extents.push_back({block->offset, block->data.size()});
    }
}

std::vector<Content::Extent> pieces_in(const archive::MemberReader& reader) {
    std::vector<Content::Extent> out;
    for (const auto& [offset, size] : reader.pieces())
        out.push_back({offset, size});
    return out;
}

Result<void> hand_over(archive::MemberReader& reader, const Entry& entry, std::uint32_t index,
                       Receiver& receiver) {
    if (entry.size > k_small)
        return receiver.stream(index, {[&] { return bounded_block(reader, entry.size); }, pieces_in(reader)});
    VZ_ASSIGN(auto content, load(reader, entry.size));
    return receiver.take(index, std::move(content));
}

} // namespace

Result<void> Content::each(const std::function<Result<void>(const archive::Block&)>& visit) const {
    std::size_t at = 0;
    for (const auto& extent : extents) {
        VZ_TRY(visit({extent.offset, std::string_view(data).substr(at, extent.size)}));
        at += extent.size;
    }
    return {};
}

void ContentSum::add_zeros(std::uint64_t count) {
    static const std::string zeros(64 << 10, '\0');
    for (; count > 0;) {
        const auto piece = std::min<std::uint64_t>(count, zeros.size());
        m_sum.update(std::string_view(zeros).substr(0, piece));
        count -= piece;
    }
}

void ContentSum::add(const archive::Block& block) {
    m_bad = m_bad || block.offset < m_end;
    if (m_bad)
        return;
    if (!m_entry.holes)
        add_zeros(block.offset - m_end);
    m_sum.update(block.data);
    m_end = block.offset + block.data.size();
}

bool ContentSum::matches() {
    if (m_bad || m_end > m_entry.size)
        return false;
    if (!m_entry.holes)
        add_zeros(m_entry.size - m_end);
    return m_sum.hex() == m_entry.sha256;
}

bool is_content_of(const Content& content, const Entry& entry) {
    ContentSum sum(entry);
    (void)content.each([&](const auto& block) -> Result<void> {
        sum.add(block);
        return {};
    });
    return sum.matches();
}

Result<void> read_contents(const OpenPart& archive, const Plan& plan, const Plan::Members& members,
                           Receiver& receiver, Reporter& reporter) {
    const int fd = archive.fd.get();
    const auto show = [&] {
        const auto at = ::lseek(fd, 0, SEEK_CUR);
        reporter.progress("read", at < 0 ? 0 : static_cast<std::uint64_t>(at), archive.part.size);
    };
    const auto work = [&]() -> Result<void> {
        VZ_ASSIGN(auto stream, archive::open_stream(fd));
        archive::MemberReader reader({std::move(stream), k_most_bytes, show, true});
        while (!receiver.has_all()) {
            VZ_ASSIGN(const bool more, reader.next());
            if (!more)
                return reader.check_end();
            const auto& member = reader.member();
            if (member.type != archive::MemberType::regular)
                continue;
            const auto found = members.find(name_in_archive(member.path));
            if (found == members.end() || !receiver.wants(found->second))
                continue;
            const auto& entry = plan.entries()[found->second];
            if (reader.size() == entry.size) // else an older state of it
                VZ_TRY(hand_over(reader, entry, found->second, receiver));
        }
        return {};
    };
    auto done = work();
    reporter.progress_done();
    if (!done && done.error().code == Errc::bad_template)
        done = std::move(done).as(Errc::failed);
    return std::move(done).context(archive.part.name);
}

} // namespace vz::backup
