// SPDX-License-Identifier: GPL-2.0-or-later
// A running container held still while its files are copied. It goes on when the object is gone, and also
// when we are killed.
#pragma once

#include "guard.hpp"
#include "vz/base/result.hpp"
#include "vz/ops/context.hpp"

#include <optional>
#include <string>

namespace vz::ops {

class Frozen {
public:
    static Result<Frozen> freeze(engine::Engine& engine, const std::string& name);

    Frozen(Frozen&& other) noexcept;
    Frozen(const Frozen&) = delete;
    Frozen& operator=(const Frozen&) = delete;
    Frozen& operator=(Frozen&&) = delete;
    ~Frozen();

private:
    Frozen(engine::Engine& engine, std::string name, Guard guard)
        : m_engine(&engine), m_name(std::move(name)), m_guard(std::move(guard)) {}

    engine::Engine* m_engine; // null: moved from
    std::string m_name;
    Guard m_guard; // should thawing fail, it tries again
};

// The container held still if it runs, as long as the object lives.
Result<std::optional<Frozen>> hold_still(const Context& context, const config::Container& container);

} // namespace vz::ops
