// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/templates/manifest.hpp"

#include "vz/base/digest_text.hpp"
#include "vz/base/text.hpp"
#include "vz/base/units.hpp"
#include "vz/templates/name.hpp"

namespace vz::templates {

namespace {

constexpr std::uint64_t k_format = 1;
constexpr std::size_t k_max_items = 200'000;
constexpr std::size_t k_max_text = 4096;

Error unsound(std::string_view what) {
    return fail(Errc::bad_template, "manifest: {}", what);
}

Result<std::string> plain(const Json& value, std::string_view key) {
    const auto* text = value.as_string();
    if (!text || text->size() > k_max_text || text::has_control(*text))
        return unsound(format("'{}' is not a plain text", key));
    return *text;
}

Result<std::string> member(const Json& object, std::string_view key) {
    const auto* value = object.find(key);
    return value ? plain(*value, key) : Result<std::string>(std::string());
}

Result<const Json::Array*> array(const Json& object, std::string_view key) {
    static const Json::Array none;
    const auto* value = object.find(key);
    if (!value)
        return &none;
    const auto* items = value->as_array();
    if (!items || items->size() > k_max_items)
        return unsound(format("'{}' is not a list of bearable length", key));
    return items;
}

Result<Package> parse_package(const Json& item) {
    Package package;
    VZ_ASSIGN(package.name, member(item, "name"));
    VZ_ASSIGN(package.version, member(item, "version"));
    VZ_ASSIGN(package.architecture, member(item, "architecture"));
    if (package.name.empty() || package.version.empty())
        return unsound("a package without name or version");
    return package;
}

Result<void> check_identity(const Manifest& manifest) {
    if (!is_template_name(manifest.name))
        return unsound("bad template name");
    if (name_of_archive(manifest.archive) != manifest.name)
        return unsound("the archive does not belong to the name");
    if (!text::is_sha256(manifest.sha256))
        return unsound("bad sha256");
    return {};
}

} // namespace

Json to_json(const Manifest& manifest) {
    Json out;
    out.set("format", k_format);
    out.set("name", manifest.name);
    out.set("archive", manifest.archive);
    out.set("sha256", manifest.sha256);
    out.set("size", manifest.size);
    out.set("origin", manifest.origin);
    out.set("distribution", manifest.distribution);
    out.set("suite", manifest.suite);
    out.set("architecture", manifest.architecture);
    out.set("recipe_sha256", manifest.recipe_sha256);
    out.set("source_date_epoch", manifest.date);
    out.set("date", units::rfc3339(manifest.date));
    out.set("tool", manifest.tool);
    out.set("sources", Json::strings(manifest.sources));
    Json::Array packages;
    for (const auto& package : manifest.packages)
        packages.emplace_back(Json::Object{
            {"name", package.name}, {"version", package.version}, {"architecture", package.architecture}});
    out.set("packages", std::move(packages));
    return out;
}

std::string manifest_text(const Manifest& manifest) {
    return to_json(manifest).dump(1) + "\n";
}

Result<Manifest> parse_manifest(std::string_view text) {
    auto json = Json::parse(text);
    if (!json)
        return unsound(json.error().what);
    if (!json->as_object() || !json->find("format") || json->find("format")->as_uint() != k_format)
        return unsound("not a manifest of a known format");
    Manifest out;
    VZ_ASSIGN(out.name, member(*json, "name"));
    VZ_ASSIGN(out.archive, member(*json, "archive"));
    VZ_ASSIGN(out.sha256, member(*json, "sha256"));
    VZ_ASSIGN(out.origin, member(*json, "origin"));
    VZ_ASSIGN(out.distribution, member(*json, "distribution"));
    VZ_ASSIGN(out.suite, member(*json, "suite"));
    VZ_ASSIGN(out.architecture, member(*json, "architecture"));
    VZ_ASSIGN(out.recipe_sha256, member(*json, "recipe_sha256"));
    VZ_ASSIGN(out.tool, member(*json, "tool"));
    const auto* size = json->find("size");
    if (!size || !size->is_number())
        return unsound("no size");
    out.size = size->as_uint();
    const auto* date = json->find("source_date_epoch");
    out.date = date ? static_cast<std::int64_t>(date->as_uint()) : 0;
    VZ_ASSIGN(const auto* sources, array(*json, "sources"));
    for (const auto& item : *sources) {
        VZ_ASSIGN(auto source, plain(item, "sources"));
        out.sources.push_back(std::move(source));
    }
    VZ_ASSIGN(const auto* packages, array(*json, "packages"));
    for (const auto& item : *packages) {
        VZ_ASSIGN(auto package, parse_package(item));
        out.packages.push_back(std::move(package));
    }
    VZ_TRY(check_identity(out));
    return out;
}

} // namespace vz::templates
