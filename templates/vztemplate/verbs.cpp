// SPDX-License-Identifier: GPL-2.0-or-later
// Verbs that change something.
#include "verbs.hpp"

#include "vz/base/text.hpp"
#include "vz/base/units.hpp"
#include "vz/config/registry.hpp"
#include "vz/templates/build.hpp"
#include "vz/templates/fetch.hpp"
#include "vz/templates/sources.hpp"

#include <cstdlib>
#include <functional>
#include <ostream>

namespace vztemplate {

using namespace vz;

namespace {

using Work = std::function<Result<void>(const std::string& name)>;

// Goes on after a failure; prints the names that succeeded. One name: its own exit code, else 3 for "some
// failed".
int for_each(const Call& call, const std::vector<std::string>& names, const Work& work) {
    int status = 0;
    for (const auto& name : names) {
        const auto done = work(name);
        if (done)
            call.io.out << name << '\n' << std::flush;
        else
            status = cli::report(k_tool, done.error(), call.io.err);
    }
    return status == 0 || names.size() == 1 ? status : exit_code(Errc::system);
}

std::optional<std::int64_t> date_from_environment() {
    const char* text = std::getenv("SOURCE_DATE_EPOCH");
    const auto date = text::to_uint(text ? text : "");
    return date && *date < (std::uint64_t{1} << 40) ? std::optional(static_cast<std::int64_t>(*date))
                                                    : std::nullopt;
}

Result<std::vector<templates::Source>> sources_for(const Call& call, const templates::Recipe& recipe) {
    const auto keyring = call.options.value("keyring").value_or("");
    if (const auto mirror = call.options.value("mirror")) {
        if (text::words(*mirror).size() != 1 || text::has_control(*mirror) ||
            mirror->find("://") == std::string::npos)
            return fail(Errc::usage, "not the address of a mirror: {}", text::printable(*mirror));
        templates::Source source;
        source.uris = {*mirror};
        source.suites = {recipe.suite};
        source.components = recipe.components;
        source.signed_by = keyring.empty() ? "/usr/share/keyrings/debian-archive-keyring.gpg" : keyring;
        return std::vector{source};
    }
    // The packages come from where this machine's do, not from below a relocated root.
    VZ_ASSIGN(const auto host, templates::read_host_sources(""));
    VZ_ASSIGN(auto sources, templates::derive_sources(host, recipe.suite, recipe.components));
    for (auto& source : sources)
        if (!keyring.empty())
            source.signed_by = keyring;
    return sources;
}

Result<void> build_one(const Call& call, const std::string& name) {
    VZ_ASSIGN(const auto recipe, call.recipes.load(name));
    const auto existing = call.store.find(name);
    if (existing && !call.options.has("force")) {
        call.reporter.info(
            templates::is_current(*existing, recipe)
                ? format("{} is here already; --force builds it anew", name)
                : format("{} is here already, but not made of this recipe; --force builds it anew", name));
        VZ_TRY(call.store.ensure_tree(*existing, call.reporter));
        return {};
    }
    VZ_ASSIGN(const auto sources, sources_for(call, recipe));
    const auto from = call.options.has("no-updates") ? templates::only_suite(recipe.suite, sources) : sources;
    VZ_ASSIGN(const auto made,
              templates::build(call.store, {recipe, from, date_from_environment(), sources}, call.reporter));
    VZ_TRY(call.store.prune(name, [&] { return trees_in_use(call.host); }));
    call.reporter.info(format("{}: {} packages of {}, sha256 {}", name, made.manifest->packages.size(),
                              units::rfc3339(made.manifest->date).substr(0, 10), made.sha256));
    return {};
}

Result<std::vector<std::string>> keyrings(const Call& call) {
    const auto given = call.options.values("keyring");
    if (!given.empty())
        return given;
    return templates::keyrings_in(call.host.paths.prefix + "/etc/vz/keyrings");
}

int print_made(const Call& call, const Result<templates::Template>& made) {
    if (!made)
        return cli::report(k_tool, made.error(), call.io.err);
    call.io.out << made->name << '\n';
    const auto pruned = call.store.prune(made->name, [&] { return trees_in_use(call.host); });
    return pruned ? 0 : cli::report(k_tool, pruned.error(), call.io.err);
}

int needs_one(const Call& call) {
    return cli::report_usage(k_tool, fail(Errc::usage, "one operand at a time, got {}", call.names.size()),
                             call.io.err);
}

} // namespace

Result<std::vector<std::string>> trees_in_use(const config::Host& host) {
    std::vector<std::string> out;
    VZ_ASSIGN(const auto ctids, config::list_ctids(host.paths));
    for (const auto ctid : ctids) {
        VZ_ASSIGN(const auto container, config::load_container(host, ctid));
        if (auto id = container.template_id(); !id.empty())
            out.push_back(std::move(id));
    }
    return out;
}

int build(const Call& call) {
    auto names = call.names;
    if (call.options.has("all")) {
        const auto all = call.recipes.names();
        if (!all)
            return cli::report(k_tool, all.error(), call.io.err);
        names = *all;
    }
    if (names.empty())
        return cli::report_usage(k_tool, fail(Errc::usage, "build needs a name or --all"), call.io.err);
    return for_each(call, names, [&](const std::string& name) { return build_one(call, name); });
}

int verify(const Call& call) {
    return for_each(call, call.names,
                    [&](const std::string& name) { return call.store.verify(name, call.reporter); });
}

int remove(const Call& call) {
    const auto dry_run = call.options.has("dry-run") ? templates::DryRun::yes : templates::DryRun::no;
    return for_each(call, call.names, [&](const std::string& name) -> Result<void> {
        VZ_ASSIGN(const auto paths, call.store.remove(
                                        name, [&] { return trees_in_use(call.host); }, dry_run));
        for (const auto& path : paths)
            call.reporter.info((dry_run == templates::DryRun::yes ? "would remove " : "removed ") + path);
        return {};
    });
}

int import(const Call& call) {
    if (call.names.size() != 1)
        return needs_one(call);
    return print_made(
        call, call.store.import(call.names[0], call.options.value("name").value_or(""), call.reporter));
}

int fetch(const Call& call) {
    if (call.names.size() != 1)
        return needs_one(call);
    auto keys = keyrings(call);
    if (!keys)
        return cli::report(k_tool, keys.error(), call.io.err);
    templates::FetchRequest request;
    request.url = call.names[0];
    request.name = call.options.value("name").value_or("");
    request.sha256 = call.options.value("sha256").value_or("");
    request.signature =
        call.options.has("no-signature") ? templates::Signature::none : templates::Signature::required;
    request.keyrings = *std::move(keys);
    return print_made(call, templates::fetch(call.store, request, call.reporter));
}

} // namespace vztemplate
