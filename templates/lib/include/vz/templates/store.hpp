// SPDX-License-Identifier: GPL-2.0-or-later
// The templates of a host. Below the template folder lie
//   cache/NAME.tar.zst    the archive (also .tar.xz .tar.gz .tar.bz2 .tar, as classic templates are)
//   cache/NAME.json       its manifest; an archive that was dropped in by hand has none
//   tree/NAME@DIGEST/     the archive unpacked once, owners 0 … 65535 as they are, shared by all containers
//   made of it
// Names that begin with a dot are work in progress. Killed at any moment, nothing half-made has a visible
// name, and what is left over is cleared by the next run.
#pragma once

#include "vz/base/reporter.hpp"
#include "vz/base/result.hpp"
#include "vz/sys/lock.hpp"
#include "vz/templates/manifest.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vz::templates {

struct Template {
    std::string name;
    std::string archive;   // full path
    std::string sha256;    // of the archive
    std::string tree_id;   // "<name>@<first 12 digits of sha256>"
    std::string tree_path; // where the tree is, or will be
    bool tree_ready = false;
    std::optional<Manifest> manifest;
};

// The tree ids that containers name in VE_TEMPLATE.
using InUse = std::function<Result<std::vector<std::string>>()>;

enum class DryRun { no, yes };

class Store {
public:
    explicit Store(std::string template_dir);

    // Errc::template_not_found; Errc::bad_template if archive and manifest do not belong together. An archive
    // without a manifest, or changed since it was last seen, is read once to know its digest.
    Result<Template> find(const std::string& name, Reporter& reporter = silent_reporter()) const;

    // All, sorted by name. Reads no archive: sha256 and tree_id are empty where they are not known yet.
    Result<std::vector<Template>> list() const;

    // Unpacks the archive unless that is done; waits while another process does it. Write the tree id into
    // the container's configuration before calling this: then remove() cannot take the tree away in between.
    Result<Template> ensure_tree(const Template& wanted, Reporter& reporter) const;

    // Checks the archive against its manifest and its own checksums, and the tree against the archive.
    Result<void> verify(const std::string& name, Reporter& reporter) const;

    // Removes archive, manifest and trees; returns the paths. Errc::failed names a tree that is in use.
    Result<std::vector<std::string>> remove(const std::string& name, const InUse& in_use,
                                            DryRun dry_run) const;

    // Removes trees of older archives of this name that no container uses; returns their paths.
    Result<std::vector<std::string>> prune(const std::string& name, const InUse& in_use) const;

    // Takes in an archive, or packs a folder. `name` "": from the file's name. INT, TERM and HUP take
    // everything back and then end the process.
    Result<Template> import(const std::string& path, const std::string& name, Reporter& reporter) const;

    // Work on one template excludes other work on it: Errc::locked. Clears what a killed run left.
    Result<sys::FileLock> lock(const std::string& name) const;

    // Clears unpacked trees that dead processes did not finish.
    Result<void> sweep_trees() const;

    // Clears what dead work on one template left, trees as well. The caller holds lock().
    Result<void> abandon(const std::string& name) const;

    // For those who make archives, under lock(): a path in cache/ to write to, on the same file system.
    std::string part_path(const std::string& name) const;
    // Proves and unpacks the finished file at part_path(), and fills in archive name, size and sha256 of the
    // manifest; then gives archive and manifest their names, which takes no time.
    Result<Manifest> prepare(Manifest manifest, Reporter& reporter) const;
    Result<Template> commit(const Manifest& manifest, Reporter& reporter) const;
    // Both.
    Result<Template> publish(Manifest manifest, Reporter& reporter) const;

    const std::string& folder() const { return m_dir; }

private:
    Result<std::optional<std::string>> archive_of(const std::string& name) const;
    std::optional<Manifest> manifest_for(const std::string& name, const std::string& sha256) const;
    Template describe(const std::string& name, const std::string& path, const std::string& sha256) const;
    Result<Manifest> import_as(const std::string& name, const std::string& path, Reporter& reporter) const;
    Result<void> make_folders() const;
    Result<void> make_tree(const std::string& archive, const std::string& id, Reporter& reporter) const;
    Result<void> sweep_cache(const std::string& name) const;
    Result<std::vector<std::string>> trees_of(const std::string& name) const;
    Result<void> remove_tree(const std::string& id, const InUse& in_use) const;

    std::string cache(std::string_view file) const;
    std::string tree(std::string_view id) const;

    std::string m_dir;
};

} // namespace vz::templates
