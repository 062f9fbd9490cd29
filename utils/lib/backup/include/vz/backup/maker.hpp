// SPDX-License-Identifier: GPL-2.0-or-later
// Makes a backup of a container's files in a depot: scan() as often as wanted, then commit(). Killed at any
// moment before that returns, there is no backup, and Depot::sweep() clears what is left.
#pragma once

#include "vz/backup/depot.hpp"
#include "vz/backup/entry.hpp"
#include "vz/base/reporter.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/userns.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vz::backup {

// A folder with files of a container. Id N of the container owns them as owners.uid_base + N.
struct Layer {
    sys::Dir root;
    sys::IdRange owners;
};

// A name that the layers do not have: its file is in Source::index.
struct Joined {
    std::string path;
    std::string file;
};

struct Source {
    std::vector<Layer> layers; // newest first
    bool overlay = false;      // they lie on a template
    std::vector<Joined> joined;
    std::optional<Layer> index;
};

struct MakeRequest {
    const Depot& depot; // under its lock
    std::string id;
    std::optional<Head> base;         // a backup of the same container to go on from: what is unchanged since
                                      // is not read. Nothing: all is read
    std::vector<std::string> exclude; // shell patterns for paths from "/": those, and what is below
    std::uint64_t bytes_per_second = 0; // of reading; 0: no limit
    Reporter& out = silent_reporter();
};

class Maker {
public:
    // Reads the base's manifest. Errc::failed: it is damaged; make a full backup instead.
    static Result<Maker> begin(const MakeRequest& request);
    Maker(Maker&&) noexcept;
    ~Maker();

    // Reads whatever has changed since the base and since the last scan. While the container runs, only a
    // scan during which nothing could change gives a state that is consistent.
    Result<void> scan(const Source& source);

    // The parts, then the head. Fills in of `head` what the maker knows: id, base, links, parts and counts.
    Result<Head> commit(Head head);

private:
    struct State;
    explicit Maker(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

} // namespace vz::backup
