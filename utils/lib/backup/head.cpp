// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/head.hpp"

#include "vz/archive/digest.hpp"
#include "vz/backup/depot.hpp"
#include "vz/base/digest_text.hpp"
#include "vz/base/text.hpp"
#include "vz/base/time_text.hpp"

#include <algorithm>
#include <array>

namespace vz::backup {

namespace {

constexpr std::string_view k_format = "vzbackup";
constexpr std::uint64_t k_version = 1; // a reader refuses what is newer than itself
constexpr const char* k_checksum = "checksum";

constexpr std::array<std::pair<Mode, std::string_view>, 4> k_modes{{{Mode::stop, "stop"},
                                                                    {Mode::suspend, "suspend"},
                                                                    {Mode::snapshot, "snapshot"},
                                                                    {Mode::checkpoint, "checkpoint"}}};

Json part_json(const Part& part) {
    return Json::Object{{"name", part.name}, {"size", part.size}, {"sha256", part.sha256}};
}

Error damaged(std::string_view what) {
    return fail(Errc::failed, "not a whole head of a backup: {}", what);
}

bool is_sound_name(std::string_view name) {
    return !name.empty() && name.front() != '.' && name.size() < 250 &&
           name.find('/') == std::string_view::npos && !text::has_control(name);
}

Result<Part> parse_part(const Json* json) {
    if (json == nullptr)
        return damaged("a part is missing");
    Part part{json->string_or("name"), 0, json->string_or("sha256")};
    if (const auto* size = json->find("size"))
        part.size = size->as_uint();
    if (!is_sound_name(part.name) || !text::is_sha256(part.sha256))
        return damaged("a part without a sound name and digest");
    return part;
}

std::uint64_t number_of(const Json& json, std::string_view key) {
    const auto* value = json.find(key);
    return value ? value->as_uint() : 0;
}

// What is text in the head, in its order there.
template<class H>
std::array<std::pair<const char*, decltype(&std::declval<H&>().id)>, 8> texts_of(H& head) {
    return {{{"id", &head.id},
             {"uuid", &head.uuid},
             {"name", &head.name},
             {"hostname", &head.hostname},
             {"layout", &head.layout},
             {"base", &head.base},
             {"tool", &head.tool},
             {"conf", &head.conf}}};
}

template<class H>
std::array<std::pair<const char*, decltype(&std::declval<H&>().bytes)>, 4> numbers_of(H& head) {
    return {{{"entries", &head.entries},
             {"bytes", &head.bytes},
             {"bytes_read", &head.bytes_read},
             {"frozen_ms", &head.frozen_ms}}};
}

Result<std::optional<OnTemplate>> parse_template(const Json* json) {
    if (json == nullptr)
        return std::optional<OnTemplate>();
    VZ_ASSIGN(auto archive, parse_part(json->find("archive")));
    OnTemplate out{json->string_or("tree_id"), std::move(archive)};
    if (!is_sound_name(out.tree_id))
        return damaged("a template without a sound name");
    return std::optional(std::move(out));
}

Result<void> parse_parts(const Json& json, Head& head) {
    VZ_ASSIGN(head.manifest, parse_part(json.find("manifest")));
    const auto* archives = json.find("archives");
    if (archives == nullptr || archives->as_array() == nullptr)
        return damaged("no archives");
    for (const auto& archive : *archives->as_array()) {
        VZ_ASSIGN(auto part, parse_part(&archive));
        head.archives.push_back(std::move(part));
    }
    VZ_ASSIGN(head.on_template, parse_template(json.find("template")));
    return {};
}

Result<void> parse_identity(const Json& json, Head& head) {
    const auto mode = parse_mode(json.string_or("mode"));
    const auto name = parse_backup_id(head.id);
    head.ctid = static_cast<std::uint32_t>(number_of(json, "ctid"));
    if (!mode || !name || name->ctid != head.ctid)
        return damaged("id, CTID or mode");
    head.mode = *mode;
    head.time = name->time;
    head.links = static_cast<std::uint32_t>(std::min<std::uint64_t>(number_of(json, "links"), UINT32_MAX));
    const auto* running = json.find("was_running");
    head.was_running = running != nullptr && running->as_bool() != nullptr && *running->as_bool();
    return {};
}

void parse_scripts(const Json& json, Head& head) {
    const auto* scripts = json.find("scripts");
    if (scripts == nullptr || scripts->as_object() == nullptr)
        return;
    for (const auto& [action, text] : *scripts->as_object())
        if (text.as_string() != nullptr)
            head.scripts.emplace(action, *text.as_string());
}

std::string checksum_of(const Json& json) {
    return archive::sha256_of(json.dump());
}

} // namespace

bool is_own(const Head& head, const Part& part) {
    return part.name.compare(0, head.id.size() + 1, head.id + ".") == 0;
}

std::uint64_t stored_size(const Head& head) {
    auto size = head.manifest.size;
    for (const auto& archive : head.archives)
        size += is_own(head, archive) ? archive.size : 0;
    return size;
}

std::string_view mode_name(Mode mode) {
    return k_modes[static_cast<std::size_t>(mode)].second;
}

std::optional<Mode> parse_mode(std::string_view word) {
    for (const auto& [mode, name] : k_modes)
        if (name == word)
            return mode;
    return std::nullopt;
}

Json to_json(const Head& head) {
    Json json;
    json.set("format", k_format);
    json.set("version", k_version);
    for (const auto& [key, value] : texts_of(head))
        json.set(key, *value);
    json.set("ctid", head.ctid);
    json.set("time", text::utc_time(head.time));
    json.set("mode", mode_name(head.mode));
    json.set("was_running", head.was_running);
    json.set("links", head.links);
    for (const auto& [key, value] : numbers_of(head))
        json.set(key, *value);
    Json scripts = Json::Object();
    for (const auto& [action, text] : head.scripts)
        scripts.set(action, text);
    json.set("scripts", std::move(scripts));
    if (head.on_template)
        json.set("template", Json::Object{{"tree_id", head.on_template->tree_id},
                                          {"archive", part_json(head.on_template->archive)}});
    Json archives = Json::Array();
    for (const auto& part : head.archives)
        archives.push(part_json(part));
    json.set("archives", std::move(archives));
    json.set("manifest", part_json(head.manifest));
    return json;
}

std::string head_text(const Head& head) {
    auto json = to_json(head);
    json.set(k_checksum, checksum_of(json));
    return json.dump(2) + "\n";
}

Result<Head> parse_head(std::string_view text) {
    auto parsed = Json::parse(text);
    if (!parsed)
        return damaged(parsed.error().what);
    if (parsed->string_or("format") != k_format)
        return damaged("it is something else");
    if (number_of(*parsed, "version") > k_version)
        return fail(Errc::failed, "the backup was made by a newer version ({}): update vz-utils",
                    parsed->string_or("tool", "unknown"));
    Head head;
    for (const auto& [key, value] : texts_of(head))
        *value = parsed->string_or(key);
    for (const auto& [key, value] : numbers_of(head))
        *value = number_of(*parsed, key);
    VZ_TRY(parse_identity(*parsed, head));
    VZ_TRY(parse_parts(*parsed, head));
    parse_scripts(*parsed, head);
    // Byte by byte what would be written of it: so not one bit of the file can be another.
    if (head_text(head) != text)
        return damaged("its checksum is wrong");
    return head;
}

} // namespace vz::backup
