// SPDX-License-Identifier: GPL-2.0-or-later
// `vzctl console`: our terminal on one of the container's.
#pragma once

#include "vz/ops/context.hpp"

#include <string>
#include <string_view>

namespace vz::ops {

// Keys on their way into the container. Esc goes there at once, so that no key waits for another; a dot right
// after it means us. Pure.
class EscapeKeys {
public:
    // What to pass on of `keys`; after "Esc ." nothing more, and left() is true.
    std::string pass(std::string_view keys);
    bool left() const { return m_left; }

private:
    bool m_escape = false;
    bool m_left = false;
};

// "tty2", "2" or "console". Errc::bad_value.
Result<int> parse_tty(std::string_view text);

// Waits until the container runs, then joins our standard streams with its console (tty 0) or /dev/ttyN, if
// it was started with CONSOLE=yes, else with a login on a new terminal of it. Returns when the user leaves
// with "Esc .", at the end of standard input, or when the container or the login ends.
Result<void> console(const Context& context, config::Ctid ctid, int tty);

} // namespace vz::ops
