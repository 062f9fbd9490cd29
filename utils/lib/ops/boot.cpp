// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/boot.hpp"

#include "vz/base/text.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/firewall.hpp"
#include "vz/ops/mount.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/ops/start.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <climits>
#include <functional>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace vz::ops {

namespace {

using Work = std::function<Result<void>(const Context&, config::Ctid)>;

// Several containers talk at once: each line says whose it is.
class LabelledReporter : public Reporter {
public:
    LabelledReporter(Reporter& out, config::Ctid ctid) : m_out(out), m_label("CT " + ctid.text() + ": ") {}
    void info(std::string_view text) override { m_out.info(m_label + std::string(text)); }
    void warning(std::string_view text) override { m_out.warning(m_label + std::string(text)); }
    void debug(std::string_view text) override { m_out.debug(m_label + std::string(text)); }

private:
    Reporter& m_out;
    std::string m_label;
};

std::string running_list(const config::Host& host) {
    return host.paths.data_dir() + "/running-at-shutdown";
}

std::set<config::Ctid> ran_at_shutdown(const config::Host& host) {
    std::set<config::Ctid> ids;
    const auto content = sys::read_file(running_list(host)).value_or(std::nullopt).value_or("");
    for (const auto& word : text::words(content))
        if (const auto ctid = config::Ctid::parse(word))
            ids.insert(*ctid);
    return ids;
}

unsigned at_once(const config::Host& host) {
    const auto configured = text::to_uint(host.get("VE_PARALLEL"));
    if (configured && *configured > 0 && *configured <= 1024)
        return static_cast<unsigned>(*configured);
    return 4 * std::max(1U, std::thread::hardware_concurrency());
}

// One process a container: liblxc is not made for several starts in one process.
pid_t spawn(const Context& context, config::Ctid ctid, const Work& work) {
    const pid_t pid = ::fork();
    if (pid != 0)
        return pid;
    LabelledReporter out(context.out, ctid);
    auto done = work({context.host, context.engine, out, context.skip_lock}, ctid);
    if (!done)
        out.warning(done.error().what);
    ::_exit(done ? 0 : 1);
}

BootReport run_all(const Context& context, const std::vector<config::Ctid>& ids, const Work& work,
                   std::string_view what) {
    const auto parallel = at_once(context.host);
    BootReport report;
    std::map<pid_t, config::Ctid> running;
    std::size_t next = 0;
    while (next < ids.size() || !running.empty()) {
        while (next < ids.size() && running.size() < parallel) {
            const pid_t pid = spawn(context, ids[next], work);
            if (pid > 0)
                running.emplace(pid, ids[next]);
            else
                report.failed.push_back(ids[next]);
            ++next;
        }
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, 0);
        const auto ended = running.find(pid);
        if (ended == running.end())
            continue;
        const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        (good ? report.done : report.failed).push_back(ended->second);
        running.erase(ended);
        context.out.progress(what, report.done.size() + report.failed.size(), ids.size());
    }
    context.out.progress_done();
    return report;
}

Result<std::vector<BootEntry>> entries(const config::Host& host) {
    const auto before = ran_at_shutdown(host);
    VZ_ASSIGN(const auto ids, config::list_ctids(host.paths));
    std::vector<BootEntry> out;
    for (const auto ctid : ids) {
        const auto container = config::load_container(host, ctid);
        if (!container || is_running(host.paths, ctid))
            continue;
        const auto on_boot = container->get_own("ONBOOT");
        out.push_back(
            {ctid, on_boot == "yes", on_boot == "no", before.count(ctid) > 0, container->boot_order()});
    }
    return out;
}

int order_of(const Context& context, config::Ctid ctid) {
    const auto container = config::load_container(context.host, ctid);
    return container ? container->boot_order() : INT_MIN;
}

