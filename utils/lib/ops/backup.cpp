// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/ops/backup.hpp"

#include "backup_source.hpp"
#include "backup_template.hpp"
#include "frozen.hpp"
#include "guard.hpp"
#include "volume.hpp"
#include "vz/backup/maker.hpp"
#include "vz/base/scope.hpp"
#include "vz/config/registry.hpp"
#include "vz/ops/lxc_setup.hpp"
#include "vz/ops/pending.hpp"
#include "vz/ops/runtime.hpp"
#include "vz/ops/scripts.hpp"
#include "vz/ops/start.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/random.hpp"

#include <ctime>
#include <thread>

namespace vz::ops {

namespace {

using backup::Mode;
using namespace std::chrono_literals;

// A container whose lock we hold, and what its backup needs to know.
struct BackedUp {
    config::Container container;
    storage::Volume volume;
    std::unique_ptr<storage::Storage> layout;
    bool running = false;
};

Result<HeldLock> lock_patiently(const Context& context, config::Ctid ctid,
                                std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
        auto lock = lock_container(context, ctid, "backup");
        if (lock || lock.error().code != Errc::locked || std::chrono::steady_clock::now() >= end)
            return lock;
        std::this_thread::sleep_for(1s);
    }
}

Result<BackedUp> container_of(const Context& context, config::Ctid ctid) {
    VZ_ASSIGN(auto container, config::load_container(context.host, ctid));
    if (const auto path = container.private_area(); !sys::exists(path))
        return fail(Errc::no_private, "Container private area {} does not exist", path);
    VZ_ASSIGN(auto volume, volume_of(container));
    auto layout = storage_for(container.layout());
    const bool running = is_running(context.host.paths, ctid);
    return BackedUp{std::move(container), std::move(volume), std::move(layout), running};
}

// A snapshot of an overlay that is in use is a copy of what it has changed: the backup itself is no more.
bool has_quick_snapshots(const storage::Storage& layout) {
    return layout.traits().snapshots && !layout.traits().shares_template;
}

Mode possible_mode(const Context& context, const BackedUp& subject, Mode wanted) {
    if (wanted != Mode::snapshot || !subject.running || has_quick_snapshots(*subject.layout))
        return wanted;
    context.out.info(format("layout {} has no quick snapshots: it is held still for a moment instead",
                            config::layout_name(subject.container.layout())));
    return Mode::suspend;
}

// Ids tell seconds only.
std::string new_id(const backup::Depot& depot, config::Ctid ctid) {
    auto now = static_cast<std::int64_t>(std::time(nullptr));
    auto id = backup::backup_id(ctid.value(), now);
    while (sys::exists(depot.head_path(id)))
        id = backup::backup_id(ctid.value(), ++now);
    return id;
}

bool is_of(const backup::Head& head, const BackedUp& subject) {
    const auto tree = head.on_template ? head.on_template->tree_id : std::string();
    const bool shares = subject.layout->traits().shares_template;
    return head.uuid == subject.container.uuid() && tree == (shares ? tree_id_of(subject.container) : "");
}

// The newest backup of this container that a new one can go on from.
std::optional<backup::Head> base_for(const Context& context, const backup::Depot& depot,
                                     const BackedUp& subject, const BackupRequest& request) {
    const auto ids = depot.list(subject.container.ctid().value());
    if (request.full || !ids || ids->empty())
        return std::nullopt;
    auto head = depot.head(ids->back());
    if (!head) {
        context.out.warning(head.error().what + "; a full backup is made");
        return std::nullopt;
    }
    const bool old_enough = request.full_every > 0 && head->links + 1 >= request.full_every;
    return !old_enough && is_of(*head, subject) ? std::optional(*std::move(head)) : std::nullopt;
}

Result<backup::Head> head_of(const Context& context, const BackedUp& subject, const BackupRequest& request) {
    const auto& container = subject.container;
    backup::Head head;
    head.ctid = container.ctid().value();
    head.uuid = container.uuid();
    head.name = container.name();
    head.hostname = container.conf().get("HOSTNAME").value_or("");
    head.was_running = subject.running;
    head.layout = config::layout_name(container.layout());
    head.conf = container.conf().text();
    head.tool = request.tool;
    for (const auto action : k_own_actions) {
        VZ_ASSIGN(auto text, sys::read_file(context.host.paths.ct_script(container.ctid(), action)));
        if (text)
            head.scripts.emplace(action, *std::move(text));
    }
    return head;
}

// One backup in the making.
class Run {
public:
    Run(const Context& context, const backup::Depot& depot, const BackupRequest& request, BackedUp& subject)
        : m_context(context), m_depot(depot), m_request(request), m_subject(subject),
          m_mode(possible_mode(context, subject, request.mode)),
          m_id(new_id(depot, subject.container.ctid())) {}

    Result<backup::Head> run() {
        VZ_TRY(call("backup-start"));
        auto head = make();
        (void)call(head ? "backup-end" : "backup-abort");
        return head;
    }

private:
    Result<void> call(std::string_view phase) const {
        const auto& container = m_subject.container;
        return m_request.hook ? m_request.hook({phase, m_mode, container.ctid(),
                                                container.conf().get("HOSTNAME").value_or(""),
                                                m_depot.path(m_id + ".tar.zst")})
                              : Result<void>();
    }

    Result<backup::Head> make() {
        VZ_ASSIGN(auto head, head_of(m_context, m_subject, m_request));
        head.mode = m_mode;
        if (m_subject.layout->traits().shares_template) {
            VZ_ASSIGN(head.on_template, keep_template(m_context, m_depot, m_subject.container));
        }
        if (!m_subject.running)
            return of_files(std::move(head));
        if (m_mode == Mode::stop)
            return stopped(std::move(head));
        return m_mode == Mode::snapshot ? of_snapshot(std::move(head)) : held_still(std::move(head));
    }

