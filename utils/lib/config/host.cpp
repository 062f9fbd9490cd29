// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/config/host.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <cstdlib>

namespace vz::config {

namespace {

void replace_all(std::string& s, std::string_view from, const std::string& to) {
    for (auto at = s.find(from); at != std::string::npos; at = s.find(from, at + to.size()))
        s.replace(at, from.size(), to);
}

} // namespace

HostPaths HostPaths::from_environment() {
    const char* root = ::secure_getenv("VZ_SYSROOT");
    std::string prefix = root ? root : "";
    while (!prefix.empty() && prefix.back() == '/')
        prefix.pop_back();
    return HostPaths{prefix};
}

Result<Host> Host::load(HostPaths paths) {
    VZ_ASSIGN(const auto content, sys::read_file(paths.global_conf()).as(Errc::bad_config));
    if (!content)
        return fail(Errc::no_global_config,
                    "Global configuration file {} not found; the package vz-utils installs it",
                    paths.global_conf());
    VZ_ASSIGN(auto conf, ConfFile::parse(*content).context(paths.global_conf()));
    return Host{std::move(paths), std::move(conf)};
}

std::string Host::get(std::string_view key, std::string_view otherwise) const {
    return conf.get(key).value_or(std::string(otherwise));
}

// Paths of vz.conf are absolute; the prefix of a relocated root goes before them too.
std::string Host::lock_dir() const {
    return paths.prefix + get("LOCKDIR", "/var/lib/vz/lock");
}
std::string Host::template_dir() const {
    return paths.prefix + get("TEMPLATE", "/var/lib/vz/template");
}
std::string Host::dump_dir() const {
    return paths.prefix + get("DUMPDIR", "/var/lib/vz/dump");
}
std::string Host::log_file() const {
    if (get("LOGGING", "yes") == "no")
        return "";
    return paths.prefix + get("LOGFILE", "/var/log/vzctl.log");
}

std::string Host::ve_root(Ctid ctid) const {
    return paths.prefix + expand_veid(get("VE_ROOT", "/var/lib/vz/root/$VEID"), ctid);
}

std::string Host::ve_private(Ctid ctid) const {
    return paths.prefix + expand_veid(get("VE_PRIVATE", "/var/lib/vz/private/$VEID"), ctid);
}

std::string expand_veid(std::string_view s, Ctid ctid) {
    std::string out(s);
    replace_all(out, "${VEID}", ctid.text());
    replace_all(out, "$VEID", ctid.text());
    return out;
}

} // namespace vz::config
