// SPDX-License-Identifier: GPL-2.0-or-later
#include "layers.hpp"

#include "area.hpp"
#include "overlay_index.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/random.hpp"
#include "vz/sys/tree_copy.hpp"

#include <algorithm>
#include <cerrno>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::storage::layers {

namespace {

// A mount takes 256 bytes of layers' names (fsconfig(2)); and each one costs every lookup of a file.
constexpr std::size_t k_most_layers = 30;
// Up to here a copy takes no longer than a layer.
constexpr std::size_t k_few_files = 500;
constexpr std::uint64_t k_few_bytes = 16 << 20;

constexpr std::string_view k_doomed = ".gone-";

std::string store_of(const Volume& volume) {
    return area::parent_of(volume.private_area) + "/.layers";
}

// What an overlay prepares there, and its index.
std::string work_of(const std::string& folder) {
    return folder + "/work";
}

std::string list_of(const std::string& folder) {
    return folder + "/layers";
}

std::string note_of(const std::string& folder) {
    return folder + "/freezing";
}

std::optional<sys::IdRange> parse_owners(const std::vector<std::string>& words) {
    const auto uid = text::to_uint(words[1]);
    const auto gid = text::to_uint(words[2]);
    const auto count = text::to_uint(words[3]);
    if (!uid || !gid || !count || std::max({*uid, *gid, *count}) > UINT32_MAX)
        return std::nullopt;
    return sys::IdRange{static_cast<std::uint32_t>(*uid), static_cast<std::uint32_t>(*gid),
                        static_cast<std::uint32_t>(*count)};
}

std::string line_of(const std::string& id, const sys::IdRange& owners) {
    return format("{} {} {} {}\n", id, owners.uid_base, owners.gid_base, owners.count);
}

Result<std::string> text_of(const std::string& path) {
    VZ_ASSIGN(const auto content, sys::read_file(path));
    return content.value_or("");
}

// Adds the ids that a file names at the beginning of its lines.
Result<void> collect(const std::string& path, std::set<std::string, std::less<>>& ids) {
    VZ_ASSIGN(const auto content, text_of(path));
    for (const auto& line : text::split(content, '\n'))
        if (const auto words = text::words(line); !words.empty())
            ids.insert(words[0]);
    return {};
}

// What is about to become a layer is asked for first: it is in the list before that note goes.
Result<void> collect_of_folder(const std::string& folder, std::set<std::string, std::less<>>& ids) {
    VZ_TRY(collect(note_of(folder), ids));
    return collect(list_of(folder), ids);
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
    auto dir = sys::Dir::open(folder);
    if (!dir && (dir.error().sys_errno == ENOENT || dir.error().sys_errno == ENOTDIR))
        return std::vector<std::string>{};
    if (!dir)
        return std::move(dir).error();
    return dir->list();
}

Result<std::set<std::string, std::less<>>> named_layers(const std::string& areas) {
    std::set<std::string, std::less<>> ids;
    VZ_ASSIGN(const auto names, names_in(areas));
    for (const auto& name : names) {
        const auto area = areas + "/" + name;
        struct stat st {};
        if (name.front() == '.' || ::stat(area.c_str(), &st) != 0 || !S_ISDIR(st.st_mode))
            continue;
        VZ_TRY(collect_of_folder(area, ids));
        VZ_TRY(collect_of_folder(area + "/rollback", ids));
        VZ_ASSIGN(const auto snapshots, names_in(area + "/snapshots"));
        for (const auto& snapshot : snapshots)
            VZ_TRY(collect_of_folder(format("{}/snapshots/{}", area, snapshot), ids));
    }
    return ids;
}

bool same_file_system(const std::string& a, const std::string& b) {
    struct stat one {};
    struct stat other {};
    return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev;
}

// Counts down what may be looked at; false when it is used up.
bool is_small(const sys::Dir& dir, const std::string& folder, std::size_t& files, std::uint64_t& bytes) {
    const auto names = dir.list(folder);
    if (!names || names->size() > files)
        return false;
    files -= names->size();
    for (const auto& name : *names) {
        const auto path = folder == "." ? name : folder + "/" + name;
        const auto st = dir.stat(path);
        if (!st || !*st)
            continue;
        const auto size = static_cast<std::uint64_t>((*st)->st_blocks) * 512;
        if (size > bytes)
            return false;
        bytes -= size;
        if (S_ISDIR((*st)->st_mode) && !is_small(dir, path, files, bytes))
            return false;
    }
    return true;
}

Result<void> make_owned_folder(const std::string& path, const sys::IdRange& ids, mode_t mode) {
    if (::mkdir(path.c_str(), 0700) != 0 || ::chown(path.c_str(), ids.uid_base, ids.gid_base) != 0 ||
        ::chmod(path.c_str(), mode) != 0)
        return sys_fail(errno,
                        errno == ENOSPC || errno == EDQUOT ? Errc::no_disk_space : Errc::create_private,
                        "create {}", path);
    return {};
}

Result<void> remove_in(const std::string& folder, const std::string& name) {
    VZ_ASSIGN(const auto dir, sys::Dir::open(folder));
    return dir.remove_tree(name);
}

// A fresh upper with a work folder of its own: its index is about the upper of before.
Result<void> make_new_upper(const Volume& volume, const std::string& folder, const std::string& layer) {
    const auto store = store_of(volume);
    if (sys::exists(work_of(folder)))
        VZ_TRY(sys::rename_durably(work_of(folder), format("{}/{}{}", store, k_doomed, sys::random_uuid())));
    VZ_TRY(remove_in(folder, ".new"));
    VZ_TRY(sys::make_dirs(folder + "/.new", 0700));
    VZ_TRY(make_empty(folder + "/.new", volume.ids));
    VZ_TRY(copy_root_attributes(area::parent_of(layer), volume.ids, folder + "/.new", volume.ids));
    VZ_TRY(sys::rename_durably(folder + "/.new/work", work_of(folder)));
    VZ_TRY(sys::rename_durably(folder + "/.new/upper", folder + "/upper"));
    return remove_in(folder, ".new");
}

} // namespace

