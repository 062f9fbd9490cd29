// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/restore.hpp"

#include "archived.hpp"
#include "crew.hpp"
#include "opened.hpp"
#include "placer.hpp"

#include "vz/base/text.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace vz::backup {

namespace {

// Gives the content of one archive to the crew; what is too large for memory it writes itself.
class Filler : public Receiver {
public:
    Filler(const Plan& plan, std::size_t archive, Progress& progress, Crew<ContentJob>& crew,
           const sys::Dir& target)
        : m_plan(plan), m_archive(archive), m_progress(progress), m_crew(crew), m_placer(target) {}

    bool wants(std::uint32_t entry) const override { return !m_progress.is_done(entry); }
    bool has_all() const override { return m_progress.left(m_archive) == 0; }

    Result<void> take(std::uint32_t entry, Content content) override {
        const auto size = content.data.size();
        return m_crew.give({entry, std::move(content)}, size);
    }

    Result<void> stream(std::uint32_t index, const LargeContent& content) override {
        const auto& entry = m_plan.entries()[index];
        VZ_ASSIGN(const bool good, m_placer.make_file(entry, [&](int fd) -> Result<bool> {
            ContentSum sum(entry);
            std::uint64_t end = 0;
            for (;;) {
                VZ_ASSIGN(const auto block, content.next());
                if (!block)
                    break;
                sum.add(*block);
                VZ_TRY(archive::write_block(fd, *block, end));
            }
            VZ_TRY(archive::end_content(fd, end, entry.size));
            return sum.matches();
        }));
        m_progress.took(index, good);
        return {};
    }

private:
    const Plan& m_plan;
    std::size_t m_archive;
    Progress& m_progress;
    Crew<ContentJob>& m_crew;
    Placer m_placer;
};

Result<void> write_content(int fd, const Content& content, std::uint64_t size) {
    std::uint64_t end = 0;
    VZ_TRY(content.each([&](const auto& block) { return archive::write_block(fd, block, end); }));
    return archive::end_content(fd, end, size);
}

Result<void> do_job(Placer& placer, const Plan& plan, Progress& progress, const ContentJob& job) {
    const auto& entry = plan.entries()[job.entry];
    if (entry.type == Type::symlink)
        return placer.make_symlink(entry);
    if (entry.size > 0) {
        const bool good = is_content_of(job.content, entry);
        if (!good || progress.is_done(job.entry)) {
            progress.took(job.entry, good);
            return {};
        }
    }
    VZ_TRY(placer.make_file(entry, [&](int fd) -> Result<bool> {
        VZ_TRY(write_content(fd, job.content, entry.size));
        return true;
    }));
    progress.took(job.entry, true);
    return {};
}

// More than that is clear from the start. Holes need no room: no more than the archives unpack to is written.
Result<void> check_space(const sys::Dir& target, const Opened& opened) {
    std::uint64_t unpacked = 0;
    for (std::size_t i = 0; i < opened.parts.archives.size(); ++i)
        if (!opened.plan.members(i).empty())
            unpacked += claimed_size(opened.parts.archives[i]).value_or(opened.plan.bytes());
    const auto needed = std::min(unpacked, opened.plan.bytes());
    struct statvfs space {};
    if (::fstatvfs(target.fd(), &space) == 0 && needed / space.f_frsize > space.f_bavail)
        return fail(Errc::no_disk_space, "{} MiB needed, {} MiB free", needed >> 20,
                    (space.f_bavail * space.f_frsize) >> 20);
    return {};
}

class Restorer {
public:
    Restorer(const ReadRequest& request, Opened& opened)
        : m_request(request), m_opened(opened), m_plan(opened.plan),
          m_progress(opened.plan, opened.parts.archives.size()), m_placer(request.target) {}

    Result<Restored> run() {
        VZ_TRY(make_folders());
        VZ_TRY(make_files());
        VZ_TRY(m_progress.check(m_opened.parts));
        VZ_ASSIGN(auto left, make_links_and_fifos());
        VZ_TRY(finish_folders());
        VZ_ASSIGN(const auto root, m_request.target.open_at(".", O_RDONLY | O_DIRECTORY));
        if (::syncfs(root.get()) != 0)
            return archive::write_error(errno, "syncfs");
        return Restored{m_plan.entries().size(), m_plan.bytes(), std::move(left)};
    }

private:
    bool is_shut_out(const Entry& entry) const { return !m_request.only.empty() && entry.path == "."; }

    // A backup that lies on no template is all there is, on whatever it is restored.
    Entry as_seen(Entry entry) const {
        entry.opaque |= entry.path == "." && !m_opened.head.on_template;
        return entry;
    }

    // What is removed goes first: a folder may have taken its place.
    Result<void> make_folders() {
        for (const auto& entry : m_plan.entries()) {
            if (entry.type == Type::removed)
                VZ_TRY(m_placer.remove(entry));
            else if (entry.type == Type::folder && !is_shut_out(entry))
                VZ_TRY(m_placer.make_folder(as_seen(entry)));
        }
        return {};
    }

    Result<void> make_files() {
        Crew<ContentJob> crew(crew_size(), k_contents_in_memory, [this] {
            return [this, placer = std::make_shared<Placer>(m_request.target)](ContentJob& job) {
                return do_job(*placer, m_plan, m_progress, job);
            };
        });
        for (std::uint32_t i = 0; i < m_plan.entries().size(); ++i) {
            const auto& entry = m_plan.entries()[i];
            if (entry.type == Type::symlink || (entry.type == Type::file && entry.size == 0))
                VZ_TRY(crew.give({i, {}}, 0));
        }
        for (std::size_t i = 0; i < m_opened.parts.archives.size(); ++i) {
            const auto& members = m_plan.members(i);
            if (members.empty())
                continue;
            Filler filler(m_plan, i, m_progress, crew, m_request.target);
            VZ_TRY(read_contents(m_opened.parts.archives[i], m_plan, members, filler, m_request.reporter));
        }
        return crew.finish();
    }

    Result<std::vector<Entry>> make_links_and_fifos() {
        std::vector<Entry> left;
        for (const auto& entry : m_plan.entries()) {
            if (entry.type == Type::fifo)
                VZ_TRY(m_placer.make_fifo(entry));
            else if (is_left(entry))
                left.push_back(entry);
        }
        for (const auto& entry : m_plan.entries())
            if (entry.type == Type::hard_link && !is_left(entry))
                VZ_TRY(m_placer.make_hard_link(entry));
        return left;
    }

    bool is_left(const Entry& entry) const {
        const auto& first = entry.type == Type::hard_link ? *m_plan.find(entry.link) : entry;
        return first.type == Type::char_device || first.type == Type::block_device;
    }

    // Times last, because every new file changes them.
    Result<void> finish_folders() {
        for (const auto& entry : m_plan.entries())
            if (entry.type == Type::folder && !is_shut_out(entry))
                VZ_TRY(m_placer.finish_folder(entry));
        return {};
    }

    const ReadRequest& m_request;
    Opened& m_opened;
    const Plan& m_plan;
    Progress m_progress;
    Placer m_placer;
};

} // namespace

unsigned crew_size() {
    return std::clamp(std::thread::hardware_concurrency(), 2U, 8U);
}

Result<Restored> restore(const ReadRequest& request) {
    VZ_ASSIGN(auto opened, open_and_prove(request));
    VZ_TRY(check_space(request.target, opened));
    ::umask(0);
    return Restorer(request, opened).run();
}

} // namespace vz::backup
