// SPDX-License-Identifier: GPL-2.0-or-later
// The small JSON file that makes a backup one: written last, it names all other parts with size and SHA-256.
// Pure.
#pragma once

#include "vz/base/json.hpp"
#include "vz/base/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::backup {

enum class Mode { stop, suspend, snapshot, checkpoint };
std::string_view mode_name(Mode mode);
std::optional<Mode> parse_mode(std::string_view word);

// A file beside the head.
struct Part {
    std::string name; // without folder
    std::uint64_t size = 0;
    std::string sha256;
    bool operator==(const Part&) const = default;
};

// The template that the backup's files lie on: without it they are not a whole system.
struct OnTemplate {
    std::string tree_id; // "NAME@DIGEST" (vz/templates/store.hpp)
    Part archive;
    bool operator==(const OnTemplate&) const = default;
};

struct Head {
    std::string id; // "vzbackup-CTID-YYYY_MM_DD-HH_MM_SS", in UTC
    std::uint32_t ctid = 0;
    std::string uuid; // VE_UUID: which container it is, whatever its CTID becomes
    std::string name;
    std::string hostname;
    std::int64_t time = 0; // seconds since 1970: its files are of this moment
    Mode mode = Mode::stop;
    bool was_running = false;
    std::string layout;         // the container's then
    std::string base;           // id of the backup whose archives it goes on; "": a full one
    std::uint32_t links = 0;    // how many backups lie between it and that full one
    std::vector<Part> archives; // those that hold content of it, oldest first; Entry::archive counts these
    Part manifest;
    std::optional<OnTemplate> on_template;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;                    // of all files' content
    std::uint64_t bytes_read = 0;               // of those that had changed
    std::uint64_t frozen_ms = 0;                // how long the container was held still
    std::string conf;                           // NUM.conf
    std::map<std::string, std::string> scripts; // "mount" -> text: its action scripts
    std::string tool;                           // "vzbackup 5.0.0"
    bool operator==(const Head&) const = default;
};

// What it takes that no earlier backup has: its own parts.
std::uint64_t stored_size(const Head& head);
bool is_own(const Head& head, const Part& part);

// Ends with a newline. The member "checksum" covers all the rest.
std::string head_text(const Head& head);

// Foreign text. Errc::failed for anything else than head_text() writes: a flipped bit, a wrong type, names of
// parts that lead elsewhere.
Result<Head> parse_head(std::string_view text);

Json to_json(const Head& head); // what head_text() writes, without the checksum

} // namespace vz::backup
