// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/view.hpp"

#include "archived.hpp"
#include "manifest_writer.hpp"
#include "opened.hpp"

#include "vz/archive/confine.hpp"
#include "vz/archive/entry_attributes.hpp"
#include "vz/archive/extract.hpp"
#include "vz/archive/member.hpp"
#include "vz/archive/member_reader.hpp"
#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::backup {

namespace {

// Digests of whole files, with zeros for holes.
class WholeSum {
public:
    void add(const archive::Block& block) {
        zeros_up_to(block.offset);
        m_sum.update(block.data);
        m_end = block.offset + block.data.size();
    }
    std::string hex(std::uint64_t size) {
        zeros_up_to(size);
        return m_sum.hex();
    }

private:
    void zeros_up_to(std::uint64_t offset) {
        static const std::string zeros(1 << 20, '\0');
        while (m_end < offset) {
            const auto size = std::min<std::uint64_t>(offset - m_end, zeros.size());
            m_sum.update(std::string_view(zeros).substr(0, size));
            m_end += size;
        }
    }

    archive::Sha256 m_sum;
    std::uint64_t m_end = 0;
};

// Files with holes: manifests know the digest of the rest of them only.
class HolesFilled : public Receiver {
public:
    HolesFilled(const ReadRequest& request, const Opened& opened)
        : m_request(request), m_opened(opened), m_left(opened.parts.archives.size(), 0) {
        for (const auto& entry : opened.plan.entries())
            if (has_holes(entry))
                ++m_left[entry.archive];
    }

    Result<void> run() {
        for (m_current = 0; m_current < m_left.size(); ++m_current) {
            if (m_left[m_current] == 0)
                continue;
            const auto& part = m_opened.parts.archives[m_current];
            VZ_TRY(prove(part, m_request.reporter));
            VZ_TRY(read_contents(part, m_opened.plan, m_opened.plan.members(m_current), *this,
                                 m_request.reporter));
            if (m_left[m_current] > 0)
                return fail(Errc::failed, "{} is damaged: not all files are in it", part.part.name);
        }
        return {};
    }

    std::string digest_of(const Entry& entry) const {
        const auto found = m_digests.find(entry.path);
        return found == m_digests.end() ? entry.sha256 : found->second;
    }

    bool wants(std::uint32_t index) const override {
        const auto& entry = m_opened.plan.entries()[index];
        return has_holes(entry) && m_digests.count(entry.path) == 0;
    }
    bool has_all() const override { return m_left[m_current] == 0; }

    Result<void> take(std::uint32_t index, Content content) override {
        const auto& entry = m_opened.plan.entries()[index];
        if (!is_content_of(content, entry))
            return {};
        WholeSum sum;
        VZ_TRY(content.each([&](const auto& block) -> Result<void> {
            sum.add(block);
            return {};
        }));
        return keep(entry, sum);
    }

    Result<void> stream(std::uint32_t index, const LargeContent& content) override {
        const auto& entry = m_opened.plan.entries()[index];
        ContentSum proof(entry);
        WholeSum sum;
        for (;;) {
            VZ_ASSIGN(const auto block, content.next());
            if (!block)
                break;
            proof.add(*block);
            sum.add(*block);
        }
        return proof.matches() ? keep(entry, sum) : Result<void>();
    }

private:
    static bool has_holes(const Entry& entry) {
        return entry.type == Type::file && entry.holes && entry.size > 0;
    }

    Result<void> keep(const Entry& entry, WholeSum& sum) {
        m_digests.emplace(entry.path, sum.hex(entry.size));
        --m_left[entry.archive];
        return {};
    }

