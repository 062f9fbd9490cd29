// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/restore.hpp"

#include "archived.hpp"
#include "opened.hpp"

#include "vz/archive/entry_attributes.hpp"
#include "vz/base/text.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <memory>
#include <sys/stat.h>

namespace vz::backup {

namespace {

struct FreeArchive {
    void operator()(::archive* archive) const { ::archive_write_free(archive); }
};
struct FreeEntry {
    void operator()(::archive_entry* entry) const { ::archive_entry_free(entry); }
};
using EntryPtr = std::unique_ptr<::archive_entry, FreeEntry>;

unsigned file_type(Type type) {
    switch (type) {
    case Type::folder:
        return AE_IFDIR;
    case Type::symlink:
        return AE_IFLNK;
    case Type::fifo:
        return AE_IFIFO;
    case Type::char_device:
        return AE_IFCHR;
    case Type::block_device:
        return AE_IFBLK;
    default:
        return AE_IFREG;
    }
}

EntryPtr header_of(const Entry& entry) {
    EntryPtr out(::archive_entry_new());
    const auto name = entry.path == "." ? std::string("./") : "./" + entry.path;
    ::archive_entry_copy_pathname(out.get(), name.c_str());
    ::archive_entry_set_filetype(out.get(), file_type(entry.type));
    ::archive_entry_set_perm(out.get(), entry.mode);
    ::archive_entry_set_uid(out.get(), entry.uid);
    ::archive_entry_set_gid(out.get(), entry.gid);
    ::archive_entry_set_mtime(out.get(), entry.mtime.seconds, static_cast<long>(entry.mtime.nanoseconds));
    ::archive_entry_set_size(out.get(), entry.type == Type::file ? static_cast<la_int64_t>(entry.size) : 0);
    if (entry.type == Type::symlink)
        ::archive_entry_copy_symlink(out.get(), entry.link.c_str());
    if (entry.type == Type::hard_link)
        ::archive_entry_copy_hardlink(out.get(), ("./" + entry.link).c_str());
    ::archive_entry_set_rdevmajor(out.get(), entry.major);
    ::archive_entry_set_rdevminor(out.get(), entry.minor);
    archive::put_attributes(entry.attributes, out.get());
    return out;
}

// Members in the order in which their content comes, folders first and hard links last.
class TarOutput : public Receiver {
public:
    TarOutput(const ReadRequest& request, const Opened& opened)
        : m_request(request), m_opened(opened), m_progress(opened.plan, opened.parts.archives.size()),
          m_archive(::archive_write_new()) {}

    Result<void> run(int out) {
        ::archive_write_set_format_pax(m_archive.get());
        ::archive_write_set_options(m_archive.get(), "xattrheader=SCHILY");
        ::archive_write_set_bytes_in_last_block(m_archive.get(), 1);
        if (::archive_write_open_fd(m_archive.get(), out) != ARCHIVE_OK)
            return failed();
        VZ_TRY(put_all([](const Entry& entry) { return entry.type == Type::folder; }));
        VZ_TRY(put_all([](const Entry& entry) {
            return entry.type != Type::folder && entry.type != Type::hard_link &&
                   !(entry.type == Type::file && entry.size > 0);
        }));
        for (m_current = 0; m_current < m_opened.parts.archives.size(); ++m_current)
            if (const auto& members = m_opened.plan.members(m_current); !members.empty())
                VZ_TRY(read_contents(m_opened.parts.archives[m_current], m_opened.plan, members, *this,
                                     m_request.reporter));
        VZ_TRY(m_progress.check(m_opened.parts));
        VZ_TRY(put_all([](const Entry& entry) { return entry.type == Type::hard_link; }));
        return ::archive_write_close(m_archive.get()) == ARCHIVE_OK ? Result<void>() : failed();
    }

    bool wants(std::uint32_t entry) const override { return !m_progress.is_done(entry); }
    bool has_all() const override { return m_progress.left(m_current) == 0; }

    Result<void> take(std::uint32_t index, Content content) override {
        const auto& entry = m_opened.plan.entries()[index];
        const bool good = is_content_of(content, entry);
        m_progress.took(index, good);
        if (!good)
            return {};
        VZ_TRY(put_header(entry));
        std::uint64_t end = 0;
        VZ_TRY(content.each([&](const auto& block) { return put_block(block, end); }));
        return put_zeros(entry.size - end);
    }

    // Of two members of one name tar unpacks the last one, as is meant here.
    Result<void> stream(std::uint32_t index, const LargeContent& content) override {
        const auto& entry = m_opened.plan.entries()[index];
        ContentSum sum(entry);
        std::uint64_t end = 0;
        VZ_TRY(put_header(entry));
        for (;;) {
            VZ_ASSIGN(const auto block, content.next());
            if (!block)
                break;
            sum.add(*block);
            VZ_TRY(put_block(*block, end));
        }
        VZ_TRY(put_zeros(entry.size - end));
        m_progress.took(index, sum.matches());
        return {};
    }

private:
    template<class Chosen>
    Result<void> put_all(const Chosen& chosen) {
        for (const auto& entry : m_opened.plan.entries())
            if (entry.type != Type::removed && chosen(entry) && !is_shut_out(entry))
                VZ_TRY(put_header(entry));
        return {};
    }

    bool is_shut_out(const Entry& entry) const { return !m_request.only.empty() && entry.path == "."; }

    Result<void> put_header(const Entry& entry) {
        const auto header = header_of(entry);
        const int status = ::archive_write_header(m_archive.get(), header.get());
        return status == ARCHIVE_OK || status == ARCHIVE_WARN ? Result<void>() : failed();
    }

    Result<void> put_block(const archive::Block& block, std::uint64_t& end) {
        if (block.offset < end)
            return {}; // overlaps: its digest cannot fit
        VZ_TRY(put_zeros(block.offset - end));
        end = block.offset + block.data.size();
        return put_data(block.data);
    }

    Result<void> put_zeros(std::uint64_t count) {
        static const std::string zeros(64 << 10, '\0');
        while (count > 0) {
            const auto piece = std::min<std::uint64_t>(count, zeros.size());
            VZ_TRY(put_data(std::string_view(zeros).substr(0, piece)));
            count -= piece;
        }
        return {};
    }

    Result<void> put_data(std::string_view data) {
        while (!data.empty()) {
            const auto n = ::archive_write_data(m_archive.get(), data.data(), data.size());
            if (n <= 0)
                return failed();
            data.remove_prefix(static_cast<std::size_t>(n));
        }
        return {};
    }

    Error failed() const {
        const char* reason = ::archive_error_string(m_archive.get());
        return fail(Errc::system, "write the tar archive: {}", text::printable(reason ? reason : "failed"));
    }

    const ReadRequest& m_request;
    const Opened& m_opened;
    Progress m_progress;
    std::size_t m_current = 0;
    std::unique_ptr<::archive, FreeArchive> m_archive;
};

} // namespace

Result<Restored> write_tar(const ReadRequest& request, const sys::Fd& out) {
    VZ_ASSIGN(const auto opened, open_and_prove(request));
    VZ_TRY(TarOutput(request, opened).run(out.get()));
    return Restored{opened.plan.entries().size(), opened.plan.bytes(), {}};
}

} // namespace vz::backup
