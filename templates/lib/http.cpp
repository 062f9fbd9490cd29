// SPDX-License-Identifier: GPL-2.0-or-later
#include "http.hpp"

#include "vz/base/build.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/fd.hpp"
#include "vz/sys/file.hpp"
#include "vz/templates/sources.hpp"

#include <cerrno>
#include <curl/curl.h>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::templates {

namespace {

struct FreeEasy {
    void operator()(CURL* easy) const { ::curl_easy_cleanup(easy); }
};
struct FreeList {
    void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

Result<Easy> make_easy(const std::string& url) {
    static std::once_flag once;
    std::call_once(once, [] { ::curl_global_init(CURL_GLOBAL_DEFAULT); });
    const bool local = url.starts_with("file:");
    if (text::has_control(url) || (!local && !url.starts_with("http://") && !url.starts_with("https://")))
        return fail(Errc::bad_value, "{}: only http, https and file addresses", shown_uri(url));
    Easy easy(::curl_easy_init());
    if (!easy)
        return fail(Errc::internal, "libcurl does not start");
    CURL* handle = easy.get();
    ::curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    ::curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, local ? "file" : "http,https");
    // A redirect never leads to the host's files, nor from a protected to an open connection.
    ::curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR,
                       url.starts_with("https:") ? "https" : "http,https");
    ::curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    ::curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 5L);
    ::curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    ::curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, 30L);
    ::curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 10L); // a dead connection, not a slow one
    ::curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, 60L);
    ::curl_easy_setopt(handle, CURLOPT_USERAGENT, "vztemplate/" VZ_VERSION);
    return easy;
}

long response_code(CURL* handle) {
    long code = 0;
    ::curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

Error transfer_error(const std::string& url, CURL* handle, CURLcode code) {
    if (code == CURLE_HTTP_RETURNED_ERROR)
        return fail(Errc::failed, "{}: the server answers {}", shown_uri(url), response_code(handle));
    return fail(Errc::failed, "{}: {}", shown_uri(url), ::curl_easy_strerror(code));
}

struct Document {
    std::string content;
    std::size_t limit;
};

std::size_t keep_some(char* data, std::size_t, std::size_t size, void* self) {
    auto& document = *static_cast<Document*>(self);
    if (document.content.size() + size > document.limit)
        return 0;
    document.content.append(data, size);
    return size;
}

// A file that is being downloaded, and what is known about where its beginning came from.
class Part {
public:
    explicit Part(const Download& download) : m_download(download), m_origin_path(download.path + ".from") {}

    Result<void> open() {
        m_fd.reset(::open(m_download.path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
        if (!m_fd)
            return sys_fail(errno, Errc::system, "open {}", m_download.path);
        const auto origin = sys::read_file(m_origin_path, 8192);
        const auto lines = text::split(origin && *origin ? **origin : "", '\n');
        struct stat st {};
        if (lines.size() == 3 && lines[0] == m_download.url && !lines[1].empty() &&
            ::fstat(m_fd.get(), &st) == 0) {
            m_validator = lines[1];
            m_start = static_cast<std::uint64_t>(st.st_size);
        }
        return {};
    }

    std::uint64_t start() const { return m_start; }
    const std::string& validator() const { return m_validator; }

    // The first byte arrived: it continues what is there, or everything begins anew.
    Result<void> begin(bool continues) {
        if (!continues)
            m_start = 0;
        m_at = m_start;
        if (::ftruncate(m_fd.get(), static_cast<off_t>(m_start)) != 0)
            return sys_fail(errno, Errc::system, "truncate {}", m_download.path);
        return sys::write_file_atomic(m_origin_path, format("{}\n{}\n", m_download.url, m_new_validator),
                                      0600);
    }

    Result<void> append(std::string_view data) {
        if (m_at + data.size() > m_download.limit)
            return fail(Errc::failed, "larger than {} bytes", m_download.limit);
        while (!data.empty()) {
            const auto n = ::pwrite(m_fd.get(), data.data(), data.size(), static_cast<off_t>(m_at));
            if (n < 0 && errno != EINTR)
                return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system, "write {}",
                                m_download.path);
            if (n > 0) {
                m_at += static_cast<std::uint64_t>(n);
                data.remove_prefix(static_cast<std::size_t>(n));
            }
        }
        return {};
    }

    void see_header(std::string_view line) {
        const auto lower = text::lower(line);
        const auto value = [&] { return std::string(text::trim(line.substr(line.find(':') + 1))); };
        if (lower.starts_with("http/")) {
            m_new_validator.clear(); // of a redirect
            m_range.clear();
        } else if (lower.starts_with("etag:") && !value().starts_with("W/")) {
            m_new_validator = value();
        } else if (lower.starts_with("last-modified:") && m_new_validator.empty()) {
            m_new_validator = value();
        } else if (lower.starts_with("content-range:")) {
            m_range = value();
        }
    }

    bool range_fits() const { return m_range.starts_with(format("bytes {}-", m_start)); }

    Result<void> finish() {
        if (::fsync(m_fd.get()) != 0)
            return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system, "fsync {}",
                            m_download.path);
        ::unlink(m_origin_path.c_str());
        return {};
    }

private:
    const Download& m_download;
    std::string m_origin_path;
    sys::Fd m_fd;
    std::uint64_t m_start = 0;
    std::uint64_t m_at = 0;
    std::string m_validator;     // of the part that is there: ETag or Last-Modified
    std::string m_new_validator; // of the answer
    std::string m_range;
};

struct Transfer {
    CURL* handle;
    Part& part;
    Reporter& reporter;
    bool begun = false;
    std::optional<Error> error = {};
};

std::size_t write_some(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    auto done = [&]() -> Result<void> {
        if (!transfer.begun)
            VZ_TRY(transfer.part.begin(response_code(transfer.handle) == 206 && transfer.part.range_fits()));
        transfer.begun = true;
        return transfer.part.append(std::string_view(data, size));
    }();
    if (done)
        return size;
    transfer.error = std::move(done).error();
    return 0;
}

std::size_t see_header(char* data, std::size_t, std::size_t size, void* self) {
    static_cast<Transfer*>(self)->part.see_header(std::string_view(data, size));
    return size;
}

int see_progress(void* self, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
    auto& transfer = *static_cast<Transfer*>(self);
    const auto start = transfer.begun ? transfer.part.start() : 0;
    transfer.reporter.progress("fetch", start + static_cast<std::uint64_t>(now),
                               total > 0 ? start + static_cast<std::uint64_t>(total) : 0);
    return 0;
}

} // namespace

