// SPDX-License-Identifier: GPL-2.0-or-later
// What a library has to say while it works. The library does not know whether anybody listens, nor where.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vz {

class Reporter {
public:
    virtual ~Reporter() = default;
    virtual void info(std::string_view /*text*/) {}    // one finished step
    virtual void warning(std::string_view /*text*/) {} // went on, but the administrator should know
    virtual void debug(std::string_view /*text*/) {}
    // Work in hand: `done` of `total` units of `what` (total 0: unknown). Called as often as convenient.
    virtual void progress(std::string_view /*what*/, std::uint64_t /*done*/, std::uint64_t /*total*/) {}
    virtual void progress_done() {}
};

// Nobody listens.
Reporter& silent_reporter();

} // namespace vz
