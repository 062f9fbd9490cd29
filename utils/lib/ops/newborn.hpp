// SPDX-License-Identifier: GPL-2.0-or-later
// A container that is being made, from a template (create) or from another container (clone): what the two
// have in common. Nothing of it is visible until publish(); until then finish() takes it back.
#pragma once

#include "vz/config/container.hpp"
#include "vz/ops/context.hpp"
#include "vz/ops/settings.hpp"
#include "vz/storage/storage.hpp"
#include "vz/sys/interrupts.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::ops {

struct Newborn {
    config::Container container;
    bool conf_exists = false; // NUM.conf was there before, and stays whatever happens
    std::string scratch;      // the private area while it is being made

    // Writes into `conf` where its files will be and how they are kept. Errc: private_exists, create_private,
    // running, bad_config, bad_value.
    static Result<Newborn> make(const config::Host& host, config::Ctid ctid, config::ConfFile conf,
                                bool conf_exists, std::string_view layout);

    // Chooses what must be unique and announces it, so that nobody else takes it meanwhile. `scripts` go with
    // the container should it not come to be. Errc: ip_in_use, name, bad_value.
    Result<void> claim(const Context& context, const std::optional<sys::IdRange>& wanted_ids,
                       const std::vector<std::string>& scripts);

    // Its files, as long as they are being made. The folder above is there.
    Result<storage::Volume> volume_aside() const;

    // NUM.conf is what makes a container exist. One that was there before makes it exist only with the
    // private area.
    Result<void> publish(const Context& context) const;
};

// Settings and addresses over what `conf` has.
Result<void> add_changes(config::ConfFile& conf, Changes changes, const std::vector<std::string>& ip_add);

// The disk limits that the configuration asks for. One that was given just now and cannot be had is a
// failure; one that only a sample asks for is worth a warning, and nothing when nobody asked for the sample.
struct AskedFor {
    const Changes& changes;
    bool sample = false;
};
Result<void> set_first_limits(const Context& context, const Newborn& newborn, const storage::Volume& volume,
                              const AskedFor& asked);

// Carries out `birth` under the lock of a free id: `wanted`, or the lowest from 101 up without configuration,
// files or another command at work on it. When INT, TERM or HUP comes, everything is taken back at once;
// `interrupted` is called before that.
struct Birth {
    std::function<Result<void>(config::Ctid)> steps;
    std::function<void()> interrupted = [] {};
};
Result<config::Ctid> with_new_ctid(const Context& context, const std::optional<config::Ctid>& wanted,
                                   const sys::Interrupts& interrupts, const Birth& birth);

} // namespace vz::ops
