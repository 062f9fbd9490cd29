// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/archive/pack.hpp"

#include "vz/archive/entry_attributes.hpp"
#include "zstd_file.hpp"

#include "vz/base/text.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <clocale>
#include <fcntl.h>
#include <map>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::archive {

namespace {

struct Item {
    std::string path; // "." for the root, else "./a/b"
    struct stat st {};
};

struct FreeWriter {
    void operator()(::archive* archive) const { ::archive_write_free(archive); }
};
struct FreeEntry {
    void operator()(::archive_entry* entry) const { ::archive_entry_free(entry); }
};
using EntryPtr = std::unique_ptr<::archive_entry, FreeEntry>;

bool is_packed(const struct stat& st) {
    return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode) || S_ISFIFO(st.st_mode);
}

// Lists a folder and all below, sorted by name within each folder.
class Walk {
public:
    explicit Walk(const sys::Dir& root) : m_root(root) {}

    Result<std::vector<Item>> run() {
        VZ_ASSIGN(const auto st, m_root.stat("."));
        if (!st)
            return fail(Errc::failed, "the folder is gone");
        m_device = st->st_dev;
        m_items.push_back({".", *st});
        VZ_TRY(enter("."));
        return std::move(m_items);
    }

private:
    Result<void> enter(const std::string& folder) {
        VZ_ASSIGN(const auto names, m_root.list(folder));
        for (const auto& name : names) {
            const auto path = folder + "/" + name;
            VZ_ASSIGN(const auto st, m_root.stat(path));
            if (!st || st->st_dev != m_device || !is_packed(*st))
                continue;
            if (st->st_uid > 65535 || st->st_gid > 65535)
                return fail(Errc::bad_template, "{}: owner {}:{} is outside 0-65535", text::printable(path),
                            st->st_uid, st->st_gid);
            m_items.push_back({path, *st});
            if (S_ISDIR(st->st_mode))
                VZ_TRY(enter(path));
        }
        return {};
    }

    const sys::Dir& m_root;
    dev_t m_device = 0;
    std::vector<Item> m_items;
};

// pax names are UTF-8: libarchive converts them from the locale's character set, which must therefore be
// that.
class Utf8Locale {
public:
    Utf8Locale()
        : m_locale(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)), m_before(::uselocale(m_locale)) {}
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;
    ~Utf8Locale() {
        ::uselocale(m_before);
        if (m_locale != nullptr)
            ::freelocale(m_locale);
    }

private:
    ::locale_t m_locale;
    ::locale_t m_before;
};

class Packer {
public:
    explicit Packer(const PackRequest& request)
        : m_request(request), m_file(request.out.get()), m_archive(::archive_write_new()) {}

    Result<void> run(const std::vector<Item>& items) {
        // "Restricted": an extended header only for members that need one, else plain ustar.
        ::archive_write_set_format_pax_restricted(m_archive.get());
        ::archive_write_set_bytes_per_block(m_archive.get(), 1 << 16);
        ::archive_write_set_bytes_in_last_block(m_archive.get(), 1);
        if (::archive_write_open(m_archive.get(), this, nullptr, write_some, nullptr) != ARCHIVE_OK)
            return broken("open");
        for (const auto& item : items)
            m_total += S_ISREG(item.st.st_mode) ? static_cast<std::uint64_t>(item.st.st_size) : 0;
        for (const auto& item : items)
            VZ_TRY(add(item).context(text::printable(item.path)));
        m_request.reporter.progress_done();
        if (::archive_write_close(m_archive.get()) != ARCHIVE_OK)
            return broken("close");
        return m_file.finish();
    }

private:
    static la_ssize_t write_some(::archive* archive, void* self, const void* data, std::size_t size) {
        auto& packer = *static_cast<Packer*>(self);
        auto done = packer.m_file.write(std::string_view(static_cast<const char*>(data), size));
        if (done)
            return static_cast<la_ssize_t>(size);
        packer.m_error = std::move(done).error();
        ::archive_set_error(archive, EIO, "%s", packer.m_error->what.c_str());
        return -1;
    }

