// SPDX-License-Identifier: GPL-2.0-or-later
// Undo on the way out: `Cleanup undo{[&]{…}}; … undo.dismiss();`
#pragma once

#include <functional>
#include <utility>

namespace vz {

class Cleanup {
public:
    explicit Cleanup(std::function<void()> action) : m_action(std::move(action)) {}
    Cleanup(Cleanup&& other) noexcept : m_action(std::exchange(other.m_action, nullptr)) {}
    Cleanup(const Cleanup&) = delete;
    Cleanup& operator=(const Cleanup&) = delete;
    Cleanup& operator=(Cleanup&&) = delete;
    ~Cleanup() {
        if (m_action)
            m_action();
    }
    void dismiss() { m_action = nullptr; }

private:
    std::function<void()> m_action;
};

} // namespace vz
