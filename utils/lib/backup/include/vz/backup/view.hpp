// SPDX-License-Identifier: GPL-2.0-or-later
// All files of a container as somebody inside would see them, a template's among them, and how two such views
// differ.
#pragma once

#include "vz/backup/maker.hpp"
#include "vz/backup/restore.hpp"

#include <map>
#include <string>
#include <vector>

namespace vz::backup {

// By path. No marks of overlays; digests are of the whole content, holes included. A file that has several
// names is there under each of them as a file.
using View = std::map<std::string, Entry, std::less<>>;

struct Listed {
    Part manifest; // without a name
    std::uint64_t entries = 0;
};

// Confined, like all of vz/backup/restore.hpp; call vz/unpack/backup.hpp instead. Writes a manifest of what
// the backup shows, its template's files included, to an open file. What lies in the template has no inode.
Result<Listed> list_files(const ReadRequest& request, const sys::Fd& out);

// Reads that back, from the beginning.
Result<View> read_view(const sys::Fd& from, const Listed& listed);

// The files of a container now. `then`: what is surely unchanged since is not read; of what may have changed
// in other ways than its content only that is. `lies_on`: the folder with the template's files, if the source
// lies on one; `same_template`: it is the one that `then` lies on.
struct NowRequest {
    const Source& source;
    const View& then;
    std::optional<Layer> lies_on;
    bool same_template = false;
    Reporter& out = silent_reporter();
};
Result<View> view_now(const NowRequest& request);

struct Difference {
    enum class Kind { added, removed, changed };
    Kind kind = Kind::changed;
    std::string path;
    Type type = Type::file;              // the new one; of what is removed the old one
    std::vector<std::string_view> how{}; // of what has changed: type, content, target, device, mode, owner,
                                         // group, time, attributes
};
std::string_view kind_name(Difference::Kind kind);

// In the order of the paths. Pure.
std::vector<Difference> differences(const View& before, const View& after);

} // namespace vz::backup
