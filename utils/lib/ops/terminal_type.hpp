// SPDX-License-Identifier: GPL-2.0-or-later
// What our own terminal is, as programs inside a container are told.
#pragma once

#include <string>

namespace vz::ops {

// $TERM, or "linux" when it is no name of a terminal type that a program takes as an operand (terminfo(5)).
std::string terminal_type();

} // namespace vz::ops
