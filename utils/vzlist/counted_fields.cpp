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

// A limit of the files: "soft:hard" of NUM.conf.
struct DiskLimit {
    const char* name;
    const char* header;
    const char* key;
    std::uint64_t unit;
    std::optional<std::uint64_t> (*held)(const config::Container&);
};

std::optional<config::Limit> disk_limit_of(const Listed& listed, const DiskLimit& disk) {
    const auto text = configured(listed, disk.key);
    const auto limit = config::parse_limit(text, disk.unit, disk.unit);
    return text.empty() || !limit ? std::nullopt : std::optional(*limit);
}

// Asked from the file system, so only for who shows it; what has begun counts as a unit.
std::optional<std::uint64_t> disk_held(const Listed& listed, const DiskLimit& disk) {
    const auto amount = listed.conf ? disk.held(*listed.conf) : std::nullopt;
    return amount ? std::optional(*amount / disk.unit + (*amount % disk.unit != 0 ? 1 : 0)) : std::nullopt;
}

Json disk_json(const Listed& listed, const DiskLimit& disk) {
    const auto usage = disk_held(listed, disk);
    const auto limit = disk_limit_of(listed, disk);
    if (!usage && !limit)
        return {};
    return Json::Object{{"usage", usage ? Json(*usage) : Json()},
                        {"softlimit", limit ? limit->barrier : units::unlimited},
                        {"hardlimit", limit ? limit->limit : units::unlimited}};
}

void add_disk(std::vector<Field>& out, const DiskLimit& disk) {
    const auto add = [&](const char* suffix, const char* tail, auto value) {
        out.push_back(
            {{format("{}{}", disk.name, suffix), format("{}{}", disk.header, tail), 10, Align::right, ""},
             value,
             {},
             {},
             *suffix != '\0'});
    };
    const auto part = [disk](std::uint64_t config::Limit::*member) {
        return [disk, member](const Listed& listed) {
            const auto limit = disk_limit_of(listed, disk);
            return limit ? Value((*limit).*member) : Value();
        };
    };
    add("", "", [disk](const Listed& listed) { return value_of(disk_held(listed, disk)); });
    out.back().json = [disk](const Listed& listed) { return disk_json(listed, disk); };
    add(".s", ".S", part(&config::Limit::barrier));
    add(".h", ".H", part(&config::Limit::limit));
}

} // namespace

void add_disk(std::vector<Field>& out) {
    constexpr std::uint64_t k_kilobyte = 1024; // what bare numbers of DISKSPACE count
    add_disk(out, {"diskspace", "DSPACE", "DISKSPACE", k_kilobyte, ops::disk_bytes_held});
    add_disk(out, {"diskinodes", "DINODES", "DISKINODES", 1, ops::inodes_held});
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
