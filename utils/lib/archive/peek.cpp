// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/archive/peek.hpp"

#include "vz/archive/confine.hpp"
#include "vz/archive/member_reader.hpp"

namespace vz::archive {

namespace {

constexpr std::uint64_t k_largest = 1 << 20;
constexpr std::size_t k_most_files = 32;

using Files = std::map<std::string, std::string>;

Result<std::string> content_of(MemberReader& reader) {
    std::string out;
    for (;;) {
        VZ_ASSIGN(const auto block, reader.next_block());
        if (!block)
            return out;
        if (block->offset + block->data.size() > k_largest)
            return fail(Errc::bad_template, "a configuration of more than {} bytes", k_largest);
        out.resize(block->offset, '\0');
        out += block->data;
    }
}

Result<Files> files_in(MemberReader& reader, const Limits& limits, const std::string& folder) {
    Files out;
    for (std::uint64_t seen = 0; seen < limits.max_entries && out.size() < k_most_files; ++seen) {
        VZ_ASSIGN(const bool more, reader.next());
        if (!more)
            break;
        VZ_ASSIGN(const auto path, member_path(reader.member().path));
        const bool inside = path.substr(0, folder.size() + 1) == folder + "/";
        if (!inside && !out.empty())
            break;
        const auto name = inside ? path.substr(folder.size() + 1) : std::string();
        if (name.empty() || name.find('/') != std::string::npos ||
            reader.member().type != MemberType::regular || reader.size() > k_largest)
            continue;
        VZ_ASSIGN(out[name], content_of(reader));
    }
    return out;
}

} // namespace

Result<Files> peek(const ExtractRequest& request, const std::string& folder) {
    VZ_ASSIGN(const auto fd, open_file(request.file));
    VZ_TRY(confine(request.target, request.userns).context(request.file));
    auto stream = open_stream(fd.get());
    if (!stream)
        return std::move(stream).error().context(request.file);
    MemberReader reader({*std::move(stream), request.limits.max_bytes});
    return files_in(reader, request.limits, folder).context(request.file);
}

} // namespace vz::archive
