// SPDX-License-Identifier: GPL-2.0-or-later
#include "counted_fields.hpp"

#include "configured.hpp"
#include "vz/base/units.hpp"

namespace vz::vzlist {

namespace {

using cli::Align;
using ops::Listed;

using Count = std::optional<std::uint64_t> (*)(const ops::Runtime&, const ops::Resource&);

std::optional<std::uint64_t> count_of(const Listed& listed, const ops::Resource& resource, Count count) {
    return listed.runtime ? count(*listed.runtime, resource) : std::nullopt;
}

// Clients count on numbers: what is not counted is 0, what is not limited the largest number.
Json resource_json(const Listed& listed, const ops::Resource& resource) {
    const auto counted = [&](Count count) { return count_of(listed, resource, count).value_or(0); };
    const auto limit = limit_of(listed, resource).value_or(config::Limit{units::unlimited, units::unlimited});
    return Json::Object{{"held", counted(ops::held)},
                        {"maxheld", counted(ops::max_held)},
                        {"barrier", limit.barrier},
                        {"limit", limit.limit},
                        {"failcnt", counted(ops::failures)}};
}

void add_resource(std::vector<Field>& out, const char* name, const std::string& header) {
    const auto& resource = resource_named(name);
    const auto add = [&](const std::string& suffix, const std::string& tail, auto value) {
        out.push_back({{name + suffix, header + tail, 10, Align::right, ""}, value, {}, {}, !suffix.empty()});
    };
    add("", "", [&resource](const Listed& l) { return value_of(count_of(l, resource, ops::held)); });
    out.back().json = [&resource](const Listed& l) { return resource_json(l, resource); };
    add(".m", ".M", [&resource](const Listed& l) { return value_of(count_of(l, resource, ops::max_held)); });
    add(".b", ".B", [&resource](const Listed& l) {
        const auto limit = limit_of(l, resource);
        return limit ? Value(limit->barrier) : Value();
    });
    add(".l", ".L", [&resource](const Listed& l) {
        const auto limit = limit_of(l, resource);
        return limit ? Value(limit->limit) : Value();
    });
    add(".f", ".F", [&resource](const Listed& l) { return value_of(count_of(l, resource, ops::failures)); });
}

} // namespace

// Usage would need a walk through the container's files: `vzdf --walk` does that.
void add_disk(std::vector<Field>& out, const std::string& name, const std::string& header,
              std::string_view key, std::uint64_t unit) {
    const auto limit = [key, unit](const Listed& listed) -> std::optional<config::Limit> {
        const auto text = configured(listed, key);
        const auto parsed = config::parse_limit(text, unit, unit);
        return text.empty() || !parsed ? std::nullopt : std::optional(*parsed);
    };
    out.push_back({{name, header, 10, Align::right, ""},
                   [](const Listed&) { return Value(); },
                   [limit](const Listed& listed) {
                       const auto l = limit(listed);
                       return l ? Json(Json::Object{
                                      {"usage", Json()}, {"softlimit", l->barrier}, {"hardlimit", l->limit}})
                                : Json();
                   },
                   {}});
    const auto part = [&](const char* suffix, const char* tail, std::uint64_t config::Limit::*member) {
        out.push_back({{name + suffix, header + tail, 10, Align::right, ""},
                       [limit, member](const Listed& listed) {
                           const auto l = limit(listed);
                           return l ? Value((*l).*member) : Value();
                       },
                       {},
                       {},
                       true});
    };
    part(".s", ".S", &config::Limit::barrier);
    part(".h", ".H", &config::Limit::limit);
}

void add_resources(std::vector<Field>& out) {
    const std::pair<const char*, const char*> headers[] = {
        {"kmemsize", "KMEMSIZE"},   {"lockedpages", "LOCKEDP"},   {"privvmpages", "PRIVVMP"},
        {"shmpages", "SHMP"},       {"numproc", "NPROC"},         {"physpages", "PHYSP"},
        {"vmguarpages", "VMGUARP"}, {"oomguarpages", "OOMGUARP"}, {"numtcpsock", "NTCPSOCK"},
        {"numflock", "NFLOCK"},     {"numpty", "NPTY"},           {"numsiginfo", "NSIGINFO"},
        {"tcpsndbuf", "TCPSNDB"},   {"tcprcvbuf", "TCPRCVB"},     {"othersockbuf", "OTHSOCKB"},
        {"dgramrcvbuf", "DGRAMRB"}, {"numothersock", "NOTHSOCK"}, {"dcachesize", "DCACHESZ"},
        {"numfile", "NFILE"},       {"numiptent", "NIPTENT"},     {"swappages", "SWAPP"},
    };
    for (const auto& [name, header] : headers)
        add_resource(out, name, header);
}

} // namespace vz::vzlist
