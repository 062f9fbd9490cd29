// SPDX-License-Identifier: GPL-2.0-or-later
// The log file, in the classic form "2026-11-23T05:00:00+0100 vzctl : CT 101 : text".
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace vz::cli {

class Log {
public:
    // Appends to `path`; "" or a file that cannot be opened means no log, never a failure of the work.
    Log(const std::string& path, std::string tool);
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    void write(std::string_view subject, std::string_view text); // subject "CT 101" or ""
    void error(std::string_view subject, std::string_view text);

private:
    std::shared_ptr<spdlog::logger> m_logger;
};

} // namespace vz::cli
