// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/consolidate.hpp"

#include "draft.hpp"

#include "vz/sys/file.hpp"

#include <algorithm>

namespace vz::backup {

namespace {

// Other names than those of the parts that were: these stay as they are until nothing needs them.
constexpr std::string_view k_archive = ".full.tar.zst";
constexpr std::string_view k_manifest = ".full.files.zst";

} // namespace

bool is_full(const Head& head) {
    return head.base.empty() && std::all_of(head.archives.begin(), head.archives.end(),
                                            [&](const Part& part) { return is_own(head, part); });
}

struct FullDraft::State {
    Depot depot;
    Head head;
    Draft archive;
    Draft manifest;
};

FullDraft::FullDraft(std::unique_ptr<State> state) : m_state(std::move(state)) {}
FullDraft::FullDraft(FullDraft&&) noexcept = default;

FullDraft::~FullDraft() {
    if (!m_state)
        return;
    m_state->archive.drop();
    m_state->manifest.drop();
}

Result<FullDraft> FullDraft::make(const Depot& depot, Head head) {
    VZ_ASSIGN(auto archive, Draft::make(depot, head.id + std::string(k_archive)));
    auto manifest = Draft::make(depot, head.id + std::string(k_manifest));
    if (!manifest) {
        archive.drop();
        return std::move(manifest).error();
    }
    return FullDraft(
        std::make_unique<State>(State{depot, std::move(head), std::move(archive), *std::move(manifest)}));
}

const sys::Fd& FullDraft::archive() const {
    return m_state->archive.file();
}

const sys::Fd& FullDraft::manifest() const {
    return m_state->manifest.file();
}

Result<Head> FullDraft::commit(const FullParts& parts) {
    auto head = m_state->head;
    VZ_ASSIGN(auto archive, m_state->archive.publish(parts.archive));
    VZ_ASSIGN(head.manifest, m_state->manifest.publish(parts.manifest));
    head.archives = {std::move(archive)};
    head.base.clear();
    head.links = 0;
    const auto& depot = m_state->depot;
    if (auto done = sys::write_file_atomic(depot.head_path(head.id), head_text(head), 0600); !done)
        return as_space(std::move(done).error());
    VZ_TRY(depot.sweep(head.ctid));
    return head;
}

} // namespace vz::backup