Result<std::optional<std::string>> http_get(const std::string& url, std::size_t limit,
                                            const std::string& proxy) {
    VZ_ASSIGN(const auto easy, make_easy(url));
    Document document{{}, limit};
    ::curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, keep_some);
    ::curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &document);
    if (!proxy.empty())
        ::curl_easy_setopt(easy.get(), CURLOPT_PROXY, proxy.c_str());
    const auto code = ::curl_easy_perform(easy.get());
    if (code == CURLE_OK)
        return std::optional(std::move(document.content));
    const auto status = response_code(easy.get());
    if (code == CURLE_FILE_COULDNT_READ_FILE ||
        (code == CURLE_HTTP_RETURNED_ERROR && (status == 404 || status == 410)))
        return std::optional<std::string>();
    if (code == CURLE_WRITE_ERROR)
        return fail(Errc::failed, "{}: larger than {} bytes", shown_uri(url), limit);
    return transfer_error(url, easy.get(), code);
}

Result<void> http_download(const Download& download, Reporter& reporter) {
    Part part(download);
    VZ_TRY(part.open());
    VZ_ASSIGN(const auto easy, make_easy(download.url));
    CURL* handle = easy.get();
    Transfer transfer{handle, part, reporter};
    std::unique_ptr<curl_slist, FreeList> headers;
    const auto range = format("{}-", part.start());
    if (part.start() > 0 && !download.url.starts_with("file:")) {
        // The server sends the rest only if its file is still the one whose beginning is here.
        headers.reset(::curl_slist_append(nullptr, format("If-Range: {}", part.validator()).c_str()));
        ::curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
        ::curl_easy_setopt(handle, CURLOPT_RANGE, range.c_str());
    }
    ::curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, write_some);
    ::curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    ::curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, see_header);
    ::curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
    ::curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, see_progress);
    ::curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
    ::curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    ::curl_easy_setopt(handle, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(download.limit));
    const auto code = ::curl_easy_perform(handle);
    reporter.progress_done();
    if (transfer.error)
        return std::move(*transfer.error).context(shown_uri(download.url));
    // 416: everything is here already; the checksum will tell.
    if (code == CURLE_HTTP_RETURNED_ERROR && response_code(handle) == 416 && part.start() > 0)
        return part.finish();
    if (code != CURLE_OK)
        return transfer_error(download.url, handle, code);
    if (!transfer.begun) // an empty file
        VZ_TRY(part.begin(false));
    return part.finish();
}

std::string last_component(std::string_view url) {
    const auto path = url.substr(0, url.find_first_of("?#"));
    const auto scheme = path.find("://");
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos || (scheme != std::string_view::npos && slash < scheme + 3))
        return {};
    return std::string(path.substr(slash + 1));
}

} // namespace vz::templates
