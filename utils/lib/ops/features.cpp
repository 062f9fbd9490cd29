// SPDX-License-Identifier: GPL-2.0-or-later
#include "features.hpp"

#include "switches.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/process.hpp"

#include <algorithm>
#include <array>

namespace vz::ops {

namespace {

constexpr limits::DeviceRule character(std::uint32_t major_number, std::uint32_t minor_number) {
    return {'c', major_number, minor_number, true, true};
}

// Numbers of devices: Documentation/admin-guide/devices.txt of the kernel.
const std::array k_features = std::to_array<Feature>({
    {"bridge", "bridge", "", {}, 0, ""},
    {"fuse", "fuse", "fuse", character(10, 229), 0666, ""},
    {"ipgre", "ip_gre", "", {}, 0, ""},
    {"ipip", "ipip", "", {}, 0, ""},
    {"nfs", "", "", {}, 0, "mount it on the host and bind it into the container"},
    {"nfsd", "", "", {}, 0, "use a server in user space (nfs-ganesha), or serve from the host"},
    {"ppp", "ppp_generic", "ppp", character(108, 0), 0600, ""},
    {"sit", "sit", "", {}, 0, ""},
    {"sysfs", "", "", {}, 0, ""}, // always there, read-only
    {"tun", "tun", "net/tun", character(10, 200), 0666, ""},
    {"wireguard", "wireguard", "", {}, 0, ""},
});

// modprobe(8) also says yes to what is built into the kernel, as far as the kernel's package tells.
bool is_available(const Feature& feature) {
    if (feature.module.empty() || sys::exists(format("/sys/module/{}", feature.module)))
        return true;
    const auto loaded = sys::run(sys::Command({"modprobe", "-q", std::string(feature.module)}));
    return (loaded && loaded->status == 0) ||
           (!feature.device.empty() && sys::exists(format("/dev/{}", feature.device)));
}

} // namespace

std::span<const Feature> features() {
    return k_features;
}

Result<std::string> feature_words(std::string_view text) {
    return switch_words(text, [](std::string& name) {
        return std::any_of(k_features.begin(), k_features.end(),
                           [&](const Feature& feature) { return feature.name == name; });
    });
}

std::vector<Feature> features_on(std::string_view value) {
    std::vector<Feature> wanted;
    for (const auto& [name, on] : parse_switches(value)) {
        const auto found =
            std::find_if(k_features.begin(), k_features.end(),
                         [&, &wanted_name = name](const Feature& f) { return f.name == wanted_name; });
        if (on && found != k_features.end())
            wanted.push_back(*found);
    }
    return wanted;
}

void prepare_features(std::span<const Feature> wanted, Reporter& out) {
    for (const auto& feature : wanted) {
        if (!feature.instead.empty())
            out.warning(format("feature {} cannot work in an unprivileged container: {}", feature.name,
                               feature.instead));
        else if (!is_available(feature))
            out.warning(format("feature {}: this kernel has no module {}", feature.name, feature.module));
    }
}

} // namespace vz::ops
