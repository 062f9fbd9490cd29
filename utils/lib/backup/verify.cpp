// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/restore.hpp"

#include "archived.hpp"
#include "crew.hpp"
#include "opened.hpp"

namespace vz::backup {

namespace {

constexpr std::size_t k_most_told = 20; // of one part

// Compares and keeps nothing.
class Checker : public Receiver {
public:
    Checker(const Plan& plan, Progress& progress, Crew<ContentJob>& crew)
        : m_plan(plan), m_progress(progress), m_crew(crew) {}

    bool wants(std::uint32_t) const override { return true; }

    Result<void> take(std::uint32_t entry, Content content) override {
        const auto size = content.data.size();
        return m_crew.give({entry, std::move(content)}, size);
    }

    Result<void> stream(std::uint32_t entry, const LargeContent& content) override {
        ContentSum sum(m_plan.entries()[entry]);
        for (;;) {
            VZ_ASSIGN(const auto block, content.next());
            if (!block)
                break;
            sum.add(*block);
        }
        m_progress.took(entry, sum.matches());
        return {};
    }

private:
    const Plan& m_plan;
    Progress& m_progress;
    Crew<ContentJob>& m_crew;
};

class Verifier {
public:
    Verifier(const ReadRequest& request, const Opened& opened)
        : m_request(request), m_opened(opened), m_progress(opened.plan, opened.parts.archives.size()) {}

    std::size_t run() {
        std::size_t damaged = 0;
        for (std::size_t i = 0; i < m_opened.parts.archives.size(); ++i)
            damaged += is_whole(i) ? 0 : 1;
        return damaged;
    }

private:
    Result<void> read(std::size_t archive) {
        Crew<ContentJob> crew(crew_size(), k_contents_in_memory, [this] {
            return [this](ContentJob& job) -> Result<void> {
                m_progress.took(job.entry, is_content_of(job.content, m_opened.plan.entries()[job.entry]));
                return {};
            };
        });
        Checker checker(m_opened.plan, m_progress, crew);
        VZ_TRY(read_contents(m_opened.parts.archives[archive], m_opened.plan, m_opened.plan.members(archive),
                             checker, m_request.reporter));
        return crew.finish();
    }

    // Whichever of the three ways finds it: digest, compression, the files in it.
    bool is_whole(std::size_t archive) {
        const auto& part = m_opened.parts.archives[archive];
        bool whole = true;
        const auto tell = [&](const std::string& text) {
            m_request.reporter.warning(text);
            whole = false;
        };
        if (const auto proven = prove(part, m_request.reporter); !proven)
            tell(proven.error().what);
        if (const auto done = read(archive); !done)
            tell(done.error().what);
        const auto faults = m_progress.faults(archive);
        for (std::size_t i = 0; i < faults.size() && i < k_most_told; ++i)
            tell(format("{}: {}", part.part.name, faults[i]));
        if (faults.size() > k_most_told)
            tell(format("{}: and {} more files", part.part.name, faults.size() - k_most_told));
        return whole;
    }

    const ReadRequest& m_request;
    const Opened& m_opened;
    Progress m_progress;
};

} // namespace

Result<Restored> verify(const ReadRequest& request) {
    VZ_ASSIGN(auto opened, open_confined(request));
    VZ_ASSIGN(opened.plan, read_plan(opened.parts.manifest.fd.get(), opened.head));
    if (const auto damaged = Verifier(request, opened).run(); damaged > 0)
        return fail(Errc::failed, "{}: {} of its archives {} damaged", request.id, damaged,
                    damaged == 1 ? "is" : "are");
    return Restored{opened.plan.entries().size(), opened.plan.bytes(), {}};
}

} // namespace vz::backup
