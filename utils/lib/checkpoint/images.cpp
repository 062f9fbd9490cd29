// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/checkpoint/images.hpp"

#include "vz/base/text.hpp"
#include "vz/checkpoint/group_tree.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

namespace vz::checkpoint {

namespace {

// Fields of a mount in images/mnt.proto.
constexpr std::uint64_t k_mount_id = 2;
constexpr std::uint64_t k_flags = 5;
constexpr std::uint64_t k_root = 6;
constexpr std::uint64_t k_shared = 10;
constexpr std::uint64_t k_master = 11;
// MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE and MS_SHARED of mount(2).
constexpr std::uint64_t k_propagation = 0xfULL << 17;
constexpr std::size_t k_largest_image = 64 << 20;

enum Wire : std::uint64_t { k_varint = 0, k_eight_bytes = 1, k_text = 2, k_four_bytes = 5 };

// Reads from the front; after a fault all is nothing.
class Reader {
public:
    explicit Reader(std::string_view bytes) : m_left(bytes) {}

    bool at_end() const { return m_left.empty() || m_bad; }
    bool bad() const { return m_bad; }

    std::string_view take(std::uint64_t count) {
        if (count > m_left.size()) {
            m_bad = true;
            return {};
        }
        const auto bytes = m_left.substr(0, count);
        m_left.remove_prefix(count);
        return bytes;
    }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = take(1);
            if (byte.empty())
                return 0;
            value |= static_cast<std::uint64_t>(static_cast<unsigned char>(byte[0]) & 0x7fU) << shift;
            if ((static_cast<unsigned char>(byte[0]) & 0x80U) == 0)
                return value;
        }
        m_bad = true;
        return 0;
    }
    std::uint32_t number() { // little endian
        std::uint32_t value = 0;
        unsigned shift = 0;
        for (const char byte : take(4)) {
            value |= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << shift;
            shift += 8;
        }
        return value;
    }

private:
    std::string_view m_left;
    bool m_bad = false;
};

std::string varint(std::uint64_t value) {
    std::string out;
    for (; value > 0x7f; value >>= 7)
        out += static_cast<char>((value & 0x7f) | 0x80);
    return out + static_cast<char>(value);
}

std::string number(std::uint32_t value) {
    std::string out;
    for (unsigned shift = 0; shift < 32; shift += 8)
        out += static_cast<char>((value >> shift) & 0xff);
    return out;
}

struct Field {
    std::uint64_t id = 0;
    std::uint64_t wire = 0;
    std::uint64_t value = 0; // of a varint
    std::string_view bytes;  // of the others
};

std::optional<Field> next_field(Reader& reader) {
    const auto tag = reader.varint();
    Field field{tag >> 3, tag & 7, 0, {}};
    if (field.wire == k_varint)
        field.value = reader.varint();
    else if (field.wire == k_text)
        field.bytes = reader.take(reader.varint());
    else if (field.wire == k_four_bytes || field.wire == k_eight_bytes)
        field.bytes = reader.take(field.wire == k_four_bytes ? 4 : 8);
    else
        return std::nullopt;
    return reader.bad() ? std::nullopt : std::optional(field);
}

std::string encoded(const Field& field) {
    const auto tag = varint(field.id << 3 | field.wire);
    if (field.wire == k_varint)
        return tag + varint(field.value);
    return tag + (field.wire == k_text ? varint(field.bytes.size()) : "") + std::string(field.bytes);
}

std::optional<MountEntry> parsed(std::string_view bytes) {
    Reader reader(bytes);
    MountEntry mount;
    while (!reader.at_end()) {
        const auto field = next_field(reader);
        if (!field)
            return std::nullopt;
        if (field->id == k_root && field->wire == k_text)
            mount.root = field->bytes;
        if (field->wire == k_varint)
            for (const auto& [id, to] : {std::pair(k_mount_id, &mount.id), std::pair(k_shared, &mount.shared),
                                         std::pair(k_master, &mount.master)})
                if (field->id == id)
                    *to = field->value;
    }
    return mount;
}

std::optional<std::string> mended(std::string_view bytes, const MountRoots& roots,
                                  const std::set<std::uint64_t>& alone) {
    const auto mount = parsed(bytes);
    if (!mount)
        return std::nullopt;
    const auto root = roots.find(mount->id);
    const bool is_alone = alone.count(mount->id) > 0;
    Reader reader(bytes);
    std::string out;
    while (!reader.at_end()) {
        auto field = next_field(reader);
        if (!field)
            return std::nullopt;
        if (field->id == k_root && field->bytes == "/" && root != roots.end())
            field->bytes = root->second;
        if (is_alone && field->id == k_flags && field->wire == k_varint)
            field->value &= ~k_propagation;
        if (!is_alone || (field->id != k_shared && field->id != k_master))
            out += encoded(*field);
    }
    return out;
}

