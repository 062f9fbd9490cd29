// SPDX-License-Identifier: GPL-2.0-or-later
// Goes through a container's files as a backup sees them: one folder, or the layers of an overlay above its
// template, merged. The files are hostile and may change meanwhile: no link is followed, nothing is opened
// but folders, and what is gone is not met.
#pragma once

#include "vz/backup/maker.hpp"
#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"

#include <functional>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace vz::backup {

struct Met {
    std::string path; // from the root, "." itself
    int folder = -1; // it is `name` in this open folder (borrowed until the visitor returns); a folder is "."
    std::string name;
    const Layer* layer = nullptr;
    struct stat st {};
    bool removed = false; // an overlay's mark that the template's file of that name is gone
    bool opaque = false;  // an overlay's folder that hides the template's
};

enum class Descend { no, yes };

struct Walk {
    const Source& source;
    std::function<Result<Descend>(const Met&)> visit; // folders before what is in them
    std::function<void(const std::string& path, const std::string& why)> left_out;
};

Result<void> walk(const Walk& request);

} // namespace vz::backup
