// SPDX-License-Identifier: GPL-2.0-or-later
// Times of the jobs that each Debian has in /etc/crontab (crontab(5)): containers of one template would all
// run them in the same minute. See identity.hpp for what `root` must be.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"

#include <string>
#include <string_view>

namespace vz::guest {

// Gives the run-parts lines of cron.hourly, daily, weekly and monthly times that follow from `seed`: any
// minute, from one to seven o'clock. A line with the word VZCTL_POSTCREATE_SKIP, or whose minute is no
// number, stays as it is.
std::string spread_cron_times(std::string_view crontab, std::string_view seed);

// The same in the container's file. Nothing to do without one.
Result<void> spread_cron_jobs(const sys::Dir& root, std::string_view seed);

} // namespace vz::guest