    const ReadRequest& m_request;
    const Opened& m_opened;
    std::map<std::string, std::string> m_digests;
    std::vector<std::size_t> m_left; // by archive
    std::size_t m_current = 0;
};

std::optional<Type> type_in(archive::MemberType type) {
    using archive::MemberType;
    switch (type) {
    case MemberType::regular:
        return Type::file;
    case MemberType::folder:
        return Type::folder;
    case MemberType::symlink:
        return Type::symlink;
    case MemberType::hard_link:
        return Type::hard_link;
    case MemberType::fifo:
        return Type::fifo;
    default:
        return std::nullopt;
    }
}

// A name of a file that is known already.
std::optional<Entry> other_name(const View& view, const std::string& path, const std::string& first) {
    const auto found = view.find(first);
    if (found == view.end())
        return std::nullopt;
    auto out = found->second;
    out.path = path;
    return out;
}

Result<std::optional<Entry>> entry_of(archive::MemberReader& reader, const archive::Member& member,
                                      const View& view) {
    const auto type = type_in(member.type);
    if (!type)
        return std::optional<Entry>();
    auto path = member.path.empty() ? std::string(".") : member.path;
    if (*type == Type::hard_link)
        return other_name(view, path, member.link);
    Entry out;
    out.path = std::move(path);
    out.type = *type;
    out.mode = reader.mode();
    out.uid = static_cast<std::uint32_t>(member.uid);
    out.gid = static_cast<std::uint32_t>(member.gid);
    out.mtime = {reader.mtime().seconds, static_cast<std::uint32_t>(reader.mtime().nanoseconds)};
    out.link = *type == Type::symlink ? member.link : "";
    std::uint64_t unknown_names = 0;
    VZ_ASSIGN(out.attributes, archive::attributes_of(reader.raw(), nullptr, unknown_names));
    if (*type != Type::file)
        return std::optional(std::move(out));
    out.size = reader.size();
    WholeSum sum;
    for (;;) {
        VZ_ASSIGN(const auto block, reader.next_block());
        if (!block)
            break;
        sum.add(*block);
    }
    out.sha256 = out.size > 0 ? sum.hex(out.size) : "";
    return std::optional(std::move(out));
}

Result<View> view_of_template(const OpenPart& part, Reporter& reporter) {
    VZ_TRY(prove(part, reporter));
    const archive::Limits limits;
    VZ_ASSIGN(auto stream, archive::open_stream(part.fd.get()));
    archive::MemberReader reader({std::move(stream), limits.max_bytes, [] {}, false});
    archive::MemberCheck check(limits.max_entries);
    View out;
    for (;;) {
        VZ_ASSIGN(const bool more, reader.next());
        if (!more)
            break;
        auto member = reader.member();
        VZ_ASSIGN(const auto verdict, check.admit(member));
        if (verdict == archive::MemberCheck::Verdict::leave_out)
            continue;
        VZ_ASSIGN(auto entry, entry_of(reader, member, out));
        if (!entry)
            continue;
        auto path = entry->path;
        out.insert_or_assign(std::move(path), *std::move(entry));
    }
    VZ_TRY(reader.check_end());
    return out;
}

void drop_below(View& view, const std::string& folder) {
    const auto prefix = folder == "." ? std::string() : folder + "/";
    for (auto at = view.lower_bound(prefix);
         at != view.end() && at->first.compare(0, prefix.size(), prefix) == 0;)
        at = at->first == "." ? std::next(at) : view.erase(at);
}

// What the backup has above its template takes the place of what that has there.
Result<View> merged(View view, const Opened& opened, const HolesFilled& holes) {
    for (const auto& entry : opened.plan.entries()) {
        if (entry.type != Type::folder || entry.opaque)
            drop_below(view, entry.path);
        if (entry.type == Type::removed) {
            view.erase(entry.path);
            continue;
        }
        auto seen = entry;
        if (entry.type == Type::hard_link) {
            auto other = other_name(view, entry.path, entry.link);
            if (!other)
                return fail(Errc::failed, "'{}': a hard link to nothing", text::printable(entry.path));
            seen = *std::move(other);
        }
        seen.sha256 = seen.holes ? holes.digest_of(seen) : seen.sha256;
        seen.holes = seen.opaque = false;
        seen.archive = 0;
        seen.member.clear();
        view.insert_or_assign(entry.path, std::move(seen));
    }
    return view;
}

Result<Listed> write_view(const View& view, const sys::Fd& out) {
    ManifestWriter writer(out.get());
    for (const auto& [path, entry] : view)
        VZ_TRY(writer.add(entry));
    VZ_ASSIGN(auto part, writer.finish());
    return Listed{std::move(part), view.size()};
}

} // namespace

Result<Listed> list_files(const ReadRequest& request, const sys::Fd& out) {
    VZ_ASSIGN(const auto head, request.depot.head(request.id));
    std::optional<OpenPart> below;
    if (head.on_template) {
        VZ_ASSIGN(below, open_part(request.depot, head.on_template->archive));
    }
    VZ_ASSIGN(auto opened, open_confined(request));
    VZ_ASSIGN(opened.plan, read_plan(opened.parts.manifest.fd.get(), opened.head));
    HolesFilled holes(request, opened);
    VZ_TRY(holes.run());
    View view;
    if (below) {
        auto read = view_of_template(*below, request.reporter);
        if (!read)
            return std::move(read).as(Errc::failed).context(below->part.name).error();
        view = *std::move(read);
    }
    VZ_ASSIGN(const auto seen, merged(std::move(view), opened, holes));
    return write_view(seen, out);
}

} // namespace vz::backup
