// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/list.hpp"

#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/mount.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace vz::ops {

namespace {

using Ids = std::set<config::Ctid>;

// Ids in the names of a folder's entries: "101" or, with a prefix, "Dump.101". No folder, no ids.
Ids ids_in(const std::string& folder, std::string_view prefix) {
    Ids ids;
    const auto dir = sys::Dir::open(folder);
    if (!dir)
        return ids;
    const auto names = dir->list();
    if (!names)
        return ids;
    for (const std::string_view name : *names)
        if (name.substr(0, prefix.size()) == prefix)
            if (const auto ctid = config::Ctid::parse(name.substr(prefix.size())))
                ids.insert(*ctid);
    return ids;
}

// What is asked of the host once, for all containers.
struct Survey {
    Ids configured;
    std::map<config::Ctid, Runtime> running;
    Ids dumped;
    std::unordered_set<std::string> mounted;
};

Result<Survey> take_survey(const config::Host& host, Show show) {
    Survey all;
    for (const auto ctid : ids_in(host.paths.run_dir() + "/ct", ""))
        if (auto runtime = load_runtime(host.paths, ctid))
            all.running.emplace(ctid, *std::move(runtime));
    if (show == Show::running)
        return all;
    VZ_ASSIGN(const auto ctids, config::list_ctids(host.paths));
    all.configured = Ids(ctids.begin(), ctids.end());
    all.dumped = ids_in(host.dump_dir(), "Dump.");
    auto points = sys::mount_points();
    all.mounted.insert(std::make_move_iterator(points.begin()), std::make_move_iterator(points.end()));
    return all;
}

Ids candidates(const Survey& survey) {
    Ids ids = survey.configured;
    for (const auto& [ctid, runtime] : survey.running)
        ids.insert(ctid);
    return ids;
}

Listed look_at(const config::Host& host, const Survey& survey, config::Ctid ctid, Reporter& out) {
    Listed listed{ctid, State::stopped, {}, {}, host.ve_root(ctid), host.ve_private(ctid)};
    if (auto container = config::load_container(host, ctid)) {
        listed.root = container->root();
        listed.private_area = container->private_area();
        listed.conf = *std::move(container);
    } else {
        out.warning(format("CT {}: {}", ctid.value(), container.error().what));
    }
    if (const auto found = survey.running.find(ctid); found != survey.running.end())
        listed.runtime = found->second;
    listed.state = state_of(listed.runtime.has_value(), survey.mounted.count(listed.root) > 0,
                            survey.dumped.count(ctid) > 0);
    return listed;
}

bool fits(const std::optional<std::string>& pattern, const Listed& listed, std::string_view key) {
    if (!pattern)
        return true;
    const auto value = listed.conf ? listed.conf->get(key) : std::nullopt;
    return value && text::matches_glob(*pattern, *value);
}

} // namespace

std::string_view state_word(State state) {
    switch (state) {
    case State::running:
        return "running";
    case State::mounted:
        return "mounted";
    case State::suspended:
        return "suspended";
    case State::stopped:
        break;
    }
    return "stopped";
}

State state_of(bool running, bool mounted, bool has_dump) {
    return running ? State::running : mounted ? State::mounted : has_dump ? State::suspended : State::stopped;
}

bool matches(const ListRequest& request, const Listed& listed) {
    if (request.show == Show::not_running && listed.state == State::running)
        return false;
    return fits(request.hostname, listed, "HOSTNAME") && fits(request.name, listed, "NAME") &&
           fits(request.description, listed, "DESCRIPTION");
}

Result<std::vector<config::Ctid>> list_containers(const config::Host& host, const ListRequest& request,
                                                  Reporter& out,
                                                  const std::function<void(const Listed&)>& visit) {
    VZ_ASSIGN(const auto survey, take_survey(host, request.show));
    const auto known = candidates(survey);
    const auto wanted = request.ids ? Ids(request.ids->begin(), request.ids->end()) : known;
    std::vector<config::Ctid> missing;
    for (const auto ctid : wanted) {
        if (known.count(ctid) == 0) {
            missing.push_back(ctid);
            continue;
        }
        if (request.show == Show::not_running && survey.running.count(ctid) > 0)
            continue;
        const auto listed = look_at(host, survey, ctid, out);
        if (matches(request, listed))
            visit(listed);
    }
    return missing;
}

} // namespace vz::ops
