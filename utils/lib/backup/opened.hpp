// SPDX-License-Identifier: GPL-2.0-or-later
// What restore, verify and tar output begin with, and how they keep count of the files they have seen.
#pragma once

#include "parts.hpp"
#include "plan.hpp"

#include "vz/backup/restore.hpp"

#include <atomic>
#include <memory>

namespace vz::backup {

struct Opened {
    Head head;
    OpenParts parts;
    Plan plan;
};

// Opens all parts and gives up everything else (vz/archive/confine.hpp).
Result<Opened> open_confined(const ReadRequest& request);

// The same, then proves every part that is needed.
Result<Opened> open_and_prove(const ReadRequest& request);

// Which files' content has come, for several threads.
class Progress {
public:
    Progress(const Plan& plan, std::size_t archives)
        : m_plan(plan), m_states(new std::atomic<State>[plan.entries().size()]()),
          m_left(new std::atomic<std::size_t>[archives]()) {
        for (std::size_t i = 0; i < archives; ++i)
            m_left[i] = plan.members(i).size();
    }

    std::size_t left(std::size_t archive) const { return m_left[archive]; }
    bool is_done(std::uint32_t entry) const { return m_states[entry] == State::good; }
    void took(std::uint32_t entry, bool good) {
        auto& state = m_states[entry];
        if (!good) {
            auto missing = State::missing;
            state.compare_exchange_strong(missing, State::bad);
        } else if (state.exchange(State::good) != State::good && m_plan.entries()[entry].size > 0) {
            --m_left[m_plan.entries()[entry].archive];
        }
    }

    // Errc::failed names the first file without good content, and its archive.
    Result<void> check(const OpenParts& parts) const;
    // All of one archive; empty if it is whole.
    std::vector<std::string> faults(std::size_t archive) const;

private:
    enum class State : std::uint8_t { missing, bad, good };
    const Plan& m_plan;
    std::unique_ptr<std::atomic<State>[]> m_states;
    std::unique_ptr<std::atomic<std::size_t>[]> m_left; // by archive
};

} // namespace vz::backup
