// SPDX-License-Identifier: GPL-2.0-or-later
// A child that watches over us while something is not as it should stay, a container frozen or stopped for a
// moment: should we be killed, it puts that right. It holds nothing but a line to us.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/fd.hpp"

#include <functional>
#include <sys/types.h>

namespace vz::ops {

class Guard {
public:
    // On its own when this returns. Errc::no_resources.
    static Result<Guard> post(const std::function<void()>& when_we_die);

    Guard(Guard&& other) noexcept;
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    Guard& operator=(Guard&&) = delete;
    ~Guard(); // without a word before: as if we had died

    void dismiss(); // all is well again

private:
    Guard() = default;

    sys::Fd m_alive; // our end of the line
    pid_t m_child = -1;
};

} // namespace vz::ops
