// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel modules, by libkmod; only looks, loads nothing.
#pragma once

#include "vz/kernel/facts.hpp"

namespace vz::kernel {

// `there`: built in or loaded; `loadable`: a file of it exists for the running kernel; `unknown`: libkmod has
// no list of modules for this kernel, or does not know the name.
Presence module_presence(const char* name);

} // namespace vz::kernel
