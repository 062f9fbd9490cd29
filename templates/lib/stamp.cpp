// SPDX-License-Identifier: GPL-2.0-or-later
#include "stamp.hpp"

#include "vz/base/digest_text.hpp"
#include "vz/base/format.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"
#include "vz/templates/name.hpp"

#include <sys/stat.h>

namespace vz::templates {

namespace {

std::optional<std::string> fingerprint(const std::string& archive) {
    struct stat st {};
    if (::stat(archive.c_str(), &st) != 0)
        return std::nullopt;
    return format("{} {}:{} {} {}.{} {}.{}", archive.substr(archive.rfind('/') + 1), st.st_dev, st.st_ino,
                  st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec, st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

} // namespace

std::optional<std::string> stamped_digest(const std::string& stamp, const std::string& archive) {
    const auto content = sys::read_file(stamp, 4096);
    const auto now = fingerprint(archive);
    if (!content || !*content || !now)
        return std::nullopt;
    const auto lines = text::split(**content, '\n');
    if (lines.size() != 3 || lines[0] != *now || !text::is_sha256(lines[1]))
        return std::nullopt;
    return lines[1];
}

void write_stamp(const std::string& stamp, const std::string& archive, const std::string& sha256) {
    if (const auto now = fingerprint(archive))
        (void)sys::write_file_atomic(stamp, format("{}\n{}\n", *now, sha256), 0600);
}

} // namespace vz::templates