Result<std::vector<Layer>> below(const Volume& volume, const std::string& folder) {
    VZ_ASSIGN(const auto content, text_of(list_of(folder)));
    std::vector<Layer> out;
    for (const auto& line : text::split(content, '\n')) {
        const auto words = text::words(line);
        if (words.empty())
            continue;
        const auto owners = words.size() == 4 ? parse_owners(words) : std::nullopt;
        if (!owners || !area::check_snapshot_id(words[0]))
            return fail(Errc::mount, "{}: damaged: {}", list_of(folder), text::printable(line));
        out.push_back({format("{}/{}/upper", store_of(volume), words[0]), *owners});
        if (!sys::exists(out.back().path))
            return fail(Errc::no_private, "layer {} with files of the container is gone", out.back().path);
    }
    return out;
}

bool is_worth_freezing(const Volume& volume, const std::string& folder) {
    const auto lower = below(volume, folder);
    const auto upper = sys::Dir::open(folder + "/upper");
    auto files = k_few_files;
    auto bytes = k_few_bytes;
    return lower && lower->size() < k_most_layers && upper && !is_small(*upper, ".", files, bytes) &&
           same_file_system(folder + "/upper", area::parent_of(volume.private_area)) &&
           !overlay_index::joins_names(folder);
}

Result<void> freeze(const Volume& volume, const std::string& folder) {
    const auto id = sys::random_uuid();
    const auto layer = store_of(volume) + "/" + id;
    VZ_TRY(sys::write_file_atomic(note_of(folder), id + "\n", 0600)); // before there is anything to sweep
    VZ_TRY(sys::make_dirs(layer, 0700));
    auto moved = sys::rename_durably(folder + "/upper", layer + "/upper");
    if (!moved)
        ::rmdir(layer.c_str());
    VZ_TRY(settle(volume, folder));
    return moved;
}

Result<void> settle(const Volume& volume, const std::string& folder) {
    VZ_ASSIGN(const auto note, text_of(note_of(folder)));
    if (note.empty())
        return {};
    const auto id = text::trim(note);
    VZ_TRY(area::check_snapshot_id(std::string(id)));
    const auto layer = format("{}/{}/upper", store_of(volume), id);
    if (sys::exists(layer)) {
        VZ_ASSIGN(const auto lower, text_of(list_of(folder)));
        if (lower.find(id) == std::string::npos)
            VZ_TRY(
                sys::write_file_atomic(list_of(folder), line_of(std::string(id), volume.ids) + lower, 0600));
        if (!sys::exists(folder + "/upper"))
            VZ_TRY(make_new_upper(volume, folder, layer));
    }
    if (::unlink(note_of(folder).c_str()) != 0 && errno != ENOENT)
        return sys_fail(errno, Errc::system, "remove {}", note_of(folder));
    return sys::fsync_dir(folder);
}

bool has_any(const std::string& folder) {
    return sys::exists(list_of(folder));
}

Result<void> share(const std::string& from, const std::string& to) {
    VZ_ASSIGN(const auto lower, text_of(list_of(from)));
    return sys::write_file_atomic(list_of(to), lower, 0600);
}

Result<void> copy_root_attributes(const std::string& from, const sys::IdRange& owner, const std::string& to,
                                  const sys::IdRange& new_owner) {
    VZ_ASSIGN(const auto source, sys::Dir::open(from + "/upper"));
    VZ_ASSIGN(const auto target, sys::Dir::open(to + "/upper"));
    sys::TreeCopy copy{source, target, owner, new_owner};
    copy.additive = true;
    copy.wants = [](std::string_view, mode_t) { return false; };
    VZ_TRY(sys::copy_tree(copy));
    return sys::fsync_dir(to + "/upper");
}

Result<void> make_empty(const std::string& folder, const sys::IdRange& ids) {
    VZ_TRY(make_owned_folder(folder + "/upper", ids, 0755));
    return make_owned_folder(work_of(folder), ids, 0700);
}

Result<void> sweep(const Volume& volume) {
    const auto path = store_of(volume);
    if (!sys::exists(path))
        return {};
    VZ_ASSIGN(const auto store, sys::Dir::open(path));
    VZ_ASSIGN(const auto present, store.list());
    // Asked for afterwards: whoever makes a layer writes its name down first.
    VZ_ASSIGN(const auto named, named_layers(area::parent_of(volume.private_area)));
    for (const auto& name : present)
        if (name.front() != '.' && named.count(name) == 0)
            (void)sys::rename_durably(path + "/" + name, format("{}/{}{}", path, k_doomed, name));
    VZ_ASSIGN(const auto doomed, store.list());
    for (const auto& name : doomed)
        if (name.substr(0, k_doomed.size()) == k_doomed)
            VZ_TRY(store.remove_tree(name));
    ::rmdir(path.c_str()); // the last one goes
    return {};
}

} // namespace vz::storage::layers

namespace vz::storage {

Result<std::vector<std::string>> shared_layers(const std::string& private_area) {
    Volume volume;
    volume.private_area = private_area;
    VZ_ASSIGN(const auto all, layers::below(volume, private_area));
    std::vector<std::string> paths;
    for (const auto& layer : all)
        paths.push_back(layer.path);
    return paths;
}

} // namespace vz::storage