// Groups of equal order one after the other, so that a database is up before what needs it, and down after
// it.
BootReport run_in_groups(const Context& context, const std::vector<config::Ctid>& ids, const Work& work,
                         std::string_view what) {
    BootReport report;
    for (std::size_t first = 0; first < ids.size();) {
        auto last = first;
        while (last < ids.size() && order_of(context, ids[last]) == order_of(context, ids[first]))
            ++last;
        const std::vector<config::Ctid> group(ids.begin() + static_cast<long>(first),
                                              ids.begin() + static_cast<long>(last));
        const auto part = run_all(context, group, work, what);
        report.done.insert(report.done.end(), part.done.begin(), part.done.end());
        report.failed.insert(report.failed.end(), part.failed.begin(), part.failed.end());
        first = last;
    }
    return report;
}

// The last to start is the first to stop.
void order_for_stop(const Context& context, std::vector<config::Ctid>& ids) {
    std::vector<std::pair<int, config::Ctid>> keyed;
    for (const auto ctid : ids)
        keyed.emplace_back(order_of(context, ctid), ctid);
    std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first : a.second > b.second;
    });
    ids.clear();
    for (const auto& entry : keyed)
        ids.push_back(entry.second);
}

Result<void> stop_and_unmount(const Context& context, config::Ctid ctid) {
    if (is_running(context.host.paths, ctid))
        return stop(context, ctid, {});
    const auto container = config::load_container(context.host, ctid);
    return container && is_mounted(*container) ? umount_command(context, ctid) : Result<void>();
}

} // namespace

std::vector<config::Ctid> boot_sequence(std::vector<BootEntry> all) {
    all.erase(std::remove_if(all.begin(), all.end(),
                             [](const BootEntry& e) { return e.never || (!e.on_boot && !e.was_running); }),
              all.end());
    std::stable_sort(all.begin(), all.end(), [](const BootEntry& a, const BootEntry& b) {
        return a.order != b.order ? a.order > b.order : a.ctid < b.ctid;
    });
    std::vector<config::Ctid> ids;
    for (const auto& entry : all)
        ids.push_back(entry.ctid);
    return ids;
}

Result<BootReport> boot_start(const Context& context) {
    VZ_TRY(ensure_folders(context.host));
    finish_pending(context);
    VZ_ASSIGN(auto all, entries(context.host));
    const Work work = [](const Context& labelled, config::Ctid ctid) { return start(labelled, ctid, {}); };
    auto report = run_in_groups(context, boot_sequence(std::move(all)), work, "starting containers");
    ::unlink(running_list(context.host).c_str());
    return report;
}

Result<BootReport> boot_stop(const Context& context) {
    VZ_ASSIGN(auto ids, config::list_ctids(context.host.paths));
    // Together with what an earlier stop noted: stopped twice, or killed and stopped again, is stopped once.
    const auto before = ran_at_shutdown(context.host);
    std::string running;
    for (const auto ctid : ids)
        if (before.count(ctid) > 0 || is_running(context.host.paths, ctid))
            running += ctid.text() + "\n";
    VZ_TRY(sys::write_file_atomic(running_list(context.host), running));
    if (context.host.get("VE_STOP_MODE", "stop") == "suspend")
        context.out.warning("VE_STOP_MODE=suspend is not possible yet: containers are stopped");
    order_for_stop(context, ids);
    return run_in_groups(context, ids, stop_and_unmount, "stopping containers");
}

Result<BootReport> boot_reload(const Context& context) {
    VZ_ASSIGN(auto ids, config::list_ctids(context.host.paths));
    std::erase_if(ids, [&](config::Ctid ctid) { return !is_running(context.host.paths, ctid); });
    const Work work = [](const Context& labelled, config::Ctid ctid) -> Result<void> {
        VZ_TRY(restore_network(labelled, ctid)); // one that has stopped meanwhile needs nothing
        return {};
    };
    return run_all(context, ids, work, "restoring networks");
}

} // namespace vz::ops