constexpr std::size_t k_magic = 8;

// Calls `work` with each entry; false at the first that it refuses, or if the image is broken.
bool for_each_entry(std::string_view image, const std::function<bool(std::string_view)>& work) {
    Reader reader(image);
    reader.take(k_magic);
    while (!reader.at_end()) {
        const auto entry = reader.take(reader.number());
        if (reader.bad() || !work(entry))
            return false;
    }
    return !reader.bad();
}

Error unknown_way() {
    return fail(Errc::checkpoint, "this version of CRIU writes mounts in an unknown way");
}

bool is_below(std::string_view path, std::string_view folder) {
    return folder == "/" || path == folder ||
           (path.size() > folder.size() && path.substr(0, folder.size()) == folder &&
            path[folder.size()] == '/');
}

} // namespace

MountRoots group_mounts(std::string_view mountinfo, std::string_view group) {
    MountRoots roots;
    for (const auto& line : text::split(mountinfo, '\n')) {
        const auto fields = text::words(line);
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.size() < 7 || fields.end() - dash < 2 || dash[1] != "cgroup2")
            continue;
        const auto id = text::to_uint(fields[0]);
        const std::string_view root = fields[3];
        if (id && root.size() > group.size() && root.substr(0, group.size()) == group &&
            root[group.size()] == '/')
            roots[*id] = root.substr(group.size());
    }
    return roots;
}

Result<std::vector<MountEntry>> mounts_in(std::string_view image) {
    std::vector<MountEntry> mounts;
    const bool whole = for_each_entry(image, [&](std::string_view bytes) {
        if (auto mount = parsed(bytes))
            mounts.push_back(*std::move(mount));
        else
            return false;
        return true;
    });
    if (!whole)
        return unknown_way();
    return mounts;
}

std::set<std::uint64_t> outsiders(const std::vector<MountEntry>& mounts) {
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<const MountEntry*>> groups;
    for (const auto& mount : mounts)
        if (mount.shared != 0 || mount.master != 0)
            groups[{mount.shared, mount.master}].push_back(&mount);
    std::set<std::uint64_t> alone;
    for (const auto& [name, members] : groups) {
        const auto* widest =
            *std::min_element(members.begin(), members.end(),
                              [](const auto* a, const auto* b) { return a->root.size() < b->root.size(); });
        for (const auto* member : members)
            if (!is_below(member->root, widest->root))
                alone.insert(member->id);
    }
    return alone;
}

Result<std::string> mended_image(std::string_view image, const MountRoots& roots,
                                 const std::set<std::uint64_t>& alone) {
    std::string out(image.substr(0, k_magic));
    const bool whole = for_each_entry(image, [&](std::string_view bytes) {
        const auto entry = mended(bytes, roots, alone);
        if (entry)
            out += number(static_cast<std::uint32_t>(entry->size())) + *entry;
        return entry.has_value();
    });
    if (!whole)
        return unknown_way();
    return out;
}

Result<void> mend_mounts(const std::string& images, const std::string& folder_of_group,
                         std::string_view group) {
    MountRoots roots;
    for (const auto pid : processes_in(folder_of_group))
        roots.merge(
            group_mounts(sys::read_kernel_file(format("/proc/{}/mountinfo", pid)).value_or(""), group));
    VZ_ASSIGN(const auto dir, sys::Dir::open(images));
    VZ_ASSIGN(const auto names, dir.list());
    std::map<std::string, std::string> contents;
    std::vector<MountEntry> mounts;
    for (const auto& name : names) {
        if (!text::matches_glob("mountpoints-*.img", name))
            continue;
        VZ_ASSIGN(const auto image, dir.read_file(name, k_largest_image));
        VZ_ASSIGN(const auto here, mounts_in(image.value_or("")));
        mounts.insert(mounts.end(), here.begin(), here.end());
        contents[name] = image.value_or("");
    }
    const auto alone = outsiders(mounts);
    for (const auto& [name, content] : contents) {
        VZ_ASSIGN(const auto better, mended_image(content, roots, alone));
        if (better != content)
            VZ_TRY(dir.write_file(name, better, 0640));
    }
    return {};
}

} // namespace vz::checkpoint
