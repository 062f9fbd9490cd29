// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/archive/member_reader.hpp"

#include "vz/base/text.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <cerrno>

namespace vz::archive {

namespace {

constexpr std::uint64_t k_end_mark = 1024; // POSIX: two blocks of zeros end a tar archive

struct FreeArchive {
    void operator()(::archive* archive) const { ::archive_read_free(archive); }
};
using ArchivePtr = std::unique_ptr<::archive, FreeArchive>;

// Feeds libarchive, and remembers what it takes to tell afterwards whether the end was there.
class Feed {
public:
    Feed(std::unique_ptr<Stream> stream, std::uint64_t max_bytes, std::function<void()> on_piece)
        : m_stream(std::move(stream)), m_max_bytes(max_bytes), m_on_piece(std::move(on_piece)) {}

    Result<std::string_view> next() {
        VZ_ASSIGN(const auto piece, m_stream->next());
        const auto last = piece.find_last_not_of('\0');
        if (last != std::string_view::npos)
            m_content_end = m_total + last + 1;
        m_total += piece.size();
        if (m_total > m_max_bytes)
            return fail(Errc::bad_template, "unpacks to more than {} bytes", m_max_bytes);
        m_on_piece();
        return piece;
    }

    // Reads what is left and checks that from `end` on there are only zeros, and enough of them.
    Result<void> check_end(std::uint64_t end) {
        for (;;) {
            VZ_ASSIGN(const auto piece, next());
            if (piece.empty())
                break;
        }
        if (m_content_end > end)
            return fail(Errc::bad_template, "data after the end of the archive");
        if (m_total < end + k_end_mark)
            return fail(Errc::bad_template, "truncated (the end mark is missing)");
        return {};
    }

    std::uint64_t total() const { return m_total; }
    std::optional<Error> error; // of the stream, kept because libarchive carries only text

private:
    std::unique_ptr<Stream> m_stream;
    std::uint64_t m_max_bytes;
    std::function<void()> m_on_piece;
    std::uint64_t m_total = 0;
    std::uint64_t m_content_end = 0; // just behind the last byte that is not zero
};

la_ssize_t feed_archive(::archive* archive, void* self, const void** block) {
    auto& feed = *static_cast<Feed*>(self);
    auto piece = feed.next();
    if (!piece) {
        feed.error = std::move(piece).error();
        ::archive_set_error(archive, EIO, "%s", feed.error->what.c_str());
        return -1;
    }
    *block = piece->data();
    return static_cast<la_ssize_t>(piece->size());
}

MemberType type_of(::archive_entry* entry) {
    if (::archive_entry_hardlink(entry) != nullptr)
        return MemberType::hard_link;
    switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
        return MemberType::regular;
    case AE_IFDIR:
        return MemberType::folder;
    case AE_IFLNK:
        return MemberType::symlink;
    case AE_IFIFO:
        return MemberType::fifo;
    case AE_IFSOCK:
        return MemberType::socket;
    case AE_IFCHR:
        return MemberType::char_device;
    case AE_IFBLK:
        return MemberType::block_device;
    default:
        return MemberType::unknown;
    }
}

std::string text_or_empty(const char* text) {
    return text ? text : "";
}

Member member_of(::archive_entry* entry) {
    Member member;
    member.path = text_or_empty(::archive_entry_pathname(entry));
    member.type = type_of(entry);
    member.link = text_or_empty(member.type == MemberType::hard_link ? ::archive_entry_hardlink(entry)
                                                                     : ::archive_entry_symlink(entry));
    member.uid = ::archive_entry_uid(entry);
    member.gid = ::archive_entry_gid(entry);
    member.major = static_cast<unsigned>(::archive_entry_rdevmajor(entry));
    member.minor = static_cast<unsigned>(::archive_entry_rdevminor(entry));
    return member;
}

} // namespace

struct MemberReader::State {
    explicit State(Source source)
        : feed(std::move(source.stream), source.max_bytes, std::move(source.on_piece)),
          odd_names(source.odd_names) {}

    Feed feed;
    bool odd_names;
    ArchivePtr archive{::archive_read_new()};
    bool opened = false;
    ::archive_entry* entry = nullptr;
    Member member;

    Error broken() {
        if (feed.error)
            return *feed.error;
        const char* reason = ::archive_error_string(archive.get());
        const auto text = text::printable(reason ? reason : "bad data");
        if (member.path.empty())
            return fail(Errc::bad_template, "not a tar archive ({})", text);
        return fail(Errc::bad_template, "truncated or corrupt at member '{}' ({})",
                    text::printable(member.path), text);
    }

    Result<void> open() {
        opened = true;
        ::archive_read_support_format_tar(archive.get());
        if (::archive_read_open(archive.get(), &feed, nullptr, feed_archive, nullptr) != ARCHIVE_OK)
            return broken();
        return {};
    }
};

MemberReader::MemberReader(Source source) : m_state(std::make_unique<State>(std::move(source))) {}
MemberReader::MemberReader(MemberReader&&) noexcept = default;
MemberReader::~MemberReader() = default;

Result<bool> MemberReader::next() {
    auto& state = *m_state;
    if (!state.opened)
        VZ_TRY(state.open());
    const int status = ::archive_read_next_header(state.archive.get(), &state.entry);
    if (status == ARCHIVE_EOF)
        return false;
    const bool warned = status == ARCHIVE_WARN;
    if (status != ARCHIVE_OK && !warned)
        return state.broken();
    state.member = member_of(state.entry);
    if (warned && (!state.odd_names || state.member.path.empty()))
        return state.broken();
    return true;
}

const Member& MemberReader::member() const {
    return m_state->member;
}

unsigned MemberReader::mode() const {
    return ::archive_entry_mode(m_state->entry) & 07777;
}

std::uint64_t MemberReader::size() const {
    return static_cast<std::uint64_t>(::archive_entry_size(m_state->entry));
}

Time MemberReader::mtime() const {
    return {::archive_entry_mtime(m_state->entry), ::archive_entry_mtime_nsec(m_state->entry)};
}

::archive_entry* MemberReader::raw() const {
    return m_state->entry;
}

std::vector<std::pair<std::uint64_t, std::size_t>> MemberReader::pieces() const {
    std::vector<std::pair<std::uint64_t, std::size_t>> out;
    la_int64_t offset = 0;
    la_int64_t size = 0;
    ::archive_entry_sparse_reset(m_state->entry);
    while (::archive_entry_sparse_next(m_state->entry, &offset, &size) == ARCHIVE_OK)
        out.emplace_back(static_cast<std::uint64_t>(offset), static_cast<std::size_t>(size));
    return out;
}

Result<std::optional<Block>> MemberReader::next_block() {
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = ::archive_read_data_block(m_state->archive.get(), &data, &size, &offset);
    if (status == ARCHIVE_EOF)
        return std::optional<Block>();
    if (status != ARCHIVE_OK)
        return m_state->broken();
    return std::optional(
        Block{static_cast<std::uint64_t>(offset), std::string_view(static_cast<const char*>(data), size)});
}

Result<void> MemberReader::check_end() {
    return m_state->feed.check_end(
        static_cast<std::uint64_t>(::archive_read_header_position(m_state->archive.get())));
}

std::uint64_t MemberReader::total() const {
    return m_state->feed.total();
}

} // namespace vz::archive
