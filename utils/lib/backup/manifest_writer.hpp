// SPDX-License-Identifier: GPL-2.0-or-later
// Writes the manifest of a backup.
#pragma once

#include "frames.hpp"
#include "vz/backup/entry.hpp"

#include <string>

namespace vz::backup {

class ManifestWriter {
public:
    explicit ManifestWriter(int fd) : m_out(fd) {} // borrowed

    Result<void> add(const Entry& entry) {
        m_line.clear();
        append_line(m_line, entry);
        return m_out.write(m_line);
    }

    Result<Part> finish() { return m_out.finish(); } // as FrameWriter's

private:
    FrameWriter m_out;
    std::string m_line;
};

} // namespace vz::backup
