// SPDX-License-Identifier: GPL-2.0-or-later
// What differs between two backups, or between a backup and its container now.
#include "verbs.hpp"

#include "vz/base/base64.hpp"
#include "vz/base/json.hpp"
#include "vz/base/text.hpp"
#include "vz/ops/backup_diff.hpp"

#include <ostream>

namespace vz::vzbackup {

namespace {

using backup::Difference;

constexpr int k_same = 0;
constexpr int k_different = 1;

std::string how_of(const Difference& difference, std::string_view otherwise) {
    std::string out;
    for (const auto word : difference.how)
        out.append(out.empty() ? "" : ",").append(word);
    return out.empty() ? std::string(otherwise) : out;
}

std::string absolute(const std::string& path) {
    return path == "." ? "/" : "/" + path;
}

Json json_of(const Difference& difference) {
    Json out;
    out.set("change", kind_name(difference.kind));
    const auto path = absolute(difference.path);
    if (text::printable(path) == path)
        out.set("path", path);
    else
        out.set("path64", to_base64(path));
    Json how = Json::Array();
    for (const auto word : difference.how)
        how.push(Json(word));
    out.set("how", std::move(how));
    out.set("type", type_name(difference.type));
    return out;
}

void print(const Call& call, const Difference& difference) {
    if (call.given.has("json")) {
        call.io.out << json_of(difference).dump() << '\n';
        return;
    }
    const bool nul = call.given.has("null");
    const auto path = absolute(difference.path);
    call.io.out << kind_name(difference.kind) << ' ' << how_of(difference, "-") << ' '
                << (nul ? path : text::printable(path)) << (nul ? '\0' : '\n');
}

// As for diff(1), 1 is no failure here.
int trouble(const Call& call, const Error& error) {
    const int status = cli::report(k_tool, error, call.io.err);
    return status == k_different ? exit_code(Errc::system) : status;
}

} // namespace

int diff(const Call& call) {
    if (call.words.size() > 2)
        return cli::report_usage(k_tool, fail(Errc::usage, "diff: one backup or two"), call.io.err);
    std::vector<std::string> ids;
    for (const auto& word : call.words) {
        auto id = call.depot.resolve(word);
        if (!id)
            return trouble(call, id.error());
        ids.push_back(*std::move(id));
    }
    const auto engine = ops::make_engine(call.host);
    const ops::Context context{call.host, *engine, call.out};
    const auto found = ids.size() == 2 ? ops::diff_backups(context, call.depot, ids[0], ids[1])
                                       : ops::diff_with_now(context, call.depot, ids[0]);
    if (!found)
        return trouble(call, found.error());
    for (const auto& difference : *found)
        print(call, difference);
    return found->empty() ? k_same : k_different;
}

} // namespace vz::vzbackup
