// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/archive/entry_attributes.hpp"

#include "accounts.hpp"

#include "vz/base/text.hpp"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <endian.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/xattr.h>
#include <tuple>

namespace vz::archive {

namespace {

constexpr std::string_view k_capability = "security.capability";
constexpr const char* k_access_acl = "system.posix_acl_access";
constexpr const char* k_default_acl = "system.posix_acl_default";
constexpr std::size_t k_max_value = 65536; // XATTR_SIZE_MAX

struct AclEntry {
    std::uint16_t tag;
    std::uint16_t permissions;
    std::uint32_t id;
    bool operator<(const AclEntry& other) const { return std::tie(tag, id) < std::tie(other.tag, other.id); }
};

constexpr std::array<std::pair<int, std::uint16_t>, 6> k_tags{{
    {ARCHIVE_ENTRY_ACL_USER_OBJ, ACL_USER_OBJ},
    {ARCHIVE_ENTRY_ACL_USER, ACL_USER},
    {ARCHIVE_ENTRY_ACL_GROUP_OBJ, ACL_GROUP_OBJ},
    {ARCHIVE_ENTRY_ACL_GROUP, ACL_GROUP},
    {ARCHIVE_ENTRY_ACL_MASK, ACL_MASK},
    {ARCHIVE_ENTRY_ACL_OTHER, ACL_OTHER},
}};

std::uint16_t kernel_tag(int tag) {
    for (const auto& [theirs, kernel] : k_tags)
        if (theirs == tag)
            return kernel;
    return 0;
}

int archive_tag(std::uint16_t kernel_tag) {
    for (const auto& [theirs, kernel] : k_tags)
        if (kernel == kernel_tag)
            return theirs;
    return 0;
}

// The value of system.posix_acl_*: a version, then entries in ascending order, all little-endian.
std::string kernel_acl(std::vector<AclEntry> entries) {
    std::sort(entries.begin(), entries.end());
    posix_acl_xattr_header header{};
    header.a_version = htole32(POSIX_ACL_XATTR_VERSION);
    std::string out(reinterpret_cast<const char*>(&header), sizeof header);
    for (const auto& entry : entries) {
        posix_acl_xattr_entry raw{};
        raw.e_tag = htole16(entry.tag);
        raw.e_perm = htole16(entry.permissions);
        raw.e_id = htole32(entry.id);
        out.append(reinterpret_cast<const char*>(&raw), sizeof raw);
    }
    return out;
}

// Entries of ACLs carry a number, or (GNU tar) a name only.
std::optional<std::uint32_t> id_of(std::uint16_t kernel_tag, int id, const char* name,
                                   const Accounts* accounts) {
    if (id >= 0)
        return static_cast<std::uint32_t>(id);
    if (!accounts || !name)
        return std::nullopt;
    return kernel_tag == ACL_USER ? accounts->user(name) : accounts->group(name);
}

Result<void> add_acl(::archive_entry* entry, int type, const char* name, const Accounts* accounts,
                     Attributes& out, std::uint64_t& unknown_names) {
    if ((::archive_entry_acl_types(entry) & type) == 0)
        return {};
    std::vector<AclEntry> entries;
    ::archive_entry_acl_reset(entry, type);
    int entry_type = 0;
    int permissions = 0;
    int tag = 0;
    int id = 0;
    const char* who = nullptr;
    while (::archive_entry_acl_next(entry, type, &entry_type, &permissions, &tag, &id, &who) == ARCHIVE_OK) {
        const auto kernel = kernel_tag(tag);
        const bool named = kernel == ACL_USER || kernel == ACL_GROUP;
        const auto owner =
            named ? id_of(kernel, id, who, accounts) : std::optional<std::uint32_t>(ACL_UNDEFINED_ID);
        if (kernel == 0 || (permissions & ~7) != 0 || (named && owner.value_or(0) > 65535))
            return fail(Errc::bad_template, "an ACL that cannot be kept");
        if (owner)
            entries.push_back({kernel, static_cast<std::uint16_t>(permissions), *owner});
        else
            ++unknown_names;
    }
    if (!entries.empty())
        out.emplace_back(name, kernel_acl(std::move(entries)));
    return {};
}

// An archive made inside another user namespace carries that one's root id (version 3); here the file
// capability belongs to whoever is root of the container, which is what version 2 says.
Result<std::string> portable_capability(std::string value) {
    if (value.size() != XATTR_CAPS_SZ_2 && value.size() != XATTR_CAPS_SZ_3)
        return fail(Errc::bad_template, "a file capability of an unknown form");
    std::uint32_t magic = 0;
    std::memcpy(&magic, value.data(), sizeof magic);
    const auto flags = le32toh(magic) & ~static_cast<std::uint32_t>(VFS_CAP_REVISION_MASK);
    magic = htole32(VFS_CAP_REVISION_2 | flags);
    std::memcpy(value.data(), &magic, sizeof magic);
    value.resize(XATTR_CAPS_SZ_2);
    return value;
}

Result<void> add(Attributes& out, std::string_view name, std::string value) {
    if (value.size() > k_max_value)
        return fail(Errc::bad_template, "an attribute that is too long");
    if (name == k_capability) {
        VZ_ASSIGN(value, portable_capability(std::move(value)));
    }
    out.emplace_back(name, std::move(value));
    return {};
}

void put_acl(std::string_view value, int type, ::archive_entry* entry) {
    for (auto at = sizeof(posix_acl_xattr_header); at + sizeof(posix_acl_xattr_entry) <= value.size();
         at += sizeof(posix_acl_xattr_entry)) {
        posix_acl_xattr_entry raw{};
        std::memcpy(&raw, value.data() + at, sizeof raw);
        const auto id = le32toh(raw.e_id);
        ::archive_entry_acl_add_entry(entry, type, le16toh(raw.e_perm), archive_tag(le16toh(raw.e_tag)),
                                      static_cast<int>(id), nullptr);
    }
}

} // namespace

bool is_acl(std::string_view name) {
    return name == k_access_acl || name == k_default_acl;
}

bool is_kept_attribute(std::string_view name) {
    // user.overlay.* steers overlay mounts and is no business of an archive.
    return name == k_capability ||
           (name.size() > 5 && name.size() < 256 && name.compare(0, 5, "user.") == 0 &&
            name.compare(0, 13, "user.overlay.") != 0);
}

Result<Attributes> attributes_of(::archive_entry* entry, const Accounts* accounts,
                                 std::uint64_t& unknown_names) {
    Attributes out;
    ::archive_entry_xattr_reset(entry);
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (::archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
        if (is_kept_attribute(name))
            VZ_TRY(add(out, name, std::string(static_cast<const char*>(value), size)));
    VZ_TRY(add_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, k_access_acl, accounts, out, unknown_names));
    VZ_TRY(add_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, k_default_acl, accounts, out, unknown_names));
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()),
              out.end()); // some writers store each attribute in two dialects
    return out;
}

Result<Attributes> attributes_of_file(int fd) {
    std::string names(k_max_value, '\0');
    const auto n = ::flistxattr(fd, names.data(), names.size());
    if (n < 0 && errno == ENOTSUP)
        return Attributes();
    if (n < 0)
        return sys_fail(errno, Errc::system, "flistxattr");
    names.resize(static_cast<std::size_t>(n));
    Attributes out;
    for (const auto& name : text::split(names, '\0')) {
        if (!is_kept_attribute(name) && !is_acl(name))
            continue;
        std::string value(k_max_value, '\0');
        const auto size = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
        if (size < 0)
            return sys_fail(errno, Errc::system, "fgetxattr {}", name);
        value.resize(static_cast<std::size_t>(size));
        VZ_TRY(add(out, name, std::move(value)));
    }
    std::sort(out.begin(), out.end());
    return out;
}

void put_attributes(const Attributes& attributes, ::archive_entry* entry) {
    for (const auto& [name, value] : attributes) {
        if (name == k_access_acl)
            put_acl(value, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, entry);
        else if (name == k_default_acl)
            put_acl(value, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, entry);
        else
            ::archive_entry_xattr_add_entry(entry, name.c_str(), value.data(), value.size());
    }
}

} // namespace vz::archive
