// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/base/text.hpp"
#include "vz/limits/limits.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"

#include <cerrno>

namespace vz::limits {

namespace {

std::string_view file_of(const Write& write) {
    const std::string_view path = write.path;
    return path.substr(path.rfind('/') + 1);
}

Error explained(const Write& write, Error error) {
    const auto file = file_of(write);
    if (error.sys_errno == ENOENT)
        return fail(write.code, "{}: the control groups of this kernel have no {}", write.key, file);
    const auto reason = std::string(file) + " does not take \"" + std::string(text::trim(write.value)) + "\"";
    return std::move(error).context(format("{}: {}", write.key, reason)).as(write.code);
}

// A guarantee holds as far as the folder above has one: it gets the sum of what its children have. More than
// the sum would be shared out among all of them (cgroup-v2.rst, "memory_recursiveprot").
void pass_guarantee_up(const std::string& group, std::string_view file) {
    const auto parent = group.substr(0, group.rfind('/'));
    if (!sys::exists(format("{}/{}", parent, file)))
        return;
    const auto dir = sys::Dir::open(parent);
    const auto names = dir ? dir->list() : Result<std::vector<std::string>>(Error{});
    if (!names)
        return;
    std::uint64_t sum = 0;
    for (const auto& name : *names)
        if (const auto value = sys::read_kernel_file(format("{}/{}/{}", parent, name, file)))
            sum += text::to_uint(text::trim(*value)).value_or(0);
    (void)sys::write_kernel_file(format("{}/{}", parent, file), std::to_string(sum));
}

void pass_up(const Write& write) {
    const auto file = file_of(write);
    if (file == "memory.low" || file == "memory.min")
        pass_guarantee_up(write.path.substr(0, write.path.size() - file.size() - 1), file);
}

} // namespace

Result<void> apply(std::span<const Write> writes, When when, Reporter& out) {
    for (const auto& write : writes) {
        auto done = sys::write_kernel_file(write.path, write.value);
        if (!done && !write.otherwise.empty())
            done = sys::write_kernel_file(write.path, write.otherwise);
        if (done) {
            pass_up(write);
            continue;
        }
        if (write.need == Need::if_possible)
            continue;
        const bool absent = done.error().sys_errno == ENOENT;
        auto error = explained(write, std::move(done).error());
        if (when == When::live || (write.need == Need::must && !absent))
            return error;
        out.warning(error.what);
    }
    return {};
}

} // namespace vz::limits
