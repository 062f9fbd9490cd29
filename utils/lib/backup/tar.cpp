// SPDX-License-Identifier: GPL-2.0-or-later
#include "tar.hpp"

#include "vz/base/format.hpp"
#include "vz/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <endian.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/stat.h>
#include <tar.h>

namespace vz::backup {

namespace {

constexpr std::uint64_t k_ustar_size = 077777777777; // eleven octal digits
constexpr std::uint64_t k_ustar_time = k_ustar_size;
constexpr std::string_view k_access_acl = "system.posix_acl_access";
constexpr std::string_view k_default_acl = "system.posix_acl_default";

// POSIX.1-2017, pax, "ustar Interchange Format".
struct Ustar {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char link[100];
    char magic[8];
    char uname[32];
    char gname[32];
    char major[8];
    char minor[8];
    char prefix[155];
    char rest[12];
};
static_assert(sizeof(Ustar) == k_tar_block);

template<std::size_t N>
void put_octal(char (&field)[N], std::uint64_t value) {
    for (auto at = N - 1; at-- > 0; value >>= 3)
        field[at] = static_cast<char>('0' + (value & 7));
}

template<std::size_t N>
void put_text(char (&field)[N], std::string_view text) {
    std::memcpy(field, text.data(), std::min(N, text.size()));
}

std::string block_of(Ustar header) {
    put_text(header.magic, std::string_view("ustar\00000", 8));
    std::memset(header.checksum, ' ', sizeof header.checksum);
    unsigned sum = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
    for (std::size_t i = 0; i < sizeof header; ++i)
        sum += bytes[i];
    for (int at = 5; at >= 0; --at, sum >>= 3)
        header.checksum[at] = static_cast<char>('0' + (sum & 7));
    header.checksum[6] = '\0';
    return {reinterpret_cast<const char*>(&header), sizeof header};
}

// "LENGTH KEY=VALUE\n", where LENGTH counts itself.
std::string record_of(std::string_view key, std::string_view value) {
    const auto rest = key.size() + value.size() + 3;
    auto length = rest + std::to_string(rest).size();
    if (std::to_string(length).size() != std::to_string(rest).size())
        ++length;
    return format("{} {}={}\n", length, key, value);
}

std::string time_text(const Time& time) {
    // A negative time counts down to its fraction: -1.25 is -2 seconds and 0.75.
    if (time.seconds < 0 && time.nanoseconds != 0)
        return format("-{}.{:09}", -(time.seconds + 1), 1'000'000'000 - time.nanoseconds);
    return format("{}.{:09}", time.seconds, time.nanoseconds);
}

std::string_view acl_word(std::uint16_t tag) {
    switch (tag) {
    case ACL_USER_OBJ:
    case ACL_USER:
        return "user";
    case ACL_GROUP_OBJ:
    case ACL_GROUP:
        return "group";
    case ACL_MASK:
        return "mask";
    default:
        return "other";
    }
}

// The long text form of acl(5) with numbers, entries separated by commas, as star defined it.
std::string acl_text(std::string_view value) {
    std::string out;
    for (auto at = sizeof(posix_acl_xattr_header); at + sizeof(posix_acl_xattr_entry) <= value.size();
         at += sizeof(posix_acl_xattr_entry)) {
        posix_acl_xattr_entry raw{};
        std::memcpy(&raw, value.data() + at, sizeof raw);
        const auto tag = le16toh(raw.e_tag);
        const auto bits = le16toh(raw.e_perm);
        const bool named = tag == ACL_USER || tag == ACL_GROUP;
        out += format("{}{}:{}:{}{}{}", out.empty() ? "" : ",", acl_word(tag),
                      named ? std::to_string(le32toh(raw.e_id)) : "", bits & ACL_READ ? 'r' : '-',
                      bits & ACL_WRITE ? 'w' : '-', bits & ACL_EXECUTE ? 'x' : '-');
    }
    return out;
}

std::string attribute_records(const Attributes& attributes) {
    std::string out;
    for (const auto& [name, value] : attributes) {
        if (name == k_access_acl || name == k_default_acl) {
            out +=
                record_of(name == k_access_acl ? "SCHILY.acl.access" : "SCHILY.acl.default", acl_text(value));
            continue;
        }
        std::string key = "SCHILY.xattr.";
        for (const char c : name) // as GNU tar writes them: "=" would end the key
            key += c == '=' ? "%3D" : c == '%' ? "%25" : std::string(1, c);
        out += record_of(key, value);
    }
    return out;
}

char type_flag(Type type) {
    switch (type) {
    case Type::file:
        return REGTYPE;
    case Type::folder:
        return DIRTYPE;
    case Type::symlink:
        return SYMTYPE;
    case Type::hard_link:
        return LNKTYPE;
    case Type::fifo:
        return FIFOTYPE;
    case Type::block_device:
        return BLKTYPE;
    case Type::char_device:
    case Type::removed: // the overlay's own mark: a device 0/0
        return CHRTYPE;
    }
    return REGTYPE;
}

std::string member_name(const Entry& entry) {
    if (entry.path == ".")
        return "./";
    return "./" + entry.path + (entry.type == Type::folder ? "/" : "");
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0; });
}

struct Names {
    std::string name;
    std::string link;
};

Names tar_names(const Entry& entry) {
    return {member_name(entry), entry.type == Type::hard_link ? "./" + entry.link : entry.link};
}

std::string name_records(const Names& names) {
    std::string out;
    for (const auto& text : {names.name, names.link})
        if (!is_ascii(text) && text::printable(text) != text) {
            out = record_of("hdrcharset", "BINARY");
            break;
        }
    if (names.name.size() > sizeof(Ustar::name) || !is_ascii(names.name))
        out += record_of("path", names.name);
    if (names.link.size() > sizeof(Ustar::link) || !is_ascii(names.link))
        out += record_of("linkpath", names.link);
    return out;
}

std::string sparse_map(const std::vector<Extent>& extents) {
    auto out = format("{}\n", extents.size());
    for (const auto& extent : extents)
        out += format("{}\n{}\n", extent.offset, extent.size);
    return out + tar_padding(out.size());
}

std::string sparse_records(const Entry& entry) {
    return record_of("GNU.sparse.major", "1") + record_of("GNU.sparse.minor", "0") +
           record_of("GNU.sparse.name", member_name(entry)) +
           record_of("GNU.sparse.realsize", std::to_string(entry.size));
}

std::uint64_t total_of(const std::vector<Extent>& extents) {
    std::uint64_t total = 0;
    for (const auto& extent : extents)
        total += extent.size;
    return total;
}

std::string pax_block(const std::string& records) {
    Ustar header{};
    put_text(header.name, "./PaxHeaders");
    put_octal(header.mode, 0644);
    put_octal(header.uid, 0);
    put_octal(header.gid, 0);
    put_octal(header.size, records.size());
    put_octal(header.mtime, 0);
    header.type = 'x';
    return block_of(header) + records + tar_padding(records.size());
}

std::string ustar_block(const Entry& entry, const Names& names, std::uint64_t stored) {
    Ustar header{};
    put_text(header.name, names.name);
    put_text(header.link, names.link);
    put_octal(header.mode, entry.mode);
    put_octal(header.uid, entry.uid);
    put_octal(header.gid, entry.gid);
    put_octal(header.size, std::min(stored, k_ustar_size));
    const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(entry.mtime.seconds, 0));
    put_octal(header.mtime, std::min(seconds, k_ustar_time));
    put_octal(header.major, entry.major);
    put_octal(header.minor, entry.minor);
    header.type = type_flag(entry.type);
    return block_of(header);
}

} // namespace

std::string tar_header(const Entry& entry, const std::vector<Extent>* extents) {
    const auto names = tar_names(entry);
    const auto map = extents ? sparse_map(*extents) : std::string();
    const auto stored = entry.type != Type::file ? 0 : extents ? map.size() + total_of(*extents) : entry.size;
    auto records = name_records(names);
    if (entry.mtime.nanoseconds != 0 || entry.mtime.seconds < 0 ||
        static_cast<std::uint64_t>(entry.mtime.seconds) > k_ustar_time)
        records += record_of("mtime", time_text(entry.mtime));
    if (stored > k_ustar_size)
        records += record_of("size", std::to_string(stored));
    if (extents)
        records += sparse_records(entry);
    records += attribute_records(entry.attributes);
    if (entry.opaque)
        records += record_of("SCHILY.xattr.trusted.overlay.opaque", "y");
    return (records.empty() ? "" : pax_block(records)) + ustar_block(entry, names, stored) + map;
}

std::string tar_padding(std::uint64_t size) {
    return std::string((k_tar_block - size % k_tar_block) % k_tar_block, '\0');
}

std::string tar_end() {
    return std::string(2 * k_tar_block, '\0');
}

} // namespace vz::backup
