// SPDX-License-Identifier: GPL-2.0-or-later
// A running container held still while its files are copied. It goes on when the object is gone, and also
// when we are killed: a child that holds nothing but a line to us watches over that.
#pragma once

#include "vz/base/result.hpp"
#include "vz/ops/context.hpp"
#include "vz/sys/fd.hpp"

#include <optional>
#include <string>
#include <sys/types.h>

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
    Frozen(engine::Engine& engine, std::string name) : m_engine(&engine), m_name(std::move(name)) {}
    Result<void> post_guard();

    engine::Engine* m_engine; // null: moved from
    std::string m_name;
    sys::Fd m_alive; // our end of the line to the guard
    pid_t m_guard = -1;
};

// The container held still if it runs, as long as the object lives.
Result<std::optional<Frozen>> hold_still(const Context& context, const config::Container& container);

} // namespace vz::ops
