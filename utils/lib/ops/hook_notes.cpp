// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/hook_notes.hpp"

#include "vz/base/json.hpp"
#include "vz/sys/file.hpp"

#include <unistd.h>

namespace vz::ops {

namespace {

std::string notes_path(const config::HostPaths& paths, config::Ctid ctid) {
    return paths.ct_run_dir(ctid) + "/start-notes.json";
}

} // namespace

void keep_hook_notes(const config::HostPaths& paths, config::Ctid ctid, const HookNotes& notes) {
    const auto path = notes_path(paths, ctid);
    if (!notes.error && notes.warnings.empty()) {
        ::unlink(path.c_str());
        return;
    }
    Json json;
    json.set("warnings", Json::strings(notes.warnings));
    if (notes.error) {
        json.set("code", exit_code(notes.error->code));
        json.set("what", notes.error->what);
    }
    (void)sys::write_file_atomic(path, json.dump());
}

HookNotes take_hook_notes(const config::HostPaths& paths, config::Ctid ctid) {
    const auto path = notes_path(paths, ctid);
    const auto content = sys::read_file(path);
    ::unlink(path.c_str());
    HookNotes notes;
    const auto json = content && *content ? Json::parse(**content) : Result<Json>(Json());
    if (!json)
        return notes;
    if (const auto* code = json->find("code"))
        notes.error = Error{static_cast<Errc>(code->as_uint()), 0, json->string_or("what")};
    if (const auto* warnings = json->find("warnings"); warnings && warnings->as_array())
        for (const auto& warning : *warnings->as_array())
            if (warning.as_string())
                notes.warnings.push_back(*warning.as_string());
    return notes;
}

} // namespace vz::ops
