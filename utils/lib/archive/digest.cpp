// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/archive/digest.hpp"

#include "vz/sys/fd.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::archive {

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : m_state(std::make_unique<State>()) {
    // Fails only without memory or in a library that refuses SHA-256: nothing a caller could handle.
    if (m_state->context == nullptr || EVP_DigestInit_ex(m_state->context, EVP_sha256(), nullptr) != 1)
        throw std::bad_alloc();
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view data) {
    EVP_DigestUpdate(m_state->context, data.data(), data.size());
}

std::string Sha256::hex() {
    std::array<unsigned char, 32> digest{};
    EVP_DigestFinal_ex(m_state->context, digest.data(), nullptr);
    std::string out;
    for (const unsigned char byte : digest)
        out += format("{:02x}", byte);
    return out;
}

std::string sha256_of(std::string_view data) {
    Sha256 sum;
    sum.update(data);
    return sum.hex();
}

Result<std::string> sha256_of_file(const std::string& path, Reporter& reporter) {
    const sys::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat st {};
    if (!fd || ::fstat(fd.get(), &st) != 0)
        return sys_fail(errno, errno == EACCES ? Errc::no_permission : Errc::system, "open {}", path);
    if (!S_ISREG(st.st_mode))
        return fail(Errc::bad_value, "{}: not a regular file", path);
    Sha256 sum;
    std::string buffer(1 << 20, '\0');
    std::uint64_t done = 0;
    for (;;) {
        const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sys_fail(errno, Errc::system, "read {}", path);
        if (n == 0)
            break;
        sum.update(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
        done += static_cast<std::uint64_t>(n);
        reporter.progress("checksum", done, static_cast<std::uint64_t>(st.st_size));
    }
    reporter.progress_done();
    return sum.hex();
}

} // namespace vz::archive