    Result<backup::Maker> begin() const {
        backup::MakeRequest make{m_depot,
                                 m_id,
                                 base_for(m_context, m_depot, m_subject, m_request),
                                 m_request.exclude,
                                 m_request.bytes_per_second,
                                 m_context.out};
        auto maker = backup::Maker::begin(make);
        if (maker || !make.base)
            return maker;
        m_context.out.warning(maker.error().what + "; a full backup is made");
        make.base.reset();
        return backup::Maker::begin(make);
    }

    // Which layers and names there are may have changed, too, since the last time.
    Result<void> scan(backup::Maker& maker) const {
        VZ_ASSIGN(const auto source, source_of(m_subject.layout->layers(m_subject.volume)));
        return maker.scan(source);
    }

    // Files that nobody changes meanwhile.
    Result<backup::Head> of_files(backup::Head head) {
        VZ_ASSIGN(auto maker, begin());
        VZ_TRY(scan(maker));
        return maker.commit(std::move(head));
    }

    // Nearly all is read while it works; held still, only what has changed since.
    Result<backup::Head> held_still(backup::Head head) {
        VZ_ASSIGN(auto maker, begin());
        VZ_TRY(scan(maker));
        const auto since = std::chrono::steady_clock::now();
        {
            VZ_ASSIGN(const auto still, hold_still(m_context, m_subject.container));
            VZ_TRY(scan(maker));
        }
        head.frozen_ms = static_cast<std::uint64_t>((std::chrono::steady_clock::now() - since) / 1ms);
        return maker.commit(std::move(head));
    }

    Result<backup::Head> of_snapshot(backup::Head head) {
        const auto& host = m_context.host;
        const auto ctid = m_subject.container.ctid();
        const auto snapshot = sys::random_uuid();
        Pending pending;
        pending.snapshot = snapshot; // goes with the next finish(), whoever calls that
        VZ_TRY(ensure_folders(host));
        VZ_TRY(announce(host, ctid, pending));
        const Cleanup end([&] { (void)finish(host, ctid); });
        const auto since = std::chrono::steady_clock::now();
        {
            VZ_ASSIGN(const auto still, hold_still(m_context, m_subject.container));
            VZ_TRY(m_subject.layout->take_snapshot(m_subject.volume, snapshot));
        }
        head.frozen_ms = static_cast<std::uint64_t>((std::chrono::steady_clock::now() - since) / 1ms);
        VZ_ASSIGN(const auto source, source_of(m_subject.layout->layers(m_subject.volume, snapshot)));
        VZ_ASSIGN(auto maker, begin());
        VZ_TRY(maker.scan(source));
        return maker.commit(std::move(head));
    }

    // Nearly all is read while it works; stopped, only what has changed since.
    Result<backup::Head> stopped(backup::Head head) {
        VZ_ASSIGN(auto maker, begin());
        VZ_TRY(scan(maker));
        VZ_TRY(call("pre-stop"));
        VZ_TRY(while_stopped([&] { return scan(maker); }));
        return maker.commit(std::move(head));
    }

    Result<void> while_stopped(const std::function<Result<void>()>& work) {
        const auto ctid = m_subject.container.ctid();
        const Context held{m_context.host, m_context.engine, m_context.out, true}; // we hold the lock
        VZ_ASSIGN(auto guard, Guard::post([&] {
                      (void)start({m_context.host, m_context.engine, silent_reporter()}, ctid, {});
                  }));
        const auto since = std::chrono::steady_clock::now();
        auto done = stop(held, ctid, {});
        if (done)
            done = work();
        (void)call("pre-restart");
        const auto started = is_running(m_context.host.paths, ctid) ? Result<void>() : start(held, ctid, {});
        guard.dismiss();
        m_context.out.info(format("it was down for {} s", (std::chrono::steady_clock::now() - since) / 1s));
        return started ? done : started;
    }

    const Context& m_context;
    const backup::Depot& m_depot;
    const BackupRequest& m_request;
    BackedUp& m_subject;
    Mode m_mode;
    std::string m_id;
};

Result<std::vector<std::string>> prune(const backup::Depot& depot, config::Ctid ctid,
                                       const backup::Retention& retention) {
    VZ_ASSIGN(const auto ids, depot.list(ctid.value()));
    std::vector<backup::Dated> dated;
    for (const auto& id : ids)
        dated.push_back({id, backup::parse_backup_id(id).value_or(backup::BackupName()).time});
    auto out = backup::to_prune(retention, std::move(dated));
    for (const auto& id : out)
        VZ_TRY(depot.remove(id));
    if (!out.empty())
        VZ_TRY(depot.drop_templates(ctid.value()));
    return out;
}

} // namespace

Result<BackupDone> back_up(const Context& context, const backup::Depot& depot, config::Ctid ctid,
                           const BackupRequest& request) {
    VZ_ASSIGN(const auto lock, lock_patiently(context, ctid, request.patience));
    VZ_ASSIGN(const auto depot_lock, depot.lock(ctid.value(), request.patience));
    VZ_TRY(depot.sweep(ctid.value()));
    VZ_ASSIGN(auto subject, container_of(context, ctid));
    BackupDone done;
    VZ_ASSIGN(done.head, Run(context, depot, request, subject).run());
    VZ_ASSIGN(done.pruned, prune(depot, ctid, request.retention));
    return done;
}

} // namespace vz::ops