    Error broken(std::string_view doing) const {
        if (m_error)
            return *m_error;
        const char* reason = ::archive_error_string(m_archive.get());
        return fail(Errc::system, "{}: {}", doing, reason ? reason : "failed");
    }

    Result<void> add(const Item& item) {
        EntryPtr entry(::archive_entry_new());
        ::archive_entry_set_pathname(entry.get(), item.path == "." ? "./" : item.path.c_str());
        ::archive_entry_set_mode(entry.get(), item.st.st_mode);
        ::archive_entry_set_uid(entry.get(), item.st.st_uid);
        ::archive_entry_set_gid(entry.get(), item.st.st_gid);
        set_time(entry.get(), item.st);
        if (S_ISLNK(item.st.st_mode)) {
            VZ_ASSIGN(const auto target, m_request.root.read_symlink(item.path));
            ::archive_entry_set_symlink(entry.get(), target.c_str());
        }
        if (S_ISREG(item.st.st_mode) && item.st.st_nlink > 1) {
            const auto [first, added] = m_first_names.try_emplace(item.st.st_ino, item.path);
            if (!added) {
                ::archive_entry_set_hardlink(entry.get(), first->second.c_str());
                return put_header(entry.get());
            }
        }
        if (!S_ISREG(item.st.st_mode) && !S_ISDIR(item.st.st_mode))
            return put_header(entry.get());
        return add_opened(item, entry.get());
    }

    void set_time(::archive_entry* entry, const struct stat& st) const {
        const auto& latest = m_request.latest;
        if (!latest)
            ::archive_entry_set_mtime(entry, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        else
            ::archive_entry_set_mtime(entry, std::min<std::int64_t>(st.st_mtim.tv_sec, *latest), 0);
    }

    Result<void> add_opened(const Item& item, ::archive_entry* entry) {
        VZ_ASSIGN(const auto fd, m_request.root.open_at(item.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
        struct stat st {};
        if (::fstat(fd.get(), &st) != 0 || st.st_ino != item.st.st_ino || st.st_mode != item.st.st_mode)
            return fail(Errc::failed, "changed while it was packed");
        VZ_ASSIGN(const auto attributes, attributes_of_file(fd.get()));
        put_attributes(attributes, entry);
        if (S_ISREG(st.st_mode))
            ::archive_entry_set_size(entry, st.st_size);
        VZ_TRY(put_header(entry));
        return S_ISREG(st.st_mode) ? put_content(fd.get(), static_cast<std::uint64_t>(st.st_size))
                                   : Result<void>();
    }

    Result<void> put_header(::archive_entry* entry) {
        // A warning says that a name is not UTF-8; it is written as it is, and marked so.
        return ::archive_write_header(m_archive.get(), entry) >= ARCHIVE_WARN ? Result<void>()
                                                                              : broken("header");
    }

    Result<void> put_content(int fd, std::uint64_t size) {
        char buffer[1 << 16];
        while (size > 0) {
            const ssize_t n = ::read(fd, buffer, std::min<std::uint64_t>(size, sizeof buffer));
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                return n < 0 ? sys_fail(errno, Errc::system, "read")
                             : fail(Errc::failed, "shrank while it was packed");
            if (::archive_write_data(m_archive.get(), buffer, static_cast<std::size_t>(n)) != n)
                return broken("write");
            size -= static_cast<std::uint64_t>(n);
            m_done += static_cast<std::uint64_t>(n);
            m_request.reporter.progress("pack", m_done, m_total);
        }
        return {};
    }

    const PackRequest& m_request;
    ZstdFile m_file;
    std::unique_ptr<::archive, FreeWriter> m_archive;
    std::optional<Error> m_error;
    std::map<ino_t, std::string> m_first_names;
    std::uint64_t m_done = 0;
    std::uint64_t m_total = 0;
};

} // namespace

Result<void> pack(const PackRequest& request) {
    const Utf8Locale locale;
    VZ_ASSIGN(const auto items, Walk(request.root).run());
    return Packer(request).run(items);
}

} // namespace vz::archive
