// SPDX-License-Identifier: GPL-2.0-or-later
// Writes tar archives byte by byte (POSIX ustar), hostile ones too, that no library would write.
#pragma once

#include "vz/base/format.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

class TarBuilder {
public:
    struct Options {
        std::string link = {};
        unsigned mode = 0644;
        std::uint32_t uid = 0;
        std::uint32_t gid = 0;
        unsigned major = 0;
        unsigned minor = 0;
    };

    TarBuilder& add(char type, std::string_view name, std::string_view content, const Options& options) {
        char header[512] = {};
        put(header, 0, 100, name);
        put(header, 100, 8, vz::format("{:07o}", options.mode));
        put(header, 108, 8, vz::format("{:07o}", options.uid));
        put(header, 116, 8, vz::format("{:07o}", options.gid));
        put(header, 124, 12, vz::format("{:011o}", content.size()));
        put(header, 136, 12, vz::format("{:011o}", 1700000000));
        header[156] = type;
        put(header, 157, 100, options.link);
        std::memcpy(header + 257, "ustar\00000", 8);
        put(header, 329, 8, vz::format("{:07o}", options.major));
        put(header, 337, 8, vz::format("{:07o}", options.minor));
        std::memset(header + 148, ' ', 8);
        unsigned sum = 0;
        for (const char c : header)
            sum += static_cast<unsigned char>(c);
        put(header, 148, 8, vz::format("{:06o}", sum));
        m_bytes.append(header, sizeof header);
        m_bytes.append(content);
        m_bytes.append((512 - content.size() % 512) % 512, '\0');
        return *this;
    }
    TarBuilder& file(std::string_view name, std::string_view content = "x", unsigned mode = 0644) {
        return add('0', name, content, {.mode = mode});
    }
    TarBuilder& folder(std::string_view name) { return add('5', name, "", {.mode = 0755}); }
    TarBuilder& symlink(std::string_view name, std::string_view target) {
        return add('2', name, "", {.link = std::string(target), .mode = 0777});
    }
    TarBuilder& hard_link(std::string_view name, std::string_view target) {
        return add('1', name, "", {.link = std::string(target)});
    }
    TarBuilder& char_device(std::string_view name, unsigned major, unsigned minor) {
        return add('3', name, "", {.major = major, .minor = minor});
    }
    TarBuilder& block_device(std::string_view name, unsigned major, unsigned minor) {
        return add('4', name, "", {.major = major, .minor = minor});
    }

    const std::string& unfinished() const { return m_bytes; }
    std::string finished() const { return m_bytes + std::string(1024, '\0'); }

private:
    static void put(char* header, std::size_t at, std::size_t width, std::string_view text) {
        std::memcpy(header + at, text.data(), text.size() < width ? text.size() : width);
    }

    std::string m_bytes;
};
