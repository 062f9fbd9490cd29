// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/cli/log.hpp"

#include "vz/base/text.hpp"

#include <ctime>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

namespace vz::cli {

namespace {

// The classic stamp: %z of spdlog writes "+01:00", the classic tools and their readers "+0100".
class ClassicStamp : public spdlog::custom_flag_formatter {
public:
    // spdlog computes the broken-down time only for flags of its own.
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
        const std::time_t seconds = spdlog::log_clock::to_time_t(message.time);
        std::tm local{};
        localtime_r(&seconds, &local);
        char buffer[40];
        const auto length = std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S%z", &local);
        out.append(buffer, buffer + length);
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<ClassicStamp>(); }
};

std::string line_of(std::string_view subject, std::string_view text) {
    const auto clean = text::printable(text);
    return subject.empty() ? clean : std::string(subject) + " : " + clean;
}

} // namespace

Log::Log(const std::string& path, std::string tool) {
    try {
        auto sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(path);
        m_logger = std::make_shared<spdlog::logger>(std::move(tool), std::move(sink));
        auto formatter = std::make_unique<spdlog::pattern_formatter>();
        formatter->add_flag<ClassicStamp>('*').set_pattern("%* %n : %v");
        m_logger->set_formatter(std::move(formatter));
        m_logger->flush_on(spdlog::level::trace);
    } catch (const spdlog::spdlog_ex&) {
        m_logger.reset();
    }
}

Log::~Log() = default;

void Log::write(std::string_view subject, std::string_view text) {
    if (m_logger)
        m_logger->info("{}", line_of(subject, text));
}

void Log::error(std::string_view subject, std::string_view text) {
    if (m_logger)
        m_logger->error("{}", line_of(subject, text));
}

} // namespace vz::cli
