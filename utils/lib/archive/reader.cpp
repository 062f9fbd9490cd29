// SPDX-License-Identifier: GPL-2.0-or-later
#include "reader.hpp"

#include "attributes.hpp"
#include "stream.hpp"

#include "vz/base/text.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

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
    Feed(std::unique_ptr<Stream> stream, int fd, std::uint64_t max_bytes, Reporter& reporter,
         std::string_view doing)
        : m_stream(std::move(stream)), m_fd(fd), m_max_bytes(max_bytes), m_reporter(reporter),
          m_doing(doing) {
        struct stat st {};
        if (::fstat(fd, &st) == 0)
            m_file_size = static_cast<std::uint64_t>(st.st_size);
    }

    Result<std::string_view> next() {
        VZ_ASSIGN(const auto piece, m_stream->next());
        const auto last = piece.find_last_not_of('\0');
        if (last != std::string_view::npos)
            m_content_end = m_total + last + 1;
        m_total += piece.size();
        if (m_total > m_max_bytes)
            return fail(Errc::bad_template, "unpacks to more than {} bytes", m_max_bytes);
        const auto at = ::lseek(m_fd, 0, SEEK_CUR);
        m_reporter.progress(m_doing, at < 0 ? 0 : static_cast<std::uint64_t>(at), m_file_size);
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
    int m_fd;
    std::uint64_t m_max_bytes;
    Reporter& m_reporter;
    std::string_view m_doing;
    std::uint64_t m_file_size = 0;
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

class Reader {
public:
    Reader(Feed& feed, const Pass& pass, std::uint64_t max_entries)
        : m_feed(feed), m_sink(pass.sink), m_accounts(pass.accounts), m_check(max_entries),
          m_archive(::archive_read_new()) {}

    Result<Summary> run() {
        ::archive_read_support_format_tar(m_archive.get());
        if (::archive_read_open(m_archive.get(), &m_feed, nullptr, feed_archive, nullptr) != ARCHIVE_OK)
            return broken();
        for (;;) {
            ::archive_entry* entry = nullptr;
            const int status = ::archive_read_next_header(m_archive.get(), &entry);
            if (status == ARCHIVE_EOF)
                break;
            if (status != ARCHIVE_OK)
                return broken(status == ARCHIVE_WARN ? text_or_empty(::archive_entry_pathname(entry))
                                                     : m_last);
            VZ_TRY(take(entry));
        }
        if (m_check.entries() == 0)
            return fail(Errc::bad_template, "holds no files");
        VZ_TRY(m_feed.check_end(static_cast<std::uint64_t>(::archive_read_header_position(m_archive.get()))));
        if (m_sink)
            VZ_TRY(m_sink->finish(m_check));
        return Summary{m_check.entries(), m_feed.total()};
    }

    std::uint64_t unknown_names() const { return m_unknown_names; }

private:
    Result<void> take(::archive_entry* raw) {
        Entry entry;
        entry.member = member_of(raw);
        m_last = entry.member.path;
        VZ_ASSIGN(const auto verdict, m_check.admit(entry.member));
        auto attributes = attributes_of(raw, m_accounts, m_unknown_names);
        if (!attributes)
            return std::move(attributes).error().context(format("member '{}'", text::printable(m_last)));
        if (verdict == MemberCheck::Verdict::leave_out || !m_sink)
            return {};
        entry.attributes = *std::move(attributes);
        entry.mode = ::archive_entry_mode(raw) & 07777;
        entry.size = static_cast<std::uint64_t>(::archive_entry_size(raw));
        entry.mtime = {::archive_entry_mtime(raw), ::archive_entry_mtime_nsec(raw)};
        entry.next_block = [this] { return next_block(); };
        return m_sink->take(entry).context(format("'{}'", text::printable(entry.member.path)));
    }

    Result<std::optional<Block>> next_block() {
        const void* data = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        const int status = ::archive_read_data_block(m_archive.get(), &data, &size, &offset);
        if (status == ARCHIVE_EOF)
            return std::optional<Block>();
        if (status != ARCHIVE_OK)
            return broken(m_last);
        return std::optional(Block{static_cast<std::uint64_t>(offset),
                                   std::string_view(static_cast<const char*>(data), size)});
    }

    Error broken(const std::string& member = {}) {
        if (m_feed.error)
            return *m_feed.error;
        const char* reason = ::archive_error_string(m_archive.get());
        const auto text = text::printable(reason ? reason : "bad data");
        if (member.empty())
            return fail(Errc::bad_template, "not a tar archive ({})", text);
        return fail(Errc::bad_template, "truncated or corrupt at member '{}' ({})", text::printable(member),
                    text);
    }

    Feed& m_feed;
    Sink* m_sink;
    const Accounts* m_accounts;
    std::uint64_t m_unknown_names = 0;
    MemberCheck m_check;
    ArchivePtr m_archive;
    std::string m_last; // the member at hand, for messages
};

} // namespace

Result<Summary> read_archive(int fd, const Limits& limits, const Pass& pass, Reporter& reporter) {
    VZ_ASSIGN(auto stream, open_stream(fd));
    Feed feed(std::move(stream), fd, limits.max_bytes, reporter, pass.doing);
    Reader reader(feed, pass, limits.max_entries);
    auto summary = reader.run();
    reporter.progress_done();
    if (summary && pass.accounts && reader.unknown_names() > 0)
        reporter.warning(format("{} entries of ACLs are left out: they name users or groups that are not in "
                                "the archive's etc/passwd and etc/group",
                                reader.unknown_names()));
    return summary;
}

} // namespace vz::archive
