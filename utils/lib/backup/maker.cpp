// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/maker.hpp"

#include "content.hpp"
#include "draft.hpp"
#include "frames.hpp"
#include "known.hpp"
#include "manifest_writer.hpp"
#include "met_entry.hpp"
#include "tar.hpp"
#include "walk.hpp"

#include "vz/backup/manifest.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>

namespace vz::backup {

namespace {

// The clock of files' times goes in ticks, of a hundredth of a second at most.
constexpr std::int64_t k_tick_ns = 50'000'000;

// A moment surely before any change that comes from now on.
Time settled_before() {
    struct timespec now {};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const auto ns = now.tv_nsec - k_tick_ns;
    return ns >= 0 ? Time{now.tv_sec, static_cast<std::uint32_t>(ns)}
                   : Time{now.tv_sec - 1, static_cast<std::uint32_t>(ns + 1'000'000'000)};
}

bool is_before(const Time& a, const Time& b) {
    return a.seconds < b.seconds || (a.seconds == b.seconds && a.nanoseconds < b.nanoseconds);
}

struct PairHash {
    std::size_t operator()(const std::pair<dev_t, ino_t>& key) const {
        return std::hash<std::uint64_t>()(key.first * 0x9E3779B97F4A7C15ULL ^ key.second);
    }
};

// The content that the base has must still be there.
Result<void> check_parts(const Depot& depot, const Head& base) {
    for (const auto& part : base.archives) {
        struct stat st {};
        if (::stat(depot.path(part.name).c_str(), &st) != 0)
            return sys_fail(errno, Errc::failed, "{}", depot.path(part.name));
        if (static_cast<std::uint64_t>(st.st_size) != part.size)
            return fail(Errc::failed, "{}: is not of the size it was", depot.path(part.name));
    }
    return {};
}

} // namespace

struct Maker::State {
    State(const MakeRequest& made, Draft draft)
        : request(made), archive(std::move(draft)), frames(archive.fd()),
          members(frames, made.bytes_per_second) {
        if (request.base)
            archives = request.base->archives;
    }

    Result<void> scan(const Source& source);
    Result<Descend> visit(const Met& met);
    Result<void> take(Entry entry, const Met& met);
    Result<void> take_file(Entry& entry, const Met& met);
    Result<void> take_other(Entry& entry, const Met& met);
    bool is_excluded(const std::string& path) const;
    Result<Part> write_manifest();
    void leave_archives_that_hold_nothing();

    MakeRequest request;
    Draft archive;
    FrameWriter frames;
    MemberWriter members;
    std::vector<Part> archives; // of the base; ours is the one behind them
    Known known;
    std::vector<Entry> entries; // of this scan
    Time settled;               // what changed later than this may change once more unnoticed
    std::unordered_map<std::pair<dev_t, ino_t>, std::string, PairHash> first_names;
};

Maker::Maker(std::unique_ptr<State> state) : m_state(std::move(state)) {}
Maker::Maker(Maker&&) noexcept = default;

Maker::~Maker() {
    if (m_state)
        m_state->archive.drop();
}

Result<Maker> Maker::begin(const MakeRequest& request) {
    VZ_ASSIGN(auto draft, Draft::make(request.depot, request.id + ".tar.zst"));
    Maker maker(std::make_unique<State>(request, std::move(draft)));
    if (request.base) {
        VZ_TRY(check_parts(request.depot, *request.base));
        VZ_TRY(read_manifest(request.depot, *request.base, [&](Entry entry) -> Result<void> {
            maker.m_state->known.add(std::move(entry));
            return {};
        }));
    }
    return maker;
}

Result<void> Maker::scan(const Source& source) {
    auto done = m_state->scan(source);
    return done ? Result<void>() : Result<void>(as_space(std::move(done).error()));
}

bool Maker::State::is_excluded(const std::string& path) const {
    return std::any_of(request.exclude.begin(), request.exclude.end(),
                       [&](const auto& pattern) { return text::matches_glob(pattern, "/" + path); });
}

Result<void> Maker::State::scan(const Source& source) {
    for (auto& entry : entries)
        known.add(std::move(entry));
    entries.clear();
    first_names.clear();
    settled = settled_before();
    // Pages that a program writes through a mapping change a file's times but once before they are on disk.
    for (const auto& layer : source.layers) {
        VZ_ASSIGN(const auto root, layer.root.open_at(".", O_RDONLY | O_DIRECTORY));
        if (::syncfs(root.get()) != 0)
            return sys_fail(errno, Errc::failed, "write out the container's files");
    }
    const auto done = walk({source, [&](const Met& met) { return visit(met); },
                            [&](const std::string& path, const std::string& why) {
                                request.out.warning(format("/{}: left out: {}", text::printable(path), why));
                            }});
    request.out.progress_done();
    return done;
}

Result<Descend> Maker::State::visit(const Met& met) {
    if (met.path != "." && is_excluded(met.path))
        return Descend::no;
    const auto type = type_of(met);
    if (!type)
        return Descend::no;
    Entry entry;
    entry.path = met.path;
    entry.type = *type;
    entry.opaque = met.opaque;
    if (entry.type != Type::removed)
        take_stat(entry, met.st, met);
    VZ_TRY(take(std::move(entry), met).context("/" + text::printable(met.path)));
    return Descend::yes;
}

Result<void> Maker::State::take(Entry entry, const Met& met) {
    if (entry.type == Type::file && met.st.st_nlink > 1) {
        const auto [first, added] = first_names.try_emplace({met.st.st_dev, met.st.st_ino}, entry.path);
        if (!added) {
            entry.type = Type::hard_link;
            entry.link = first->second;
            entry.size = 0;
        }
    }
    entry.unsettled = entry.type != Type::removed && !is_before(entry.ctime, settled);
    VZ_TRY(entry.type == Type::file ? take_file(entry, met) : take_other(entry, met));
    if (!entry.path.empty()) // else it is gone meanwhile
        entries.push_back(std::move(entry));
    request.out.progress("back up", members.bytes_read(), 0);
    return {};
}

Result<void> Maker::State::take_file(Entry& entry, const Met& met) {
    if (const auto* then = known.find(entry)) {
        entry.attributes = then->attributes;
        entry.sha256 = then->sha256;
        entry.holes = then->holes;
        entry.archive = then->archive;
        entry.member = then->member_name() == entry.path ? "" : then->member_name();
        return {};
    }
    const auto fd = open_met(met, 0);
    struct stat st {};
    if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) {
        if (!fd && errno != ENOENT && errno != ELOOP && errno != ENXIO)
            return sys_fail(errno, Errc::failed, "open");
        first_names.erase({met.st.st_dev, met.st.st_ino});
        entry.path.clear();
        return {};
    }
    take_stat(entry, st, met);
    entry.unsettled = !is_before(entry.ctime, settled);
    VZ_ASSIGN(entry.attributes, attributes_of(fd, met));
    entry.archive = static_cast<std::uint32_t>(archives.size());
    return members.write_file(entry, fd.get(), static_cast<std::uint64_t>(st.st_blocks));
}

Result<void> Maker::State::take_other(Entry& entry, const Met& met) {
    if (entry.type == Type::removed || entry.type == Type::hard_link)
        return known.has_name(entry) ? Result<void>() : members.write(entry);
    if (const auto* then = known.find(entry);
        then && then->path == entry.path && then->opaque == entry.opaque) {
        entry.attributes = then->attributes;
        entry.link = then->link;
        return {};
    }
    if (entry.type == Type::symlink) {
        auto target = read_link(met);
        if (!target && target.error().sys_errno == ENOENT) {
            entry.path.clear();
            return {};
        }
        VZ_ASSIGN(entry.link, std::move(target));
    }
    if (entry.type == Type::folder)
        if (const auto fd = open_met(met, O_DIRECTORY)) {
            VZ_ASSIGN(entry.attributes, attributes_of(fd, met));
        }
    return members.write(entry);
}

// An archive all of whose files have changed since is needed no more. That of a full backup has the rest,
// too.
void Maker::State::leave_archives_that_hold_nothing() {
    std::vector<bool> used(archives.size(), false);
    for (const auto& entry : entries)
        if (entry.type == Type::file)
            used[entry.archive] = true;
    if (!request.base && !used.empty())
        used.back() = true;
    std::vector<std::uint32_t> number(archives.size(), 0);
    std::vector<Part> kept;
    for (std::size_t i = 0; i < archives.size(); ++i) {
        number[i] = static_cast<std::uint32_t>(kept.size());
        if (used[i])
            kept.push_back(archives[i]);
    }
    for (auto& entry : entries)
        if (entry.type == Type::file)
            entry.archive = number[entry.archive];
    archives = std::move(kept);
}

Result<Part> Maker::State::write_manifest() {
    VZ_ASSIGN(auto draft, Draft::make(request.depot, request.id + ".files.zst"));
    ManifestWriter out(draft.fd());
    for (const auto& entry : entries)
        VZ_TRY(out.add(entry));
    VZ_ASSIGN(auto part, out.finish());
    return draft.publish(std::move(part));
}

Result<Head> Maker::commit(Head head) {
    auto& state = *m_state;
    const auto write = [&]() -> Result<void> {
        if (state.frames.written() > 0) {
            VZ_TRY(state.frames.write(tar_end()));
            VZ_ASSIGN(auto part, state.frames.finish());
            VZ_ASSIGN(part, state.archive.publish(std::move(part)));
            state.archives.push_back(std::move(part));
        }
        state.leave_archives_that_hold_nothing();
        VZ_ASSIGN(head.manifest, state.write_manifest());
        return {};
    };
    if (auto done = write(); !done)
        return as_space(std::move(done).error());
    head.id = state.request.id;
    head.time = parse_backup_id(head.id).value_or(BackupName()).time;
    head.base = state.request.base ? state.request.base->id : "";
    head.links = state.request.base ? state.request.base->links + 1 : 0;
    head.archives = state.archives;
    head.entries = state.entries.size();
    head.bytes = 0;
    for (const auto& entry : state.entries)
        head.bytes += entry.size;
    head.bytes_read = state.members.bytes_read();
    VZ_TRY(sys::write_file_atomic(state.request.depot.head_path(head.id), head_text(head), 0600));
    return head;
}

} // namespace vz::backup
