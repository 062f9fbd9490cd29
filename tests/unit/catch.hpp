// SPDX-License-Identifier: GPL-2.0-or-later
// Catch2 by either of its names: v3 (Debian 13) or v2 (Debian 12).
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
