// SPDX-License-Identifier: GPL-2.0-or-later
#include "zstd_file.hpp"

#include "vz/sys/fd.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <thread>
#include <unistd.h>
#include <zstd.h>

namespace vz::archive {

namespace {

// A template is packed once and unpacked often: a level well above the default that still keeps up with the
// disk.
constexpr int k_level = 9;

int worker_count() {
    return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 4U));
}

} // namespace

struct ZstdFile::State {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    std::string out = std::string(ZSTD_CStreamOutSize(), '\0');
    ~State() { ZSTD_freeCCtx(context); }
};

ZstdFile::ZstdFile(int fd) : m_fd(fd), m_state(std::make_unique<State>()) {
    if (m_state->context == nullptr)
        throw std::bad_alloc();
    ZSTD_CCtx_setParameter(m_state->context, ZSTD_c_compressionLevel, k_level);
    ZSTD_CCtx_setParameter(m_state->context, ZSTD_c_checksumFlag, 1);
    // One worker or more cut the input into the same jobs; none would give other bytes.
    ZSTD_CCtx_setParameter(m_state->context, ZSTD_c_nbWorkers, worker_count());
}

ZstdFile::~ZstdFile() = default;

Result<void> ZstdFile::compress(std::string_view data, bool last) {
    ZSTD_inBuffer in{data.data(), data.size(), 0};
    std::size_t left = 1;
    while (last ? left != 0 : in.pos < in.size) {
        ZSTD_outBuffer out{m_state->out.data(), m_state->out.size(), 0};
        left = ZSTD_compressStream2(m_state->context, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return fail(Errc::system, "zstd: {}", ZSTD_getErrorName(left));
        VZ_TRY(sys::write_all(m_fd, std::string_view(m_state->out.data(), out.pos)));
    }
    return {};
}

Result<void> ZstdFile::write(std::string_view data) {
    return compress(data, false);
}

Result<void> ZstdFile::finish() {
    VZ_TRY(compress({}, true));
    if (::fsync(m_fd) != 0)
        return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system, "fsync the archive");
    return {};
}

} // namespace vz::archive
