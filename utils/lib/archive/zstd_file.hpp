// SPDX-License-Identifier: GPL-2.0-or-later
// A zstd file (RFC 8878) with a checksum of its content. The same input gives the same bytes on every machine
// with the same library, however many threads work.
#pragma once

#include "vz/base/result.hpp"

#include <memory>
#include <string_view>

namespace vz::archive {

class ZstdFile {
public:
    explicit ZstdFile(int fd); // borrowed
    ~ZstdFile();
    ZstdFile(const ZstdFile&) = delete;
    ZstdFile& operator=(const ZstdFile&) = delete;

    Result<void> write(std::string_view data);
    Result<void> finish(); // ends the frame; fsync

private:
    struct State;
    Result<void> compress(std::string_view data, bool last);
    int m_fd;
    std::unique_ptr<State> m_state;
};

} // namespace vz::archive
