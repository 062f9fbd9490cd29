// SPDX-License-Identifier: GPL-2.0-or-later
// The unpacked bytes of a possibly compressed file, with every checksum of the compression verified.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace vz::archive {

class Stream {
public:
    virtual ~Stream() = default;
    // The next piece, valid until the next call; empty at the end. Errc::bad_template if truncated or
    // corrupt.
    virtual Result<std::string_view> next() = 0;
};

// `fd` (borrowed, seekable) is read from its start; the kind of compression is told by the first bytes.
Result<std::unique_ptr<Stream>> open_stream(int fd);

} // namespace vz::archive
