// SPDX-License-Identifier: GPL-2.0-or-later
// A container's layers in the form that module `backup` takes.
#pragma once

#include "vz/backup/maker.hpp"
#include "vz/storage/storage.hpp"

namespace vz::ops {

inline Result<backup::Source> source_of(Result<storage::Layers> layers) {
    VZ_ASSIGN(auto found, std::move(layers));
    backup::Source out;
    out.overlay = found.on_template;
    for (auto& [root, owners] : found.folders)
        out.layers.push_back({std::move(root), owners});
    for (auto& [path, file] : found.joined)
        out.joined.push_back({std::move(path), std::move(file)});
    if (found.index)
        out.index = backup::Layer{std::move(found.index->root), found.index->owners};
    return out;
}

} // namespace vz::ops
