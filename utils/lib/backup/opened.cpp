// SPDX-License-Identifier: GPL-2.0-or-later
#include "opened.hpp"

#include "vz/archive/confine.hpp"
#include "vz/base/text.hpp"

#include <algorithm>

namespace vz::backup {

Result<Opened> open_confined(const ReadRequest& request) {
    VZ_ASSIGN(auto head, request.depot.head(request.id));
    VZ_ASSIGN(auto parts, OpenParts::open(request.depot, head));
    VZ_TRY(archive::confine(request.target, request.userns).context(request.id));
    Plan none(head.archives.size());
    return Opened{std::move(head), std::move(parts), std::move(none)};
}

Result<Opened> open_and_prove(const ReadRequest& request) {
    VZ_ASSIGN(auto opened, open_confined(request));
    VZ_ASSIGN(opened.plan, read_plan(opened.parts.manifest.fd.get(), opened.head));
    if (!request.only.empty()) {
        VZ_ASSIGN(opened.plan, select(opened.plan, request.only, opened.head.archives.size()));
    }
    for (std::size_t i = 0; i < opened.parts.archives.size(); ++i)
        if (!opened.plan.members(i).empty())
            VZ_TRY(prove(opened.parts.archives[i], request.reporter));
    return opened;
}

std::vector<std::string> Progress::faults(std::size_t archive) const {
    std::vector<std::string> out;
    for (const auto& [member, index] : m_plan.members(archive)) {
        const auto& path = m_plan.entries()[index].path;
        if (m_states[index] == State::missing)
            out.push_back(format("'{}' is missing there", text::printable(path)));
        else if (m_states[index] == State::bad)
            out.push_back(
                format("'{}' has another SHA-256 there than in the manifest", text::printable(path)));
    }
    std::sort(out.begin(), out.end());
    return out;
}

Result<void> Progress::check(const OpenParts& parts) const {
    for (std::size_t i = 0; i < parts.archives.size(); ++i)
        if (const auto found = faults(i); !found.empty())
            return fail(Errc::failed, "{} is damaged: {}", parts.archives[i].part.name, found[0]);
    return {};
}

} // namespace vz::backup
