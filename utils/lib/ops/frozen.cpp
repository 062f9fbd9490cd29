// SPDX-License-Identifier: GPL-2.0-or-later
#include "frozen.hpp"

#include "vz/ops/lxc_setup.hpp"
#include "vz/ops/runtime.hpp"

#include <utility>

namespace vz::ops {

Result<Frozen> Frozen::freeze(engine::Engine& engine, const std::string& name) {
    VZ_ASSIGN(auto guard, Guard::post([&engine, name] { (void)engine.thaw(name); }));
    Frozen frozen(engine, name, std::move(guard)); // first: there is no moment without one
    VZ_TRY(engine.freeze(name));
    return frozen;
}

Frozen::Frozen(Frozen&& other) noexcept
    : m_engine(std::exchange(other.m_engine, nullptr)), m_name(std::move(other.m_name)),
      m_guard(std::move(other.m_guard)) {}

Frozen::~Frozen() {
    if (m_engine && m_engine->thaw(m_name))
        m_guard.dismiss();
}

Result<std::optional<Frozen>> hold_still(const Context& context, const config::Container& container) {
    if (!is_running(context.host.paths, container.ctid()))
        return std::optional<Frozen>{};
    VZ_ASSIGN(auto frozen, Frozen::freeze(context.engine, engine_name(container)));
    return std::optional<Frozen>(std::move(frozen));
}

} // namespace vz::ops
