// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/base/errc.hpp"

#include <array>

namespace vz {

namespace {

constexpr std::array k_table = std::to_array<ErrcInfo>({
    {Errc::ok, "success"},
    {Errc::failed, "failure; vzctl: limits could not be set"},
    {Errc::usage, "wrong usage (tools other than vzctl); vzctl: CPU time could not be limited or shared"},
    {Errc::system, "a system call failed; some of several containers failed (tools other than vzctl)"},
    {Errc::kernel_unsuitable, "the running kernel lacks something needed"},
    {Errc::no_resources, "not enough system resources"},
    {Errc::environment, "the container's environment could not be created"},
    {Errc::command_failed, "the command run by exec failed"},
    {Errc::locked, "the container is locked by another command"},
    {Errc::no_global_config, "global configuration file not found"},
    {Errc::no_script, "a script to run was not found"},
    {Errc::no_permission, "no permission"},
    {Errc::capability, "a capability could not be set"},
    {Errc::no_container_config, "container configuration file not found"},
    {Errc::checkpoint, "checkpoint failed"},
    {Errc::restore, "restore failed"},
    {Errc::bad_syntax, "wrong usage of vzctl"},
    {Errc::bad_value, "invalid value of a parameter, bad container id or name"},
    {Errc::no_ve_root, "VE_ROOT is not set"},
    {Errc::no_ve_private, "VE_PRIVATE is not set"},
    {Errc::no_template_dir, "TEMPLATE is not set"},
    {Errc::too_few_parameters, "not all required parameters are given"},
    {Errc::limits_missing, "a limit that another one needs is missing"},
    {Errc::no_template_name, "OSTEMPLATE is not set"},
    {Errc::not_running, "the container is not running"},
    {Errc::running, "the container is running"},
    {Errc::stop_failed, "the container could not be stopped"},
    {Errc::add_ip, "an address could not be added"},
    {Errc::not_mounted, "the container is not mounted"},
    {Errc::mounted, "the container is mounted"},
    {Errc::no_private, "the private area does not exist"},
    {Errc::private_exists, "the private area already exists"},
    {Errc::no_disk_space, "not enough disk space"},
    {Errc::bad_template, "bad or unusable template"},
    {Errc::create_private, "the private area could not be created"},
    {Errc::create_mount_point, "the mount point could not be created"},
    {Errc::mount, "the private area could not be mounted"},
    {Errc::umount, "the private area could not be unmounted"},
    {Errc::delete_private, "the private area could not be deleted"},
    {Errc::unknown_mount_type, "unknown layout"},
    {Errc::create_dir, "a folder could not be created"},
    {Errc::quota_on, "disk quota could not be switched on"},
    {Errc::quota_init, "disk quota could not be set up"},
    {Errc::quota_set, "a disk limit could not be set"},
    {Errc::no_disk_limit, "DISKSPACE is not set"},
    {Errc::no_inode_limit, "DISKINODES is not set"},
    {Errc::quota_off, "disk quota could not be switched off"},
    {Errc::hostname, "the host name could not be set"},
    {Errc::ip, "an address could not be set"},
    {Errc::dns, "a name server could not be set"},
    {Errc::search_domain, "a search domain could not be set"},
    {Errc::password, "a password could not be changed"},
    {Errc::lock_dir, "LOCKDIR is not set"},
    {Errc::ip_in_use, "the address is already in use"},
    {Errc::action_script, "an action script failed"},
    {Errc::config_copy, "the sample configuration could not be copied"},
    {Errc::bad_config, "invalid configuration file"},
    {Errc::devices, "a device could not be set up"},
    {Errc::ip_not_available, "the address is not available"},
    {Errc::template_not_found, "template not found"},
    {Errc::net_device, "a network device could not be moved"},
    {Errc::start_disabled, "starting the container is disabled"},
    {Errc::apply_config, "the sample configuration to apply was not found"},
    {Errc::meminfo, "the view of memory could not be set"},
    {Errc::veth, "a bridged interface could not be set up"},
    {Errc::name, "the name could not be set"},
    {Errc::wait_failed, "the container did not come up in time"},
    {Errc::save_config, "the configuration could not be saved"},
    {Errc::io_limit, "a limit of disk bandwidth or operations could not be set"},
    {Errc::resize, "the container's volume could not be resized"},
    {Errc::convert, "the container's files could not be converted or rebased"},
    {Errc::snapshot_create, "a snapshot could not be created"},
    {Errc::snapshot_delete, "a snapshot could not be deleted"},
    {Errc::snapshot_switch, "the container could not be switched to a snapshot"},
    {Errc::snapshot_mount, "a snapshot could not be mounted"},
    {Errc::snapshot_umount, "a snapshot could not be unmounted"},
    {Errc::snapshot_list, "the snapshots could not be listed"},
    {Errc::internal, "internal error"},
});

} // namespace

std::span<const ErrcInfo> errc_table() {
    return k_table;
}

} // namespace vz
