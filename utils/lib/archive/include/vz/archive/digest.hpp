// SPDX-License-Identifier: GPL-2.0-or-later
// SHA-256 (FIPS 180-4) of data and files.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace vz::archive {

class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::string_view data);
    std::string hex(); // 64 digits, lower case; ends the computation

private:
    struct State;
    std::unique_ptr<State> m_state;
};

std::string sha256_of(std::string_view data);
Result<std::string> sha256_of_file(const std::string& path, Reporter& reporter = silent_reporter());

} // namespace vz::archive
