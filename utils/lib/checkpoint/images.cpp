// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/checkpoint/images.hpp"

#include "vz/base/text.hpp"
#include "vz/checkpoint/group_tree.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <optional>

namespace vz::checkpoint {

namespace {

// Fields of a mount in images/mnt.proto.
constexpr std::uint64_t k_mount_id = 2;
constexpr std::uint64_t k_root = 6;

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

std::optional<std::string> mended(std::string_view entry, const MountRoots& roots) {
    Reader reader(entry);
    std::string out;
    auto root = roots.end();
    while (!reader.at_end()) {
        auto field = next_field(reader);
        if (!field)
            return std::nullopt;
        if (field->id == k_mount_id && field->wire == k_varint)
            root = roots.find(field->value); // comes before the root
        if (field->id == k_root && field->wire == k_text && field->bytes == "/" && root != roots.end())
            field->bytes = root->second;
        out += encoded(*field);
    }
    return out;
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
        if (id && root.size() > group.size() && root.substr(0, group.size()) == group && root[group.size()] == '/')
            roots[*id] = root.substr(group.size());
    }
    return roots;
}

Result<std::string> with_mount_roots(std::string_view image, const MountRoots& roots) {
    constexpr std::size_t k_magic = 8;
    Reader reader(image);
    std::string out(reader.take(k_magic));
    while (!reader.at_end()) {
        const auto entry = mended(reader.take(reader.number()), roots);
        if (!entry)
            break;
        out += number(static_cast<std::uint32_t>(entry->size())) + *entry;
    }
    if (reader.bad() || !reader.at_end())
        return fail(Errc::checkpoint, "this version of CRIU writes mounts in an unknown way");
    return out;
}

Result<void> mend_mounts(const std::string& images, const std::string& folder_of_group,
                         std::string_view group) {
    MountRoots roots;
    for (const auto pid : processes_in(folder_of_group))
        roots.merge(
            group_mounts(sys::read_kernel_file(format("/proc/{}/mountinfo", pid)).value_or(""), group));
    if (roots.empty())
        return {};
    VZ_ASSIGN(const auto dir, sys::Dir::open(images));
    VZ_ASSIGN(const auto names, dir.list());
    for (const auto& name : names) {
        if (!text::matches_glob("mountpoints-*.img", name))
            continue;
        VZ_ASSIGN(const auto image, dir.read_file(name, 64 << 20));
        VZ_ASSIGN(const auto better, with_mount_roots(image.value_or(""), roots));
        VZ_TRY(dir.write_file(name, better, 0640));
    }
    return {};
}

} // namespace vz::checkpoint
