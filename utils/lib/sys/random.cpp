// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/random.hpp"

#include "vz/base/format.hpp"

#include <cstdlib>
#include <sys/random.h>

namespace vz::sys {

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    std::size_t done = 0;
    while (done < count) {
        const auto n = ::getrandom(out.data() + done, count - done, 0);
        if (n < 0 && errno != EINTR)
            std::abort(); // only a kernel without getrandom(2) gets here
        if (n > 0)
            done += static_cast<std::size_t>(n);
    }
    return out;
}

std::string random_hex(std::size_t bytes) {
    std::string out;
    for (unsigned char c : random_bytes(bytes))
        out += format("{:02x}", c);
    return out;
}

std::string random_uuid() {
    std::string b = random_bytes(16);
    b[6] = static_cast<char>((b[6] & 0x0f) | 0x40);
    b[8] = static_cast<char>((b[8] & 0x3f) | 0x80);
    std::string out;
    for (std::size_t i = 0; i < b.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out += '-';
        out += format("{:02x}", static_cast<unsigned char>(b[i]));
    }
    return out;
}

} // namespace vz::sys
