// SPDX-License-Identifier: GPL-2.0-or-later
// Where things are on this host: fixed places of the design, and what vz.conf says.
#pragma once

#include "vz/base/result.hpp"
#include "vz/config/conf_file.hpp"
#include "vz/config/ctid.hpp"

#include <string>

namespace vz::config {

// All fixed paths, below a prefix that is "" in real life. Tests move everything with the environment
// variable VZ_SYSROOT (ignored when the program runs with raised privileges, secure_getenv(3)).
struct HostPaths {
    std::string prefix;

    static HostPaths from_environment();

    std::string global_conf() const { return prefix + "/etc/vz/vz.conf"; }
    std::string conf_dir() const { return prefix + "/etc/vz/conf"; }
    std::string names_dir() const { return prefix + "/etc/vz/names"; }
    std::string run_dir() const { return prefix + "/run/vz"; }
    std::string data_dir() const { return prefix + "/var/lib/vz"; }
    std::string log_dir() const { return prefix + "/var/log/vz"; }
    std::string subid_file(const char* kind) const { return prefix + "/etc/" + kind; } // "subuid", "subgid"

    std::string ct_conf(Ctid ctid) const { return format("{}/{}.conf", conf_dir(), ctid.value()); }
    std::string ct_script(Ctid ctid, std::string_view action) const {
        return format("{}/{}.{}", conf_dir(), ctid.value(), action);
    }
    std::string global_script(std::string_view action) const {
        return format("{}/vps.{}", conf_dir(), action);
    }
    std::string sample_conf(std::string_view name) const {
        return format("{}/ve-{}.conf-sample", conf_dir(), name);
    }
    std::string ct_run_dir(Ctid ctid) const { return format("{}/ct/{}", run_dir(), ctid.value()); }
    std::string lxc_dir() const { return run_dir() + "/lxc"; }
};

// Paths and the parsed vz.conf. Every CT key is allowed in vz.conf too, as the default for all containers.
struct Host {
    HostPaths paths;
    ConfFile conf;

    // Errc::no_global_config if vz.conf is missing.
    static Result<Host> load(HostPaths paths = HostPaths::from_environment());

    std::string get(std::string_view key, std::string_view otherwise = {}) const;
    std::string lock_dir() const;     // LOCKDIR, default /var/lib/vz/lock
    std::string template_dir() const; // TEMPLATE, default /var/lib/vz/template
    std::string dump_dir() const;     // DUMPDIR, default /var/lib/vz/dump
    std::string log_file() const;     // LOGFILE, default /var/log/vzctl.log; "": LOGGING=no
    std::string lock_file(Ctid ctid) const { return format("{}/{}.lck", lock_dir(), ctid.value()); }
    std::string ve_root(Ctid ctid) const; // default when NUM.conf has none; variables expanded
    std::string ve_private(Ctid ctid) const;
};

// "$VEID" and "${VEID}" replaced by the number.
std::string expand_veid(std::string_view text, Ctid ctid);

} // namespace vz::config
