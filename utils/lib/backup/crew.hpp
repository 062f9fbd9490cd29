// SPDX-License-Identifier: GPL-2.0-or-later
// Threads that take work from a queue which is bounded in bytes. The first failure ends all.
#pragma once

#include "vz/base/result.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace vz::backup {

template<class Job>
class Crew {
public:
    using Hand = std::function<Result<void>(Job& job)>;

    // `hire` makes what one thread works with.
    Crew(unsigned threads, std::size_t max_bytes, const std::function<Hand()>& hire)
        : m_max_bytes(max_bytes) {
        for (unsigned i = 0; i < threads; ++i)
            m_threads.emplace_back([this, hand = hire()] { run(hand); });
    }
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew() { (void)finish(); }

    // Jobs are handed over in batches, so that the threads seldom have to wake each other. Waits while the
    // queue is full. The error is that of an earlier job.
    Result<void> give(Job job, std::size_t bytes) {
        m_batch.jobs.push_back(std::move(job));
        m_batch.bytes += bytes;
        return m_batch.jobs.size() < k_batch_jobs && m_batch.bytes < k_batch_bytes ? Result<void>() : push();
    }

    // Waits until all is done.
    Result<void> finish() {
        (void)push();
        {
            const std::lock_guard lock(m_mutex);
            m_closed = true;
        }
        m_changed.notify_all();
        for (auto& thread : m_threads)
            thread.join();
        m_threads.clear();
        return m_error ? Result<void>(*m_error) : Result<void>();
    }

private:
    static constexpr std::size_t k_batch_jobs = 64;
    static constexpr std::size_t k_batch_bytes = 1 << 20;

    struct Batch {
        std::vector<Job> jobs;
        std::size_t bytes = 0;
    };

    Result<void> push() {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock,
                       [this] { return m_error || m_bytes == 0 || m_bytes + m_batch.bytes <= m_max_bytes; });
        if (m_error)
            return *m_error;
        if (!m_batch.jobs.empty()) {
            m_bytes += m_batch.bytes;
            m_queue.push_back(std::exchange(m_batch, {}));
        }
        lock.unlock();
        m_changed.notify_all();
        return {};
    }

    std::optional<Batch> next() {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return m_error || m_closed || !m_queue.empty(); });
        if (m_error || m_queue.empty())
            return std::nullopt;
        auto batch = std::move(m_queue.front());
        m_queue.pop_front();
        return batch;
    }

    void run(const Hand& hand) {
        while (auto batch = next()) {
            for (auto& job : batch->jobs)
                if (auto done = hand(job); !done)
                    return stop(std::move(done).error());
            {
                const std::lock_guard lock(m_mutex);
                m_bytes -= batch->bytes;
            }
            m_changed.notify_all();
        }
    }

    void stop(Error error) {
        {
            const std::lock_guard lock(m_mutex);
            if (!m_error)
                m_error = std::move(error);
        }
        m_changed.notify_all();
    }

    std::size_t m_max_bytes;
    Batch m_batch; // of the giver
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<Batch> m_queue;
    std::size_t m_bytes = 0; // queued and in work
    bool m_closed = false;
    std::optional<Error> m_error;
    std::vector<std::thread> m_threads;
};

// As many as there are processors, within reason.
unsigned crew_size();

} // namespace vz::backup
