// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/tree_attributes.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <endian.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/xattr.h>

namespace vz::sys {

namespace {

constexpr std::string_view k_capability = "security.capability";
constexpr std::string_view k_acl_prefix = "system.posix_acl_";

// Attributes of links and FIFOs, too, are reached by way of their descriptor.
std::string self_path(int path_fd) {
    return format("/proc/self/fd/{}", path_fd);
}

bool is_kept(std::string_view name, bool trusted) {
    const auto begins = [&](std::string_view prefix) { return name.substr(0, prefix.size()) == prefix; };
    // overlay.upper is a handle of one certain folder of the original; the kernel makes it anew.
    if (name == "trusted.overlay.upper")
        return false;
    return name == k_capability || begins(k_acl_prefix) || begins("user.") || (trusted && begins("trusted."));
}

bool has_none(int err) {
    return err == EOPNOTSUPP || err == ENOTSUP || err == ENODATA || err == EPERM;
}

} // namespace

std::string IdShift::capability(std::string value) const {
    vfs_ns_cap_data data{};
    if (value.size() != XATTR_CAPS_SZ_2 && value.size() != XATTR_CAPS_SZ_3)
        return value;
    std::memcpy(&data, value.data(), value.size());
    const auto flags = le32toh(data.magic_etc) & ~VFS_CAP_REVISION_MASK;
    const auto root = value.size() == XATTR_CAPS_SZ_3 ? le32toh(data.rootid) : 0;
    const auto there = uid(root);
    data.rootid = htole32(there);
    data.magic_etc = htole32(flags | (there == 0 ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3));
    return std::string(reinterpret_cast<const char*>(&data), there == 0 ? XATTR_CAPS_SZ_2 : XATTR_CAPS_SZ_3);
}

std::string IdShift::acl(std::string value) const {
    constexpr auto k_head = sizeof(posix_acl_xattr_header);
    constexpr auto k_entry = sizeof(posix_acl_xattr_entry);
    if (value.size() < k_head || (value.size() - k_head) % k_entry != 0)
        return value;
    for (auto at = k_head; at < value.size(); at += k_entry) {
        posix_acl_xattr_entry entry{};
        std::memcpy(&entry, value.data() + at, k_entry);
        const auto tag = le16toh(entry.e_tag);
        if (tag == ACL_USER)
            entry.e_id = htole32(uid(le32toh(entry.e_id)));
        else if (tag == ACL_GROUP)
            entry.e_id = htole32(gid(le32toh(entry.e_id)));
        std::memcpy(value.data() + at, &entry, k_entry);
    }
    return value;
}

Result<Attributes> read_attributes(int path_fd, bool trusted) {
    const auto self = self_path(path_fd);
    thread_local std::array<char, XATTR_LIST_MAX + 1> names;
    const auto length = ::listxattr(self.c_str(), names.data(), names.size() - 1);
    if (length < 0 && has_none(errno))
        return Attributes{};
    if (length < 0)
        return sys_fail(errno, Errc::system, "list attributes");
    Attributes out;
    thread_local std::array<char, XATTR_SIZE_MAX> value;
    for (ssize_t at = 0; at < length;) {
        const std::string name(names.data() + at);
        at += static_cast<ssize_t>(name.size()) + 1;
        if (!is_kept(name, trusted))
            continue;
        const auto size = ::getxattr(self.c_str(), name.c_str(), value.data(), value.size());
        if (size < 0 && has_none(errno))
            continue;
        if (size < 0)
            return sys_fail(errno, Errc::system, "read attribute {}", name);
        out.emplace(name, std::string(value.data(), static_cast<std::size_t>(size)));
    }
    return out;
}

Result<void> write_attributes(int path_fd, const Attributes& present, const Attributes& wanted) {
    const auto self = self_path(path_fd);
    for (const auto& [name, value] : present)
        if (wanted.count(name) == 0 && ::removexattr(self.c_str(), name.c_str()) != 0 && !has_none(errno))
            return sys_fail(errno, Errc::system, "remove attribute {}", name);
    for (const auto& [name, value] : wanted) {
        const auto found = present.find(name);
        if (found != present.end() && found->second == value)
            continue;
        if (::setxattr(self.c_str(), name.c_str(), value.data(), value.size(), 0) != 0)
            return sys_fail(errno, errno == ENOSPC || errno == EDQUOT ? Errc::no_disk_space : Errc::system,
                            "write attribute {}", name);
    }
    return {};
}

Attributes shifted(Attributes attributes, const IdShift& shift) {
    for (auto& [name, value] : attributes) {
        if (name == k_capability)
            value = shift.capability(std::move(value));
        else if (std::string_view(name).substr(0, k_acl_prefix.size()) == k_acl_prefix)
            value = shift.acl(std::move(value));
    }
    return attributes;
}

} // namespace vz::sys
