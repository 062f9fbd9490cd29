// SPDX-License-Identifier: GPL-2.0-or-later
#include "checkpoint_files.hpp"

#include "vz/base/json.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"

#include <filesystem>
#include <unistd.h>

namespace vz::ops {

namespace {

constexpr const char* k_record = "/dump.json";

std::string work_path(const config::HostPaths& paths, config::Ctid ctid) {
    return paths.ct_run_dir(ctid) + "/checkpoint.json";
}

std::string held_path(const config::HostPaths& paths, config::Ctid ctid) {
    return paths.ct_run_dir(ctid) + "/held";
}

bool is_true(const Json& json, std::string_view key) {
    const auto* value = json.find(key);
    const bool* flag = value ? value->as_bool() : nullptr;
    return flag && *flag;
}

} // namespace

Result<void> save_dump_record(const std::string& folder, const DumpRecord& record) {
    Json json;
    json.set("format", 1);
    json.set("ctid", record.ctid);
    json.set("uuid", record.uuid);
    json.set("group", record.group);
    json.set("conf", record.conf);
    return sys::write_file_atomic(folder + k_record, json.dump(2) + "\n", 0600);
}

Result<DumpRecord> load_dump_record(const std::string& folder) {
    VZ_ASSIGN(const auto content, sys::read_file(folder + k_record).as(Errc::restore));
    if (!content)
        return fail(Errc::restore, "there is no dump in {}", folder);
    VZ_ASSIGN(const auto json, Json::parse(*content).as(Errc::restore));
    const auto* number = json.find("ctid");
    const auto* kind = json.find("format");
    DumpRecord record{number ? static_cast<std::uint32_t>(number->as_uint()) : 0, json.string_or("uuid"),
                      json.string_or("group"), json.string_or("conf")};
    if (!kind || kind->as_uint() != 1 || record.group.empty())
        return fail(Errc::restore, "{} is not a dump that this version knows", folder);
    return record;
}

void remove_folder(const std::string& path) {
    const std::filesystem::path whole(path);
    if (const auto dir = sys::Dir::open(whole.parent_path()))
        (void)dir->remove_tree(whole.filename().string());
}

std::string unfinished(const std::string& dump) {
    return dump + ".new";
}

Result<void> save_work(const config::HostPaths& paths, config::Ctid ctid, const CheckpointWork& work) {
    Json json;
    json.set("word", work.word);
    json.set("dump", work.dump);
    json.set("group", work.group);
    json.set("final", work.final);
    json.set("same_conf", work.same_conf);
    VZ_TRY(sys::make_dirs(paths.ct_run_dir(ctid)));
    return sys::write_file_atomic(work_path(paths, ctid), json.dump() + "\n");
}

std::optional<CheckpointWork> load_work(const config::HostPaths& paths, config::Ctid ctid) {
    const auto content = sys::read_file(work_path(paths, ctid));
    const auto json = content && *content ? Json::parse(**content) : Result<Json>(Json());
    if (!json || json->string_or("dump").empty())
        return std::nullopt;
    return CheckpointWork{json->string_or("word"), json->string_or("dump"), json->string_or("group"),
                          is_true(*json, "final"), is_true(*json, "same_conf")};
}

void forget_work(const config::HostPaths& paths, config::Ctid ctid) {
    ::unlink(work_path(paths, ctid).c_str());
}

void set_held(const config::HostPaths& paths, config::Ctid ctid, bool on) {
    const auto path = held_path(paths, ctid);
    if (!on) {
        ::unlink(path.c_str());
        return;
    }
    (void)sys::make_dirs(paths.ct_run_dir(ctid));
    (void)sys::write_file_atomic(path, "");
}

bool is_held(const config::HostPaths& paths, config::Ctid ctid) {
    return sys::exists(held_path(paths, ctid));
}

} // namespace vz::ops
